go:main.plain { @ = tseries(args.i, 1s, 10, "mean"); }
