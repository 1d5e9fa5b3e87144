// cgo: calls between Go and C.

// cgo:enter - Go calls C.
//   when     on the calling goroutine, before the runtime prepares for it
//   args     fn: the C function by name; caller: the Go function that calls it
//   cost     emulated
probe cgo:enter = go:runtime.cgocall { fn = funcname(arg0), caller = caller(1) }

// cgo:exit - C has returned to Go.
//   when     on the calling goroutine, back from C, before it waits for a P if another has taken its own
//   args     fn: the C function by name; caller: the Go function that called it; ns: how long it took, callbacks
//            included
//   cost     two emulated traps: one where the call begins
probe cgo:exit = go:runtime.cgocall:call:runtime.exitsyscall
{
    fn = entry(funcname(arg0)),
    caller = caller(1),
    ns = nsecs - entry(nsecs),
}

// cgo:callback-enter - C calls back into Go.
//   when     on the goroutine that called C, or on a new one on a thread that C made
//   cost     emulated
probe cgo:callback-enter = go:runtime.cgocallbackg {}

// cgo:callback-exit - Go returns to the C code that called it.
//   when     on the same goroutine; not where a panic unwinds the callback
//   args     ns: how long the callback took
//   cost     single-stepped, and an emulated trap where it begins
probe cgo:callback-exit = go:runtime.cgocallbackg:return { ns = nsecs - entry(nsecs) }
