probe cgo:enter = go:runtime.cgocall /arg0 != 0/ { fn = arg0, x = (int32)arg1 }
probe cgo:exit = go:runtime.cgocall:return { }

probe goroutine:exit = go:runtime.gdestroy /go_minor >= 22/ { goid = arg0 } else go:runtime.goexit0, go:main.other { goid = arg1 }
    // the last
    else go:main.f { }
go:main.g { if (1) { print(1); } else { print(2); } }
