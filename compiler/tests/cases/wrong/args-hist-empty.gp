go:main.plain { @ = hist(); }
