// cgoslow: which calls of C take long, one by one?
//
//     gprobe cgoslow -p PID [--min 10ms] [--goid N] [--stack N]
//
// A line for each call that took longer than --min, when it returns: the time, the goroutine, how long it took, the
// C function, and the Go function that called it; with --stack N also the first N frames of the goroutine's stack.
// Lines that come together are calls that waited for the same thing. A call that never returns has no line: cgostuck
// shows it.
//
// Cost: two probes on each call of C, both on instructions that the kernel emulates (about 1 us a call).
//
// On a program that looks clients' countries up in C (examples/targets/thumbs):
//
//     time            goroutine      took  C function, called by
//     04:57:35.045661        29   40.1 ms  geoip_lookup, called by main.(*Locator).Country
//     04:57:35.056319        21   41.2 ms  geoip_lookup, called by main.(*Locator).Country
//     04:57:35.065338        37   30.1 ms  index_compact, called by main.(*Index).Compact
//     04:57:35.065397        20   30.1 ms  index_find, called by main.(*Renderer).Title
//     04:57:35.069988        24   41.6 ms  geoip_lookup, called by main.(*Locator).Country
//     04:57:35.070099        32   40.7 ms  geoip_lookup, called by main.(*Locator).Country
//     04:57:35.079063        30   40.3 ms  geoip_lookup, called by main.(*Locator).Country
//     04:57:35.079822        22   41.3 ms  geoip_lookup, called by main.(*Locator).Country
//     04:57:35.094552        25   40.6 ms  geoip_lookup, called by main.(*Locator).Country

begin
{
    printf("%-15s %9s %9s  %s\n", "time", "goroutine", "took", "C function, called by");
}

cgo:exit
/args.ns > getopt("min", 10ms, "only calls that took longer") &&
    (getopt("goid", 0, "only of this goroutine; 0: of all") == 0 || goid == getopt("goid", 0))/
{
    printf("%-15s %9d %9s  %v, called by %v\n", strftime("%H:%M:%S.%f", nsecs), goid,
        duration(args.ns), args.fn, args.caller);
    if comptime (getopt("stack", 0, "frames of the goroutine's stack") > 0) {
        print(gostack(getopt("stack", 0)));
    }
}
