go:main.plain:ret { @ = count(); }
