go:main.mixed { @ = sum(args.text); }
