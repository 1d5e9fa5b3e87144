go:main.plain { print(args); }
