go:main.plain { @ = lhist(args.i, 100, 0, 10); }
