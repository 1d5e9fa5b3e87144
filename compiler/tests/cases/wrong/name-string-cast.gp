go:main.mixed { print(string(args.n)); }
