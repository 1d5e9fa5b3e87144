// for: values
go:main.showInts { print(args.v["a"]); }
