// for: values
go:main.showInt8 /args.v < 1000/ { @ = count(); }
