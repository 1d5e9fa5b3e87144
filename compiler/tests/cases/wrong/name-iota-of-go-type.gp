go:main.plain { $x = int(args.i); print($x); }
