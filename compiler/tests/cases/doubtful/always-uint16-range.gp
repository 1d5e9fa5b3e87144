// for: values
go:main.showUint16 /args.v == 70000/ { @ = count(); }
