go:main.plain { @ = lhist(args.i, 0, 100, 7); }
