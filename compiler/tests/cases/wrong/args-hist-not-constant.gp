go:main.plain { @ = hist(args.i, args.i); }
