// for: a newer release
go:main.fib { @[goid, gstatus] = count(); }
