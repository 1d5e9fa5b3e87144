// for: values
go:main.showConfig { @[args.v] = count(); }
