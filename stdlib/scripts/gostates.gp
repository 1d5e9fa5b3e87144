// gostates: why do goroutines park, how often, for how long, and how many wait still?
//
//     gprobe gostates -p PID [--top 20]
//
// A row for each reason, those of a goroutine dump: how often goroutines parked for it, how many of those wait
// still, and how long the others waited until they could run again. Time in the run queue, after that, does not
// count: see runqlat. Many that wait still, and more each time, are a leak: golife says who made them. `parks`
// says where they wait.
//
// What waited before the script began is not counted.
//
// Cost: a probe on each park and one on each change of a goroutine's status, both emulated (about 1 us each).
//
// On a program whose goroutines wait to send an answer that nobody takes any more:
//
//     parks - gateway (4242) - 2.0 s
//     reason           parks  waiting  waited p50  waited p90  waited p99  waited max
//     sleep              221        2     2.83 ms     20.8 ms     23.3 ms      302 ms
//     chan receive       204        1     10.0 ms     10.9 ms     12.5 ms     14.7 ms
//     select             204        1     2.69 ms     10.4 ms     11.4 ms     12.1 ms
//     chan send           41       41           -           -           -           -
//     sync.Mutex.Lock      1        1           -           -           -           -

let @parked = golocal(65536);

goroutine:park
{
    @parks[args.reason] = count();
    @parked[goid] = (nsecs, args.reason);
}

goroutine:ready
/has_key(@parked, args.goid)/
{
    $park = @parked[args.goid];
    @waited_ns[$park.1] = hist(nsecs - $park.0, 4);
    delete(@parked[args.goid]);
}

end
{
    for ($kv : @parked) {
        @waiting[$kv.1.1] = count();
    }
    clear(@parked);
    table("parks|reason", @parks, @waiting, @waited_ns, getopt("top", 20, "most rows"));
}
