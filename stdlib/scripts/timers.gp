// timers: how many timers go off, who makes them, and who sleeps?
//
//     gprobe timers -p PID [--stack 5] [--top 20]
//
// The first line says how many timers went off: each may wake a goroutine, and a processor with it. A program that
// does nothing, and yet uses a few per cent of a processor, mostly has thousands a second. The first table says who
// makes timers or sets them anew (time.NewTimer, which time.After calls, time.AfterFunc, which contexts with a
// deadline call, tickers), the second who sleeps, how often, and for how long they wanted to. A ticker is made once
// and goes off on and on. Deadlines of connections are timers too, and are among those that went off.
//
// --stack 5 has a row for each stack of five frames.
//
// Cost: a probe on each timer that goes off and one where each is made, most of them emulated.
//
// On a program that looks for messages with time.After (examples/targets/sessions):
//
//     85383 timers went off, 16608 a second
//
//     timers made or set - sessions (4242) - 5.0 s
//     by             function                made
//     time.NewTimer  main.(*Session).Poll  85,115
//
//     sleeps - sessions (4242) - 5.0 s
//     function               sleeps   total  sleep p50  sleep p90  sleep p99  sleep max
//     main.(*Janitor).Sweep     218  4.36 s    20.4 ms    20.9 ms    21.0 ms    21.0 ms
//     main.main                  94  4.70 s    49.3 ms    50.1 ms    50.3 ms    50.3 ms

config = { missing_probes = ignore; }

macro who() {
    if comptime (getopt("stack", 0, "frames of a stack; 0: the function") == 0) {
        caller()
    } else {
        gostack(getopt("stack", 0))
    }
}

timer:fire
{
    @fired++;
}

go:time.NewTimer:inline,
go:time.AfterFunc:inline,
go:time.NewTicker:inline,
go:time.(*Timer).Reset:inline,
go:time.(*Ticker).Reset:inline
{
    @made[func, who()] = count();
}

timer:sleep
{
    $who = who();
    @sleeps[$who] = count();
    @total_ns[$who] = sum(args.ns);
    @sleep_ns[$who] = hist(args.ns, 4);
}

end
{
    printf("%d timers went off, %d a second\n\n", @fired, @fired * 1000 / (elapsed / 1000000));
    clear(@fired);
    table("timers made or set|by|function", @made, getopt("top", 20, "most rows"));
    table("sleeps|function", @sleeps, @total_ns, @sleep_ns, getopt("top", 20));
}
