go:main.plain { @[ustack("perl")] = count(); }
