go:main.plain { print(args.i[0]); }
