go:main.plain { @ = count() + 1; }
