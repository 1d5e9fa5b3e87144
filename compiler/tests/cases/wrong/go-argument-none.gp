go:main.nothing { print(args.i); }
