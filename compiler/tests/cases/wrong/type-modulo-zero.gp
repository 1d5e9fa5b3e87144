go:main.plain { @ = sum(args.i % 0); }
