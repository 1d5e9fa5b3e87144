go:main.plain { args.i = 5; }
