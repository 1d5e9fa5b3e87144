// funclatency: how long do calls of functions take?
//
//     gprobe funclatency -p PID 'main.(*Orders).*' [--top 20]
//
// The parameter is the name of a function, with `*` and `?` for any text. A row for each function: the time in all of
// its calls that have returned, how many, and how long one takes. It is the time from the entry to the return:
// waiting, and all that the function calls, are in it. So a function that calls itself counts the time of the inner
// calls again in that of the outer ones, and the total of all rows may be more than the time that went by.
//
// A call that had begun before the script, that does not return, or that a panic ends, is not counted; the function
// that recovers the panic returns, and is. Calls that the compiler put into their callers are no calls.
//
// Cost: two probes a call, one of them single-stepped.
//
// On a shop (examples/targets/storefront), `gprobe funclatency -p PID 'main.(*Shop).*'`:
//
//     latency of calls - storefront (4242) - 5.0 s
//     function                         total  calls  call p50  call p90  call p99  call max
//     main.(*Shop).handleCheckout-fm  6.22 s    316   18.5 ms   35.7 ms   49.8 ms   75.5 ms
//     main.(*Shop).handleCheckout     6.14 s    316   18.2 ms   35.5 ms   49.8 ms   75.5 ms
//     main.(*Shop).handleProducts-fm  1.33 s  3,175   27.4 us   80.2 us   12.0 ms   30.4 ms
//     main.(*Shop).handleProducts     691 ms  3,160   13.7 us   43.0 us   6.88 ms   30.4 ms
//     main.(*Shop).handleReport-fm    142 ms     10   11.8 ms   20.4 ms   28.8 ms   29.4 ms

begin
{
    if comptime ($# != 1) {
        fail("one parameter is wanted, the functions to time: gprobe funclatency -p PID 'main.*'");
    }
}

go:$1:return
{
    $took = nsecs - entry(nsecs);
    @calls[func] = count();
    @total_ns[func] = sum($took);
    @call_ns[func] = hist($took, 4);
}

end
{
    table("latency of calls|function", @total_ns, @calls, @call_ns, getopt("top", 20, "most rows"));
}
