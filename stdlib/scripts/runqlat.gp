// runqlat: how long do goroutines that can run wait for a P?
//
//     gprobe runqlat -p PID [--slow 10ms] [--top 20]
//
// The first table says it by what a goroutine did before: it waited for something and has it now, it is new, or it
// lost its P, because it had run for long, let others run, or came back from a long system call. The second table
// says it by the function that goroutines were started with, for those that had waited or are new: for them it is
// time that nobody planned for. Waits of milliseconds mean that there is more to do than GOMAXPROCS and the CPUs
// can: see schedtrace, and the process's CPU quota. `--slow` prints a line for each such wait of at least that.
//
// Cost: a probe on each change of a goroutine's status and one on each switch to a goroutine, both emulated (about
// 1 us each).
//
// On a program that computes on all of its Ps, and uploads what it has computed:
//
//     waits for a P - thumbnails (4242) - 2.0 s
//     goroutine   goroutines  wait p50  wait p90  wait p99  wait max
//     lost its P         124   43.0 ms   62.0 ms   74.4 ms   79.7 ms
//     had waited          79   14.7 ms   34.6 ms   55.6 ms   56.6 ms
//
//     waits for a P by function - thumbnails (4242) - 2.0 s
//     started with                            total  waits  waited p50  waited p90  waited p99  waited max
//     main.(*Uploader).start.gowrap1         876 ms     62     14.8 ms     20.7 ms     55.6 ms     56.6 ms
//     runtime.gcenable.gowrap2               335 ms      8     45.1 ms     54.2 ms     54.2 ms     54.5 ms
//     runtime.gcenable.gowrap1              59.0 us      2     27.1 us     32.3 us     32.3 us     32.8 us
//     runtime.gcBgMarkStartWorkers.gowrap1  34.7 us      7     5.15 us     5.34 us     5.34 us     5.38 us

let @ready = golocal(65536);

macro before(status) {
    if (status == Gwaiting) {
        "had waited"
    } else if (status == Gdead) {
        "is new"
    } else {
        "lost its P"
    }
}

goroutine:status
/args.to == Grunnable/
{
    @ready[args.goid] = (nsecs, args.from);
}

goroutine:run
/has_key(@ready, args.goid)/
{
    $ready = @ready[args.goid];
    $waited = nsecs - $ready.0;
    @goroutines[before($ready.1)] = count();
    @wait_ns[before($ready.1)] = hist($waited, 4);
    if ($ready.1 == Gwaiting || $ready.1 == Gdead) {
        @total_ns[args.func] = sum($waited);
        @waits[args.func] = count();
        @waited_ns[args.func] = hist($waited, 4);
        if comptime (getopt("slow", 0, "print each wait as long as this; 0: none") > 0) {
            if ($waited >= getopt("slow", 0)) {
                printf("goroutine %d waited %s for a P, %v\n", args.goid, duration($waited),
                    args.func);
            }
        }
    }
    delete(@ready[args.goid]);
}

end
{
    clear(@ready);
    table("waits for a P|goroutine", @goroutines, @wait_ns);
    table("waits for a P by function|started with", @total_ns, @waits, @waited_ns,
        getopt("top", 20, "most rows"));
}
