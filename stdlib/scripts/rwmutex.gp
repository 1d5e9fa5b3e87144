// rwmutex: who writes under RWMutexes, for how long, and who waits to read?
//
//     gprobe rwmutex -p PID [--by mutex] [--top 10]
//
// The first table has a row for each function that locks a RWMutex for writing: how long it held it in all and
// each time, how often, and how long it waited for it in all. The second has the functions that lock one for
// reading: how long they waited in all, how often they locked it, and how long each wait was. A writer keeps all
// readers waiting from the moment it asks until it has written: long times of it in the first table are what the
// readers of the second wait for. `--by mutex` tells RWMutexes apart.
//
// What is still locked, and who still waits, when the script ends is not counted, nor, on Go 1.19, are waits of
// readers.
//
// Cost: a probe on each RLock, emulated, and on each Lock and Unlock, of which one is single-stepped.
//
// On a program that reads its prices again with the lock held for writing:
//
//     writers - shop (4242) - 2.0 s
//     locked in               total  writes  held p50  held p90  held p99  held max   waited
//     main.(*Prices).Reload  185 ms       6   30.6 ms   33.0 ms   33.0 ms   33.6 ms  54.9 us
//
//     readers - shop (4242) - 2.0 s
//     locked in          waiting  reads  wait p50  wait p90  wait p99  wait max
//     main.(*Prices).Of   1.31 s  5,195   29.6 ms   31.0 ms   33.0 ms   33.6 ms

let @written = hash(65536);

rwmutex:racquired
{
    if comptime (getopt("by", "func", "func, or mutex: tell RWMutexes apart") == "mutex") {
        @reads[args.func, (uint64*)args.rwmutex] = count();
        if (args.wait_ns > 0) {
            @waiting_ns[args.func, (uint64*)args.rwmutex] = sum(args.wait_ns);
            @wait_ns[args.func, (uint64*)args.rwmutex] = hist(args.wait_ns, 4);
        }
    } else {
        @reads[args.func] = count();
        if (args.wait_ns > 0) {
            @waiting_ns[args.func] = sum(args.wait_ns);
            @wait_ns[args.func] = hist(args.wait_ns, 4);
        }
    }
}

rwmutex:acquired
{
    @written[args.rwmutex] = (nsecs, args.func);
    if comptime (getopt("by", "func") == "mutex") {
        @waited_ns[args.func, (uint64*)args.rwmutex] = sum(args.wait_ns);
    } else {
        @waited_ns[args.func] = sum(args.wait_ns);
    }
}

// It fires while the writer still has it, so there is only one at a time.
rwmutex:unlock
/has_key(@written, args.rwmutex)/
{
    $written = @written[args.rwmutex];
    $held = nsecs - $written.0;
    if comptime (getopt("by", "func") == "mutex") {
        @total_ns[$written.1, (uint64*)args.rwmutex] = sum($held);
        @held_ns[$written.1, (uint64*)args.rwmutex] = hist($held, 4);
        @writes[$written.1, (uint64*)args.rwmutex] = count();
    } else {
        @total_ns[$written.1] = sum($held);
        @held_ns[$written.1] = hist($held, 4);
        @writes[$written.1] = count();
    }
    delete(@written[args.rwmutex]);
}

end
{
    clear(@written);
    if comptime (getopt("by", "func") == "mutex") {
        table("writers|locked in|rwmutex", @total_ns, @writes, @held_ns, @waited_ns,
            getopt("top", 10, "most rows"));
        table("readers|locked in|rwmutex", @waiting_ns, @reads, @wait_ns, getopt("top", 10));
    } else {
        table("writers|locked in", @total_ns, @writes, @held_ns, @waited_ns, getopt("top", 10));
        table("readers|locked in", @waiting_ns, @reads, @wait_ns, getopt("top", 10));
    }
}
