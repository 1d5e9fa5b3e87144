go:main.scaled { @ = sum(args.x); }
