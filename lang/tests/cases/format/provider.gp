probe cgo:enter=go:runtime.cgocall /arg0!=0/ {fn=arg0;x=(int32)arg1}
probe cgo:exit = go:runtime.cgocall:return {
 fn=arg0 // the function
 x = 1
}
probe cgo:none = go:runtime.cgocall { }
probe a:b=go:main.f /go_minor>=22/{x=1} else go:main.g,go:main.h {x=2}else   go:main.i { }
