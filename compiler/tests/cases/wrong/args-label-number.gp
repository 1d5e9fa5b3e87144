go:main.plain { print(label(1)); }
