go:main.plain { @[ustack(500)] = count(); }
