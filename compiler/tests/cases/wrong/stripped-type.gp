// for: a stripped program
go:main.fib { @[(*main.Account)(arg0).Balance] = count(); }
