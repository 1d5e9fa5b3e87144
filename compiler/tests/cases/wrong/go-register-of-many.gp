go:main.plain { print(arg12); }
