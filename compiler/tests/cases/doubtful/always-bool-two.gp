go:main.mixed /args.ok == 2/ { @ = count(); }
