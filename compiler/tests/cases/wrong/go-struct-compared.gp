// for: values
go:main.showPoint /args.v == 1/ { @ = count(); }
