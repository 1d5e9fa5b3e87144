go:main.mixed { print(cap(args.text)); }
