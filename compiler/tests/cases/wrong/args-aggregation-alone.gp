go:main.plain { count(); }
