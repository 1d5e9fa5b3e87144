go:main.plain:return { print(arg0); }
