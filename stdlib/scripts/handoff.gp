// handoff: which calls of C and which system calls lose their P, so that the scheduler has to hand it on?
//
//     gprobe handoff -p PID [--top 10]
//
// A goroutine that calls C or the kernel keeps its P, until the runtime's monitor (sysmon) finds it there after 20
// us to 10 ms and gives the P to another thread, which may have to be woken or made. The goroutine must then wait
// for a P when it returns. A row for each function that lost Ps: how often, and how long it had been in when it lost
// one. What loses hundreds a second makes the program pay twice: for the threads, and for the wait; do it in fewer
// goroutines, or in bigger pieces.
//
// Ps that threads give away of their own will before they wait (runtime.entersyscallblock) are not counted;
// @began_before has those whose call began before the script.
//
// Cost: a probe on each call of C, one on each way back from a callback, and one on each system call, most on
// instructions that the kernel emulates (about 1 us); one on each P that is taken.
//
// On a program with watermarks in C (examples/targets/thumbs):
//
//     Ps lost in C - thumbs (4242) - 10.0 s
//     C function     called by                    lost  after p50  after p90  after p99  after max
//     watermark      main.(*Marker).Stamp        3,147     356 us    2.17 ms    5.01 ms    11.0 ms
//     geoip_lookup   main.(*Locator).Country     1,386     307 us    2.09 ms    5.01 ms    11.0 ms
//     index_find     main.(*Index).Find            537     220 us    1.65 ms    3.83 ms    7.34 ms
//     scale_image    main.(*Renderer).Thumbnail    466     121 us     160 us     187 us     205 us
//     index_compact  main.(*Index).Compact         126     385 us    2.13 ms    4.33 ms    5.51 ms

// A program may call no C, or C that never calls back.
config = {
    missing_probes = ignore;
}

let @in_c = golocal(100000);

cgo:enter
{
    @in_c[goid] = (nsecs, args.fn, args.caller);
    @c_of_p[cur_p] = (nsecs, args.fn, args.caller);
}

// Back in C, perhaps with another P.
cgo:callback-exit
/has_key(@in_c, goid)/
{
    $call = @in_c[goid];
    @c_of_p[cur_p] = (nsecs, $call.1, $call.2);
}

syscall:enter
{
    @syscall_of_p[cur_p] = (nsecs, syscall_name(args.nr), caller(1));
}

// Whatever went in last with this P is still there.
sched:p-retake
{
    $c = @c_of_p[args.p];
    $s = @syscall_of_p[args.p];
    if ($c.0 > $s.0) {
        @lost[$c.1, $c.2] = count();
        @after_ns[$c.1, $c.2] = hist(nsecs - $c.0, 4);
    } else if ($s.0 != 0) {
        @losses[$s.1, $s.2] = count();
        @inside_ns[$s.1, $s.2] = hist(nsecs - $s.0, 4);
    } else {
        @began_before = count();
    }
}

end
{
    clear(@in_c);
    clear(@c_of_p);
    clear(@syscall_of_p);
    table("Ps lost in C|C function|called by", @lost, @after_ns,
        getopt("top", 10, "most rows of a table"));
    table("Ps lost in system calls|system call|called by", @losses, @inside_ns, getopt("top", 10));
}
