// pthreadlocks: which mutexes of C are waited for by code that Go called, and who holds them for long?
//
//     gprobe pthreadlocks -p PID [--min 50us] [--top 10]
//
// The first table has who waits: the mutex by its address, the C function that locks it, the C function that Go
// called to get there, and the Go function that called that. Waits are locks that took longer than --min to get. The
// second table has who holds: from the lock to the unlock, waits on a condition left out. The mutex that is waited
// for the most stands on top; look in the second table for who holds it. Only threads on which Go has called C wait
// here; threads of C's own are among the holders, without functions (0x0).
//
// Cost: up to four probes on each lock and unlock of every mutex in the process, two of them single-stepped: 3 to 10
// us. A program that locks a million times a second will feel it.
//
// On a program with an index in C (examples/targets/thumbs):
//
//     waits for mutexes of C - thumbs (4242) - 10.0 s
//     mutex     locked by      C function     called by               waited  waits  wait p50  wait p90  wait p99  wait max
//     0x5a0380  index_walk+32  index_find     main.(*Index).Find      22.2 s    766   29.0 ms   33.5 ms   42.3 ms   75.5 ms
//     0x5a0380  index_walk+32  index_find     main.(*Renderer).Title  5.40 s    198   28.6 ms   33.1 ms   40.9 ms   41.9 ms
//     0x5a0380  index_walk+32  index_compact  main.(*Index).Compact   195 us      1    193 us    193 us    193 us    197 us
//
//     mutexes of C that were held - thumbs (4242) - 10.0 s
//     mutex     locked by      C function     called by                  held  holds  hold p50  hold p90  hold p99  hold max
//     0x5a0380  index_walk+32  index_compact  main.(*Index).Compact    5.92 s    190   30.4 ms   33.0 ms   39.1 ms   39.8 ms
//     0x5a0380  index_walk+32  index_find     main.(*Index).Find      91.6 ms  3,787   22.9 us   26.3 us   43.5 us    393 us
//     0x5a0380  index_walk+32  index_find     main.(*Renderer).Title  17.3 ms    691   23.8 us   27.4 us   46.8 us   57.3 us

config = {
    missing_probes = warn;
}

// What Go called C from: the frame of the cgo wrapper, which the runtime keeps while the
// goroutine is in C.
macro wrapper() {
    if comptime (go_minor >= 21) { *(uint64*)curg.sched.bp } else { curg.sched.bp }
}

macro c_function() { funcname(*(uint64*)(wrapper() + 8)) }

macro go_function() { funcname(*(uint64*)(*(uint64*)wrapper() + 8)) }

macro holds($mutex, $by) {
    if (cgo_depth > 0) {
        @holder[$mutex, tid] = (nsecs, $by, c_function(), go_function());
    } else {
        @holder[$mutex, tid] = (nsecs, $by, funcname((uint64)0), funcname((uint64)0));
    }
}

macro lets_go($mutex) {
    if (has_key(@holder, ($mutex, tid))) {
        $hold = @holder[$mutex, tid];
        $held = nsecs - $hold.0;
        @held_ns[(void*)$mutex, $hold.1, $hold.2, $hold.3] = sum($held);
        @holds[(void*)$mutex, $hold.1, $hold.2, $hold.3] = count();
        @hold_ns[(void*)$mutex, $hold.1, $hold.2, $hold.3] = hist($held, 4);
        delete(@holder[$mutex, tid]);
    }
}

uretprobe:libc:pthread_mutex_lock
/(int32)retval == 0/
{
    $mutex = entry(arg0);
    $by = usym(entry(*(uint64*)reg("sp")));
    $waited = nsecs - entry(nsecs);
    if (cgo_depth > 0 && $waited > getopt("min", 50us, "what counts as a wait")) {
        @waited_ns[(void*)$mutex, $by, c_function(), go_function()] = sum($waited);
        @waits[(void*)$mutex, $by, c_function(), go_function()] = count();
        @wait_ns[(void*)$mutex, $by, c_function(), go_function()] = hist($waited, 4);
    }
    holds($mutex, $by);
}

uretprobe:libc:pthread_mutex_trylock
/(int32)retval == 0/
{
    $mutex = entry(arg0);
    $by = usym(entry(*(uint64*)reg("sp")));
    holds($mutex, $by);
}

uprobe:libc:pthread_mutex_unlock
{
    $mutex = arg0;
    lets_go($mutex);
}

// A wait on a condition gives the mutex back, and takes it again before it returns.
uprobe:libc:pthread_cond_wait, uprobe:libc:pthread_cond_timedwait
{
    $mutex = arg1;
    lets_go($mutex);
}

uretprobe:libc:pthread_cond_wait, uretprobe:libc:pthread_cond_timedwait
{
    $mutex = entry(arg1);
    $by = usym(entry(*(uint64*)reg("sp")));
    holds($mutex, $by);
}

end
{
    clear(@holder);
    table("waits for mutexes of C|mutex|locked by|C function|called by", @waited_ns, @waits,
        @wait_ns, getopt("top", 10, "most rows of a table"));
    table("mutexes of C that were held|mutex|locked by|C function|called by", @held_ns, @holds,
        @hold_ns, getopt("top", 10));
}
