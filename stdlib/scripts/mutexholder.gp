// mutexholder: who holds a mutex right now, since when, where did it lock it, and how many wait for it?
//
//     gprobe mutexholder -p PID [--mutex ADDR] [--min 100ms] [--stack 8] [--top 20]
//
// Each second, a row for each mutex that has been held for at least `--min`, the longest first: the
// goroutine that locked it, the function it did that in, and how many goroutines have begun to wait for it since the
// script runs and wait still. `--mutex` looks at one alone, however short: `mutexhold --by mutex` has the addresses.
// `--stack N` says with N frames where it was locked.
//
// What was locked before the script began is not seen; `parks --reason "sync.Mutex.Lock"` shows those who wait.
//
// Cost: a probe on each Lock and each Unlock, emulated (about 1 us each), which is much for a mutex that is taken
// millions of times a second.
//
// On a program that keeps a lock while it asks for a new token:
//
//     mutexes that are held - gateway (4242) - 3.0 s
//     mutex          goroutine  locked in              held  waiters
//     0x44679f0a030         18  main.(*Token).renew  1.23 s        1

let @taken = hash(65536);
let @holder = hash(65536);
let @wants = golocal(65536);
let @waiting = hash(65536);

mutex:lock
/args.contended && (getopt("mutex", 0, "address of the mutex to look at; 0: all") == 0 ||
    args.mutex == getopt("mutex", 0))/
{
    @wants[goid] = args.func;
    @waiting[args.mutex]++;
}

mutex:acquired
/getopt("mutex", 0) == 0 || args.mutex == getopt("mutex", 0)/
{
    $waited = args.contended && has_key(@wants, goid);
    $func = $waited ? @wants[goid] : args.func;
    if ($waited) {
        @waiting[args.mutex]--;
        delete(@wants[goid]);
    }
    if comptime (getopt("stack", 0, "frames of stacks; 0: only the function") > 0) {
        @taken[args.mutex, goid] = (nsecs, $func, gostack(getopt("stack", 0)));
    } else {
        @taken[args.mutex, goid] = (nsecs, $func);
    }
    @holder[args.mutex] = goid;
}

mutex:unlock
{
    // It may be another goroutine that gives it back.
    $goid = has_key(@taken, (args.mutex, goid)) ? goid : @holder[args.mutex];
    if (has_key(@taken, (args.mutex, $goid))) {
        delete(@taken[args.mutex, $goid]);
        if (@holder[args.mutex] == $goid) {
            delete(@holder[args.mutex]);
        }
    }
}

interval:1s
{
    $min = getopt("mutex", 0) == 0 ? getopt("min", 100ms, "shortest time that shows") : 0;
    for ($kv : @taken) {
        $held = nsecs - $kv.1.0;
        if ($held >= $min) {
            if comptime (getopt("stack", 0) > 0) {
                @held_ns[(uint64*)$kv.0.0, $kv.0.1, $kv.1.1, $kv.1.2] = $held;
                @waiters[(uint64*)$kv.0.0, $kv.0.1, $kv.1.1, $kv.1.2] = @waiting[$kv.0.0];
            } else {
                @held_ns[(uint64*)$kv.0.0, $kv.0.1, $kv.1.1] = $held;
                @waiters[(uint64*)$kv.0.0, $kv.0.1, $kv.1.1] = @waiting[$kv.0.0];
            }
        }
    }
    if comptime (getopt("stack", 0) > 0) {
        table("mutexes that are held|mutex|goroutine|locked in|stack", @held_ns, @waiters,
            getopt("top", 20, "most rows"));
    } else {
        table("mutexes that are held|mutex|goroutine|locked in", @held_ns, @waiters,
            getopt("top", 20));
    }
    clear(@held_ns);
    clear(@waiters);
}

end
{
    clear(@taken);
    clear(@holder);
    clear(@wants);
    clear(@waiting);
}
