// for: values
go:main.showUnsafe { print((*main.Pointt)(args.v)); }
