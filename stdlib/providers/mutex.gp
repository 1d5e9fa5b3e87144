// mutex: sync.Mutex, contended or not.
//
// The fast paths of Lock and Unlock are a few instructions in whatever function calls them; gprobe finds all of
// these, also in stripped binaries. The mutex within a sync.RWMutex, at the same address, counts as one of its own: Lock
// and Unlock of a RWMutex take and leave it.

// The function with the code of a Lock: where that is Lock itself, because it was called and not put into its caller,
// the caller.
macro locking_func() {
    if comptime (has_func("sync.(*Mutex).Lock")) {
        func == "sync.(*Mutex).Lock" ? caller() : locking_func_of_rwmutex()
    } else {
        locking_func_of_rwmutex()
    }
}

macro locking_func_of_rwmutex() {
    if comptime (has_func("sync.(*RWMutex).Lock")) {
        func == "sync.(*RWMutex).Lock" ? caller() : funcname(reg("ip"))
    } else {
        funcname(reg("ip"))
    }
}

// mutex:lock - a goroutine wants a mutex.
//   when     on that goroutine, behind its first try
//   args     mutex: the mutex's address; contended: whether it did not get it at once; func: the function that locks it,
//            which is the one that Lock was put into
//   cost     emulated
probe mutex:lock = go:*:atomic:internal/sync.(*Mutex).lockSlow
{
    mutex = args.addr,
    contended = !args.fast,
    func = locking_func(),
}
else go:*:atomic:sync.(*Mutex).lockSlow
{
    mutex = args.addr,
    contended = !args.fast,
    func = locking_func(),
}

// mutex:acquired - a goroutine has got a mutex, by Lock or TryLock.
//   when     on that goroutine
//   args     mutex: the mutex's address; contended: whether it had to try more than once; wait_ns: how long it took;
//            func: the function that locks it. Where it is contended and Lock was not put into that, it is Lock itself:
//            `mutex:lock` knows better
//   cost     emulated; where it is contended, single-stepped, and an emulated trap where the waiting begins
probe mutex:acquired = go:*:atomic:internal/sync.(*Mutex).lockSlow
/args.fast/
{
    mutex = args.addr,
    contended = false,
    wait_ns = (uint64)0,
    func = locking_func(),
}
else go:*:atomic:sync.(*Mutex).lockSlow
/args.fast/
{
    mutex = args.addr,
    contended = false,
    wait_ns = (uint64)0,
    func = locking_func(),
}
probe mutex:acquired = go:internal/sync.(*Mutex).lockSlow:return
{
    mutex = entry(arg0),
    contended = true,
    wait_ns = nsecs - entry(nsecs),
    func = caller(),
}
else go:sync.(*Mutex).lockSlow:return
{
    mutex = entry(arg0),
    contended = true,
    wait_ns = nsecs - entry(nsecs),
    func = caller(),
}

probe mutex:acquired = go:*:swap:sync.(*Mutex).TryLock
/args.swapped/
{
    mutex = args.addr,
    contended = false,
    wait_ns = (uint64)0,
    func = funcname(reg("ip")),
}

// mutex:unlock - a mutex is free again, or given to one that waits for it.
//   when     on the goroutine that unlocks it, right behind the instruction that does
//   args     mutex: the mutex's address; contended: whether others want it
//   cost     emulated
probe mutex:unlock = go:*:atomic:internal/sync.(*Mutex).unlockSlow
{
    mutex = args.addr,
    contended = !args.fast,
}
else go:*:atomic:sync.(*Mutex).unlockSlow
{
    mutex = args.addr,
    contended = !args.fast,
}
