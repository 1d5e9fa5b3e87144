go:main.plain { @[goid] = count(); }
go:main.mixed { @[goid, args.n] = count(); }
