go:main.mixed { print(args.p.String()); }
