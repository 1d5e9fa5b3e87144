go:main.mixed { print(args.p.name); }
