go:main.plain { @ = conut(); }
