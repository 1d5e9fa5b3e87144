go:main.mixed /args.text == 3/ { @ = count(); }
