go:main.plain { print(args.i.x); }
