go:main.plain { gostack; @ = count(); }
