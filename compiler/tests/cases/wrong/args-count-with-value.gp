go:main.plain { @ = count(args.i); }
