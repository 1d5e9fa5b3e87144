go:main.plain { @last = args.i; @last == 2; }
