go:main.plain { @[goid] = count(); }
go:main.mixed { @ = max(args.n); }
