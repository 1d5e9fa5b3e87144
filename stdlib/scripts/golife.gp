// golife: which goroutines are made, by whom, how long do they live, and which live on?
//
//     gprobe golife -p PID [--top 20]
//
// A row for each function that goroutines are started with and the function that has the `go` statement: how many
// of those made while the script ran live at its end, how old the oldest of them is, how many were made, and how
// long those that ended have lived. Many that live on, and the more the longer the script runs, are a leak:
// `parks` and `gostates` say what they wait for.
//
// Those made before the script began are not counted.
//
// Cost: a probe on each goroutine made, single-stepped, and two on each that ends, emulated.
//
// On a program that leaves a goroutine behind for each fifth request:
//
//     goroutines - gateway (4242) - 2.0 s
//     started with                    made by                 alive  oldest  made  lived p50  lived p90  lived p99  lived max
//     main.(*Gateway).ask.func1       main.(*Gateway).ask        40  2.05 s   203    2.46 ms    3.74 ms    6.16 ms    7.08 ms
//     main.(*Gateway).accept.gowrap1  main.(*Gateway).accept      -       -   203    2.74 ms    10.7 ms    12.8 ms    13.6 ms

let @born = golocal(262144);

goroutine:create
{
    @born[args.goid] = (nsecs, args.func, args.by);
    @made[args.func, args.by] = count();
}

goroutine:exit
/has_key(@born, args.goid)/
{
    $born = @born[args.goid];
    @lived_ns[$born.1, $born.2] = hist(nsecs - $born.0, 4);
}

end
{
    for ($kv : @born) {
        @alive[$kv.1.1, $kv.1.2] = count();
        @oldest_ns[$kv.1.1, $kv.1.2] = max(nsecs - $kv.1.0);
    }
    clear(@born);
    table("goroutines|started with|made by", @alive, @oldest_ns, @made, @lived_ns,
        getopt("top", 20, "most rows"));
}
