probe cgo:enter = go:runtime.cgocall { fn = arg0
 x = 1 }
