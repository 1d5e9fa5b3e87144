go:main.mixed { print("name: " + args.text); }
