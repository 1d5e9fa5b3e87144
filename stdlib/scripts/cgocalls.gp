// cgocalls: which C functions does Go call, how often, from where, and how long do they take?
//
//     gprobe cgocalls -p PID [--by caller|goroutine] [--top 20]
//
// A row for each C function and the Go function that calls it, or the goroutine (--by goroutine), the one with the
// most time in C on top. A call takes from the way into C to the way back, Go code that C calls back into included;
// the wait for a P after it is not: that is the Go scheduler's doing. A long p50 is a slow function; a short p50
// with a long p99 waits at times, for a lock or for the system: pthreadlocks and offcpu say for what.
//
// A second table has the calls that had not returned at the end, and for how long the longest had been in C (to 10
// ms). Calls that began before the script are in neither; cgostuck has those.
//
// Cost: two probes on each call, both on instructions that the kernel emulates (about 1 us a call).
//
// On a program that looks clients' countries up in C (examples/targets/thumbs):
//
//     calls of C - thumbs (4242) - 10.0 s
//     C function     called by                              total  calls  took p50  took p90  took p99  took max
//     geoip_lookup   main.(*Locator).Country               93.9 s  2,304   41.0 ms   42.4 ms   45.9 ms   52.4 ms
//     watermark      main.(*Marker).Stamp                  53.4 s  4,944   10.9 ms   18.9 ms   22.0 ms   31.5 ms
//     index_find     main.(*Index).Find                    22.7 s  3,996   24.5 us   29.1 ms   35.4 ms   50.3 ms
//     index_compact  main.(*Index).Compact                 5.94 s    191   30.3 ms   32.6 ms   38.8 ms   71.3 ms
//     index_find     main.(*Renderer).Title                5.56 s    703   25.9 us   29.4 ms   35.9 ms   41.9 ms
//     scale_image    main.(*Renderer).Thumbnail            491 ms  3,075    159 us    199 us    226 us   2.23 ms
//     malloc         main._Cfunc_CString                  44.9 ms  7,015   5.67 us   10.5 us   26.1 us   3.80 ms
//     free           main.(*Index).Find.func1.func1       16.2 ms  3,997   4.08 us   5.91 us   20.0 us    590 us
//     malloc         main._Cfunc_CBytes                   15.4 ms  1,601   8.56 us   22.1 us   58.4 us   98.3 us
//     free           main.(*Locator).Country.func1.func1  13.5 ms  2,313   6.16 us   9.11 us   28.4 us   98.3 us
//     free           main.(*Renderer).Title.func1.func1   3.38 ms    703   4.68 us   6.31 us   21.0 us    442 us
//
//     still in C - thumbs (4242) - 10.0 s
//     C function    called by                still_there  longest
//     geoip_lookup  main.(*Locator).Country            2  24.9 ms
//     watermark     main.(*Marker).Stamp               2  6.44 ms

let @in_c = golocal(100000);

// The innermost call of a goroutine need not be its only one: C may call back into Go, which calls C.
cgo:enter
/cgo_depth == 0/
{
    @in_c[goid] = (nsecs, args.fn, args.caller);
}

cgo:exit
{
    $took = args.ns;
    if (cgo_depth == 0) {
        delete(@in_c[goid]);
    }
    if comptime (getopt("by", "caller", "what has a row: caller or goroutine") == "goroutine") {
        @total_ns[args.fn, goid] = sum($took);
        @calls[args.fn, goid] = count();
        @took_ns[args.fn, goid] = hist($took, 4);
    } else {
        @total_ns[args.fn, args.caller] = sum($took);
        @calls[args.fn, args.caller] = count();
        @took_ns[args.fn, args.caller] = hist($took, 4);
    }
}

// A panic in a callback ends the call too.
panic:recover
/cgo_depth == 0/
{
    delete(@in_c[goid]);
}

// While probes are removed at the end, calls still come and go.
interval:10ms
{
    @now = nsecs;
}

end
{
    for ($call : @in_c) {
        if ($call.1.0 > @now) {
            continue;
        }
        @still_there[$call.1.1, $call.1.2] = count();
        @longest_ns[$call.1.1, $call.1.2] = max(@now - $call.1.0);
    }
    clear(@in_c);
    clear(@now);
    if comptime (getopt("by", "caller") == "goroutine") {
        table("calls of C|C function|goroutine", @total_ns, @calls, @took_ns,
            getopt("top", 20, "most rows"));
    } else {
        table("calls of C|C function|called by", @total_ns, @calls, @took_ns,
            getopt("top", 20, "most rows"));
    }
    table("still in C|C function|called by", @still_there, @longest_ns, getopt("top", 20));
}
