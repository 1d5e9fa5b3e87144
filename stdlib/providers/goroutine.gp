// goroutine: the life of goroutines.
//
// Goroutines of the runtime itself (the collector's workers, the scavenger, finalizers) count like all others.
// Since Go 1.23, what `iter.Pull` makes are goroutines that switch to each other directly: their start, run, park
// and ready are not seen, their create and exit are.

// goroutine:create - a goroutine was made, by `go` or by the runtime.
//   when     behind the making, before it can run; on the goroutine that made it
//   args     goid: the new one's id; func: the function that it will run; by: the function with the `go` statement
//   cost     single-stepped, once a goroutine
probe goroutine:create = go:runtime.newproc1:return
{
    goid = (*runtime.g)(reg("ax")).goid,
    func = funcname((*runtime.g)(reg("ax")).startpc),
    by = funcname((*runtime.g)(reg("ax")).gopc),
}

// goroutine:start - a goroutine runs for the first time.
//   when     on the scheduler's stack of the M that will run it; the builtin `goid` is not its id yet
//   args     goid: its id; func: the function that it runs
//   cost     emulated, on each run of any goroutine
probe goroutine:start = go:runtime.execute
/(*runtime.g)(arg0).sched.pc == (*runtime.g)(arg0).startpc/
{
    goid = (*runtime.g)(arg0).goid,
    func = funcname((*runtime.g)(arg0).startpc),
}

// goroutine:run - the scheduler puts a goroutine on an M and a P.
//   when     on the scheduler's stack of that M; the builtin `goid` is not its id yet
//   args     goid: its id; func: the function that it was started with
//   cost     emulated
probe goroutine:run = go:runtime.execute
{
    goid = (*runtime.g)(arg0).goid,
    func = funcname((*runtime.g)(arg0).startpc),
}

// goroutine:park - a goroutine is about to wait.
//   when     on that goroutine, before it leaves its M; a few go on at once, where what they would wait for is there
//   args     reason: why, as in a goroutine dump
//   cost     emulated
probe goroutine:park = go:runtime.gopark { reason = args.reason }

// goroutine:ready - a goroutine that waited can run again.
//   when     on the thread that makes it so: a goroutine's, the scheduler's, the poller's
//   args     goid: its id; reason: what it waited for; func: the function that it was started with
//   cost     emulated, on each change of any goroutine's status
probe goroutine:ready = go:runtime.casgstatus
/args.oldval == Gwaiting && args.newval == Grunnable/
{
    goid = args.gp.goid,
    reason = args.gp.waitreason,
    func = funcname((*runtime.g)(arg0).startpc),
}

// goroutine:yield - a goroutine lets others run of its own will: `runtime.Gosched`.
//   when     on the scheduler's stack of its M
//   args     goid: its id
//   cost     emulated
probe goroutine:yield = go:runtime.goschedImpl
/go_minor >= 22 && (uint8)arg1 == 0/
{
    goid = (*runtime.g)(arg0).goid,
}
else go:runtime.gosched_m
{
    goid = (*runtime.g)(arg0).goid,
}

// goroutine:preempt - a goroutine is made to let others run: it has run for 10 ms, or the collector wants it to.
//   when     on the scheduler's stack of its M
//   args     goid: its id
//   cost     emulated
probe goroutine:preempt = go:runtime.goschedImpl
/go_minor >= 22 && (uint8)arg1 != 0/
{
    goid = (*runtime.g)(arg0).goid,
}
else go:runtime.gopreempt_m
{
    goid = (*runtime.g)(arg0).goid,
}

// The collector stops it to scan its stack.
probe goroutine:preempt = go:runtime.preemptPark { goid = (*runtime.g)(arg0).goid }

// goroutine:exit - a goroutine has ended.
//   when     on the scheduler's stack of its M, while its id is still known
//   args     goid: its id; func: the function that it ran
//   cost     emulated
probe goroutine:exit = go:runtime.gdestroy
/go_minor >= 22/
{
    goid = (*runtime.g)(arg0).goid,
    func = funcname((*runtime.g)(arg0).startpc),
}
else go:runtime.goexit0
{
    goid = (*runtime.g)(arg0).goid,
    func = funcname((*runtime.g)(arg0).startpc),
}

// goroutine:status - a goroutine's status changes.
//   when     on whatever thread changes it, before it does; since Go 1.26 not for system calls and calls of C that
//            lose no P, which change it in another way
//   args     goid: its id; from, to: Gwaiting, Grunnable, ...; func: the function that it was started with
//   cost     emulated
probe goroutine:status = go:runtime.casgstatus
{
    goid = args.gp.goid,
    from = (uint32)arg1,
    to = (uint32)arg2,
    func = funcname((*runtime.g)(arg0).startpc),
}
