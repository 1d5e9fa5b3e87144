// for: values
go:main.showArray { print(args.v[4]); }
