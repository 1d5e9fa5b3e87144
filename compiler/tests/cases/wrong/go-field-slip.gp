go:main.mixed { print(args.p.Z); }
