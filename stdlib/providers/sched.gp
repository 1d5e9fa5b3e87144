// sched: threads (M) and processors (P) of the scheduler.

// sched:m-start - a thread of the runtime begins.
//   when     on that thread, once; not for the program's first thread
//   cost     emulated
probe sched:m-start = go:runtime.mstart1 {}

// sched:m-stop - a thread has nothing to do and goes to sleep.
//   when     on that thread's scheduler stack
//   cost     emulated
probe sched:m-stop = go:runtime.stopm {}

// sched:m-wake - the scheduler wants a thread to run a P: it wakes one that sleeps, or makes one.
//   when     on the thread that wants it
//   args     spinning: whether it shall look for work, and not run what is at hand
//   cost     emulated
probe sched:m-wake = go:runtime.startm { spinning = (uint8)arg1 != 0 }

// sched:m-spin - a thread without work looks for some at the other Ps.
//   when     on that thread's scheduler stack
//   cost     emulated
probe sched:m-spin = go:runtime.findRunnable:call:runtime.stealWork {}

// sched:p-acquire - a thread gets a P.
//   when     on that thread's scheduler stack; a system call that keeps its P gets none
//   args     p: the P's id
//   cost     emulated or single-stepped, by release
probe sched:p-acquire = go:runtime.wirep { p = (*runtime.p)(arg0).id }

// sched:p-release - a thread gives its P away, because it goes to sleep, or to let the collector or others have it.
//   when     on that thread's scheduler stack
//   cost     emulated or single-stepped, by release
probe sched:p-release = go:runtime.releasepNoTrace {} else go:runtime.releasep {}

// sched:p-handoff - a P without its thread is given to another thread, or to none where there is nothing to run.
//   when     on the thread that does it: sysmon, or one that knows that its system call will take long
//   args     p: the P's id
//   cost     emulated
probe sched:p-handoff = go:runtime.handoffp { p = (*runtime.p)(arg0).id }

// sched:p-retake - sysmon takes the P of a thread that is in a system call, or in C, for too long.
//   when     on sysmon's thread
//   args     p: the P's id
//   cost     emulated
probe sched:p-retake = go:runtime.retake:call:runtime.handoffp { p = (*runtime.p)(reg("ax")).id }
