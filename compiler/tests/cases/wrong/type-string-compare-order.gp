go:main.mixed /args.text < "b"/ { @ = count(); }
