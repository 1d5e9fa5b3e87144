go:main.* { print(args.n); }
