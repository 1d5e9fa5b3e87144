// for: a stripped program
go:main.fib { @[args.n] = count(); }
