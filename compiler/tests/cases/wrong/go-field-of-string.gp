go:main.mixed { print(args.text.len); }
