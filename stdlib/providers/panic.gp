// panic: panics and their ends.

// panic:panic - `panic` was called, or the runtime panics: a nil pointer, an index out of range.
//   when     on that goroutine, before deferred functions run
//   cost     emulated
probe panic:panic = go:runtime.gopanic {}

// panic:recover - a panic was recovered.
//   when     on the scheduler's stack of its M, when the function that recovered is about to return
//   cost     emulated
probe panic:recover = go:runtime.recovery {}

// panic:fatal - the program dies of a panic that nothing recovered.
//   when     on that goroutine
//   cost     emulated
probe panic:fatal = go:runtime.fatalpanic {}

// panic:throw - the runtime has found that it can't go on: a deadlock, concurrent use of a map, out of memory.
//   when     on the thread that found it
//   args     text: what it will say
//   cost     emulated
probe panic:throw = go:runtime.throw { text = str(arg0, arg1 + 1) }
probe panic:throw = go:runtime.fatal { text = str(arg0, arg1 + 1) }
