go:main.plain { @[goid] = count(); }
go:main.mixed { @[args.text] = count(); }
