// mutexwait: where do goroutines wait for mutexes, how long, and for whom?
//
//     gprobe mutexwait -p PID [--by mutex] [--stack 8] [--top 20]
//
// A row for each function that had to wait in Lock and the function that had locked the mutex when the waiting
// began (`-`: it did before the script began): how long the one waited for the other in all, how often, and how
// long each time. Who stands behind others in the queue is counted for the one who held the mutex when it came, so
// the first row names who keeps the queue waiting. `mutexhold` says for how long that holds it. `--by mutex` tells
// mutexes apart, `--stack N` adds N frames of those who wait. Waits that have not ended are not counted.
//
// Cost: a probe on each Lock, emulated (about 1 us), and two where there is a wait, one of them single-stepped.
//
// On a program that saves its stock to disk with the lock held:
//
//     waits for mutexes - shop (4242) - 2.0 s
//     waits in               held by                  total  waits  waited p50  waited p90  waited p99  waited max
//     main.(*Stock).Reserve  main.(*Stock).Save      2.20 s    112     19.6 ms     21.2 ms     21.9 ms     22.0 ms
//     main.(*Metrics).Count  main.(*Metrics).Count  1.67 ms     11      160 us      212 us      217 us      221 us
//     main.(*Stock).Reserve  main.(*Stock).Reserve  1.65 ms      8      152 us      573 us      573 us      590 us

let @holder = lruhash(65536);
let @waiter = golocal(65536);

mutex:lock
/args.contended/
{
    @waiter[goid] = (args.func, @holder[args.mutex]);
}

mutex:acquired
{
    if (args.contended && has_key(@waiter, goid)) {
        $waiter = @waiter[goid];
        @holder[args.mutex] = $waiter.0;
        if comptime (getopt("stack", 0, "frames of stacks; 0: only the function") > 0) {
            @total_ns[$waiter.0, $waiter.1, gostack(getopt("stack", 0))] = sum(args.wait_ns);
            @waits[$waiter.0, $waiter.1, gostack(getopt("stack", 0))] = count();
            @waited_ns[$waiter.0, $waiter.1, gostack(getopt("stack", 0))] = hist(args.wait_ns, 4);
        } else {
            if comptime (getopt("by", "func", "func, or mutex: tell mutexes apart") == "mutex") {
                @total_ns[$waiter.0, $waiter.1, (uint64*)args.mutex] = sum(args.wait_ns);
                @waits[$waiter.0, $waiter.1, (uint64*)args.mutex] = count();
                @waited_ns[$waiter.0, $waiter.1, (uint64*)args.mutex] = hist(args.wait_ns, 4);
            } else {
                @total_ns[$waiter.0, $waiter.1] = sum(args.wait_ns);
                @waits[$waiter.0, $waiter.1] = count();
                @waited_ns[$waiter.0, $waiter.1] = hist(args.wait_ns, 4);
            }
        }
        delete(@waiter[goid]);
    } else {
        @holder[args.mutex] = args.func;
    }
}

end
{
    clear(@holder);
    clear(@waiter);
    if comptime (getopt("stack", 0) > 0) {
        table("waits for mutexes|waits in|held by|stack", @total_ns, @waits, @waited_ns,
            getopt("top", 20, "most rows"));
    } else {
        if comptime (getopt("by", "func") == "mutex") {
            table("waits for mutexes|waits in|held by|mutex", @total_ns, @waits, @waited_ns,
                getopt("top", 20));
        } else {
            table("waits for mutexes|waits in|held by", @total_ns, @waits, @waited_ns,
                getopt("top", 20));
        }
    }
}
