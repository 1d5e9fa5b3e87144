// gcpauses: how long is the world stopped, why, and how long do the collector's cycles take?
//
//     gprobe gcpauses -p PID [--top 20]
//
// The first table has a row for each reason that the world was stopped for: how often, for how long in all, and how
// long a stop is. All goroutines wait meanwhile: `max` is what an unlucky request waited. Go knows the reasons since
// 1.22; before that there is one row. Stops that are not the collector's are the program's own doing: `read mem stats`
// is runtime.ReadMemStats, which libraries for metrics like to call. The second table has the collector's cycles: the
// time in which they mark, when a quarter of the processors or more works for the collector.
//
// What had begun before the script did is not counted.
//
// Cost: four probes, emulated, each once or twice a cycle: nothing.
//
// On a program whose metrics read the statistics of memory ten times a second (examples/targets/newsfeed):
//
//     stops of the world - newsfeed (4242) - 5.0 s
//     reason                stops   total  stop p50  stop p90  stop p99  stop max
//     GC mark termination      64  346 ms   2.69 ms   14.4 ms   17.3 ms   17.8 ms
//     GC sweep termination     64  192 ms   1.43 ms   7.47 ms   17.3 ms   17.8 ms
//     read mem stats           50  169 ms   2.02 ms   9.18 ms   15.1 ms   15.2 ms
//
//     cycles of the collector - newsfeed (4242) - 5.0 s
//     phase  cycles     sum  mark p50  mark p90  mark p99  mark max
//     mark       64  2.18 s   32.4 ms   53.5 ms   64.5 ms   65.0 ms

gc:stw-start
{
    @stopped[pid] = nsecs;
    @reason[pid] = args.reason;
}

gc:stw-stop
/has_key(@stopped, pid)/
{
    $took = nsecs - @stopped[pid];
    delete(@stopped[pid]);
    $reason = stw_reason(@reason[pid]);
    @stops[$reason] = count();
    @total_ns[$reason] = sum($took);
    @stop_ns[$reason] = hist($took, 4);
}

gc:start
{
    @marking[pid] = nsecs;
}

gc:mark-done
/has_key(@marking, pid)/
{
    $took = nsecs - @marking[pid];
    delete(@marking[pid]);
    @cycles["mark"] = count();
    @sum_ns["mark"] = sum($took);
    @mark_ns["mark"] = hist($took, 4);
}

end
{
    clear(@stopped);
    clear(@reason);
    clear(@marking);
    table("stops of the world|reason", @stops, @total_ns, @stop_ns, getopt("top", 20, "most rows"));
    table("cycles of the collector|phase", @cycles, @sum_ns, @mark_ns);
}
