go:main.mixed { print(args.txt); }
