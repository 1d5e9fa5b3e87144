go:main.plain { @last = args.i; }
go:main.mixed { @last = args.text; }
