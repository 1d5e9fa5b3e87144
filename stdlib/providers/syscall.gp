// syscall: system calls that goroutines make, through the functions of package syscall.
//
// Those that the runtime makes for itself, and those that are known not to wait (`syscall.RawSyscall`), are not seen
// here: `tracepoint:raw_syscalls:sys_enter` sees all.

// syscall:enter - a goroutine makes a system call.
//   when     on that goroutine, before it
//   args     nr: the call's number; a0, a1, a2: its first arguments
//   cost     emulated
probe syscall:enter = go:syscall.Syscall, go:syscall.Syscall6
{
    nr = arg0,
    a0 = arg1,
    a1 = arg2,
    a2 = arg3,
}

// syscall:exit - a system call has returned.
//   when     on the same goroutine, before it waits for a P if another has taken its own
//   args     nr: the call's number; ns: how long it took
//   cost     two emulated traps: one where the call begins
probe syscall:exit = go:syscall.Syscall:call:runtime.exitsyscall,
go:syscall.Syscall6:call:runtime.exitsyscall
{
    nr = entry(arg0),
    ns = nsecs - entry(nsecs),
}

// syscall:blocked - a system call, or a call of C, has taken so long that its P is given to another thread.
//   when     on sysmon's thread
//   args     p: the P's id
//   cost     emulated
probe syscall:blocked = go:runtime.retake:call:runtime.handoffp { p = (*runtime.p)(reg("ax")).id }
