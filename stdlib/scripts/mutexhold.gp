// mutexhold: which functions hold mutexes, how long, and do others wait meanwhile?
//
//     gprobe mutexhold -p PID [--min 1ms] [--mutex ADDR] [--by mutex] [--stack 8] [--top 20]
//
// A row for each function that locks a mutex: how long it held mutexes in all, how often, how long each time, and
// at how many ends of that others wanted the mutex. All holds count, those that nobody waited for too, in Lock and
// TryLock; a Lock that the compiler put into a function is that function's. Long holds that are waited for are
// what to make shorter: `mutexwait` says who waits. `--min` leaves shorter holds out, `--mutex` all other mutexes,
// `--by mutex` tells mutexes apart, `--stack N` says with N frames where they were locked, those of package sync
// on top.
//
// RWMutexes have one inside, which writers hold: see `rwmutex`. What was locked before the script began, and what is
// still locked when it ends, is not counted: `mutexholder` shows that.
//
// Cost: a probe on each Lock and each Unlock, emulated (about 1 us each), which is much for a mutex that is taken
// millions of times a second.
//
// On a program that saves its stock to disk with the lock held:
//
//     mutexes held - shop (4242) - 2.0 s
//     locked in                total  holds  held p50  held p90  held p99  held max  wanted
//     main.(*Stock).Save      418 ms     20   20.7 ms   21.9 ms   22.8 ms   23.1 ms      13
//     main.(*Prices).Reload   215 ms      7   30.8 ms   32.0 ms   32.0 ms   32.5 ms       -
//     main.(*Stock).Reserve  16.8 ms  4,554   2.73 us   6.55 us   15.8 us    111 us     111
//     main.(*Metrics).Count  12.0 ms  4,554   2.34 us   3.15 us   5.50 us    147 us      16

let @taken = hash(65536);
let @holder = hash(65536);
let @wants = golocal(65536);

mutex:lock
/args.contended/
{
    @wants[goid] = args.func;
}

mutex:acquired
/getopt("mutex", 0, "address of the mutex to look at; 0: all") == 0 ||
    args.mutex == getopt("mutex", 0)/
{
    $func = args.contended && has_key(@wants, goid) ? @wants[goid] : args.func;
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
        $taken = @taken[args.mutex, $goid];
        $held = nsecs - $taken.0;
        if ($held >= getopt("min", 0, "shortest hold that counts")) {
            if comptime (getopt("stack", 0) > 0) {
                @total_ns[$taken.1, $taken.2] = sum($held);
                @holds[$taken.1, $taken.2] = count();
                @held_ns[$taken.1, $taken.2] = hist($held, 4);
                if (args.contended) {
                    @wanted[$taken.1, $taken.2] = count();
                }
            } else {
                if comptime (getopt("by", "func", "func, or mutex: tell mutexes apart") ==
                    "mutex") {
                    @total_ns[$taken.1, (uint64*)args.mutex] = sum($held);
                    @holds[$taken.1, (uint64*)args.mutex] = count();
                    @held_ns[$taken.1, (uint64*)args.mutex] = hist($held, 4);
                    if (args.contended) {
                        @wanted[$taken.1, (uint64*)args.mutex] = count();
                    }
                } else {
                    @total_ns[$taken.1] = sum($held);
                    @holds[$taken.1] = count();
                    @held_ns[$taken.1] = hist($held, 4);
                    if (args.contended) {
                        @wanted[$taken.1] = count();
                    }
                }
            }
        }
        delete(@taken[args.mutex, $goid]);
        if (@holder[args.mutex] == $goid) {
            delete(@holder[args.mutex]);
        }
    }
}

end
{
    clear(@taken);
    clear(@holder);
    clear(@wants);
    if comptime (getopt("stack", 0) > 0) {
        table("mutexes held|locked in|stack", @total_ns, @holds, @held_ns, @wanted,
            getopt("top", 20, "most rows"));
    } else {
        if comptime (getopt("by", "func") == "mutex") {
            table("mutexes held|locked in|mutex", @total_ns, @holds, @held_ns, @wanted,
                getopt("top", 20));
        } else {
            table("mutexes held|locked in", @total_ns, @holds, @held_ns, @wanted,
                getopt("top", 20));
        }
    }
}
