go:main.mixed /args.p != nil/ { @ = count(); }
