go:main.mixed { @ = hist(args.text); }
