// chanwait: which channel operations wait, and for how long?
//
//     gprobe chanwait -p PID [--by chan] [--stack 8] [--top 20]
//
// A row for each function and what it does, send, receive or select: how long it waited in all, how often, how
// long each time, and how many wait still. Waits to send say that those who receive are too slow, or too few;
// waits to receive that there is nothing to do, which is no fault. `--by chan` tells channels apart, with the room
// of their buffers, and leaves out selects, which wait for several. The function is the one with the code, also of
// what the compiler put into it: `--stack N` adds N frames, and tells these.
//
// What waited before the script began is not counted; of what waits still, only that it does.
//
// Cost: a probe on each wait and on the start of each send and receive, and one on each change of a goroutine's
// status, all emulated (about 1 us each).
//
// On a program in which a writer is slower than three parsers:
//
//     waits at channels - ingest (4242) - 2.0 s
//     function             to        total  waits  waited p50  waited p90  waited p99  waited max  waiting
//     main.(*Parser).emit  send     6.06 s    654     9.09 ms     11.7 ms     14.0 ms     15.7 ms        3
//     main.main            receive  1.95 s     41     7.14 ms      140 ms      150 ms      151 ms        1

config = { missing_probes = ignore; }

let @blocked = golocal(65536);

chan:block
{
    if comptime (getopt("stack", 0, "frames of stacks; 0: only the function") > 0) {
        @blocked[goid] =
            (nsecs, args.func, args.send ? "send" : "receive", gostack(getopt("stack", 0)));
    } else if comptime (getopt("by", "func", "func, or chan: tell channels apart") == "chan") {
        @blocked[goid] = (nsecs, args.func, args.send ? "send" : "receive", args.chan, args.cap);
    } else {
        @blocked[goid] = (nsecs, args.func, args.send ? "send" : "receive");
    }
}

select:block
{
    if comptime (getopt("stack", 0) > 0) {
        @blocked[goid] = (nsecs, args.func, "select", gostack(getopt("stack", 0)));
    } else if comptime (getopt("by", "func") != "chan") {
        @blocked[goid] = (nsecs, args.func, "select");
    }
}

goroutine:ready
/has_key(@blocked, args.goid)/
{
    $b = @blocked[args.goid];
    $waited = nsecs - $b.0;
    if comptime (getopt("stack", 0) > 0) {
        @total_ns[$b.1, $b.2, $b.3] = sum($waited);
        @waits[$b.1, $b.2, $b.3] = count();
        @waited_ns[$b.1, $b.2, $b.3] = hist($waited, 4);
    } else if comptime (getopt("by", "func") == "chan") {
        @total_ns[$b.1, $b.2, (uint64*)$b.3, $b.4] = sum($waited);
        @waits[$b.1, $b.2, (uint64*)$b.3, $b.4] = count();
        @waited_ns[$b.1, $b.2, (uint64*)$b.3, $b.4] = hist($waited, 4);
    } else {
        @total_ns[$b.1, $b.2] = sum($waited);
        @waits[$b.1, $b.2] = count();
        @waited_ns[$b.1, $b.2] = hist($waited, 4);
    }
    delete(@blocked[args.goid]);
}

end
{
    for ($kv : @blocked) {
        $b = $kv.1;
        if comptime (getopt("stack", 0) > 0) {
            @waiting[$b.1, $b.2, $b.3] = count();
        } else if comptime (getopt("by", "func") == "chan") {
            @waiting[$b.1, $b.2, (uint64*)$b.3, $b.4] = count();
        } else {
            @waiting[$b.1, $b.2] = count();
        }
    }
    clear(@blocked);
    if comptime (getopt("stack", 0) > 0) {
        table("waits at channels|function|to|stack", @total_ns, @waits, @waited_ns, @waiting,
            getopt("top", 20));
    } else if comptime (getopt("by", "func") == "chan") {
        table("waits at channels|function|to|channel|cap", @total_ns, @waits, @waited_ns, @waiting,
            getopt("top", 20, "most rows"));
    } else {
        table("waits at channels|function|to", @total_ns, @waits, @waited_ns, @waiting,
            getopt("top", 20));
    }
}
