go:main.plain { @[goidd] = count(); }
