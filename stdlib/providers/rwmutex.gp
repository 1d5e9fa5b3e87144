// rwmutex: sync.RWMutex.

// rwmutex:rlock - a goroutine wants to read.
//   when     on that goroutine, behind its first try
//   args     rwmutex: the RWMutex's address; contended: whether a writer has it or waits for it; func: the
//            function that locks it
//   cost     emulated
probe rwmutex:rlock = go:*:atomic:sync.runtime_SemacquireRWMutexR
{
    rwmutex = args.addr - 16,
    contended = !args.fast,
    func = funcname(reg("ip")),
}
else go:*:atomic:sync.runtime_SemacquireMutex
/go_minor < 20 && func != "sync.(*RWMutex).Lock"/
{
    rwmutex = args.addr - 16,
    contended = !args.fast,
    func = funcname(reg("ip")),
}

// rwmutex:racquired - a goroutine may read, by RLock or TryRLock.
//   when     on that goroutine; on Go 1.19 only where it did not have to wait
//   args     rwmutex: the RWMutex's address; wait_ns: how long it took; func: the function that locks it
//   cost     emulated; where it waited, single-stepped, and an emulated trap where the waiting begins
probe rwmutex:racquired = go:*:atomic:sync.runtime_SemacquireRWMutexR
/args.fast/
{
    rwmutex = args.addr - 16,
    wait_ns = (uint64)0,
    func = funcname(reg("ip")),
}
else go:*:atomic:sync.runtime_SemacquireMutex
/go_minor < 20 && func != "sync.(*RWMutex).Lock" && args.fast/
{
    rwmutex = args.addr - 16,
    wait_ns = (uint64)0,
    func = funcname(reg("ip")),
}
probe rwmutex:racquired = go:sync.runtime_SemacquireRWMutexR:return
{
    rwmutex = entry(arg0) - 12,
    wait_ns = nsecs - entry(nsecs),
    func = caller(),
}
probe rwmutex:racquired = go:*:swap:sync.(*RWMutex).TryRLock
/args.swapped/
{
    rwmutex = args.addr - 16,
    wait_ns = (uint64)0,
    func = funcname(reg("ip")),
}

// rwmutex:runlock - a reader has ended.
//   when     on the goroutine that unlocks it, right behind the instruction that does
//   args     rwmutex: the RWMutex's address
//   cost     emulated
probe rwmutex:runlock = go:*:atomic:sync.(*RWMutex).rUnlockSlow { rwmutex = args.addr - 16 }

// rwmutex:lock - a goroutine wants to write.
//   when     on that goroutine, before its first try
//   args     rwmutex: the RWMutex's address; func: the function that locks it
//   cost     emulated
probe rwmutex:lock = go:sync.(*RWMutex).Lock { rwmutex = arg0, func = caller() }

// rwmutex:acquired - a writer has it for itself, by Lock or TryLock.
//   when     on that goroutine
//   args     rwmutex: the RWMutex's address; wait_ns: how long it took; func: the function that locks it
//   cost     single-stepped, and an emulated trap where it begins
probe rwmutex:acquired = go:sync.(*RWMutex).Lock:return
{
    rwmutex = entry(arg0),
    wait_ns = nsecs - entry(nsecs),
    func = caller(),
}

probe rwmutex:acquired = go:sync.(*RWMutex).TryLock:return
/(uint8)reg("ax") != 0/
{
    rwmutex = entry(arg0),
    wait_ns = nsecs - entry(nsecs),
    func = caller(),
}

// rwmutex:unlock - a writer gives it back.
//   when     on the goroutine that unlocks it, before it is done
//   args     rwmutex: the RWMutex's address
//   cost     emulated
probe rwmutex:unlock = go:sync.(*RWMutex).Unlock { rwmutex = arg0 }
