// for: a stripped program
go:main.fib { @[curg.ancestors] = count(); }
