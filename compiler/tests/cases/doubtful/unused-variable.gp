go:main.plain { $i = args.i; @ = count(); }
