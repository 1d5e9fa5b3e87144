go:main.mixed /args.text/ { @ = count(); }
