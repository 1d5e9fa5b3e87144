go:main.plain { @ = count(); }
iter:goroutine { @ = count(); }
