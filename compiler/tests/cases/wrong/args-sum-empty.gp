go:main.plain { @ = sum(); }
