// for: nothing
go:main.plain { @ = count(); }
