go:main.plain() { @ = count(); }
