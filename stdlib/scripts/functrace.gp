// functrace: which functions are called, by whom, in which order, and how long does each take?
//
//     gprobe functrace -p PID 'main.*' [--goid N] [--min 1ms]
//
// The parameter is the name of a function, with `*` and `?` for any text. A line for each call and each return, with
// the goroutine's id; calls within a call are indented. A return says how long the call took. Lines of several
// goroutines are mixed: --goid shows one of them. With --min there are lines of returns alone, of calls that took that
// long.
//
// How deep a call is is counted from where the script began. A call that a panic ends has no return; its depth is
// right again with the next return of a function further out. Calls that the compiler put into their callers are no
// calls.
//
// Cost: two probes a call, one of them single-stepped, and a line for each.
//
// On a shop (examples/targets/storefront), `gprobe functrace -p PID 'main.*'`:
//
//         56192  main.recoverPanics.func1
//         56192    main.(*Shop).handleProducts-fm
//         56192      main.(*Shop).handleProducts
//         56192        main.(*Catalog).Page
//         56192        main.(*Catalog).Page returns after 3.79 us
//         56192      main.(*Shop).handleProducts returns after 33.3 us
//         56192    main.(*Shop).handleProducts-fm returns after 47.1 us
//         56192    main.recoverPanics.func1.1
//         56192    main.recoverPanics.func1.1 returns after 3.78 us
//         56192  main.recoverPanics.func1 returns after 75.7 us

let @depth = golocal(100000);
let @level = lruhash(100000);

macro indent(n) {
    n == 0 ? "" : n == 1 ? "  " : n == 2 ? "    " : n == 3 ? "      " : n == 4 ? "        " :
        n == 5 ? "          " : n == 6 ? "            " : n == 7 ? "              " :
        "                "
}

begin
{
    if comptime ($# != 1) {
        fail("one parameter is wanted, the functions to trace: gprobe functrace -p PID 'main.*'");
    }
    printf("goroutine\n");
}

go:$1
{
    $depth = @depth[goid];
    @depth[goid] = $depth + 1;
    @level[goid, frame] = $depth;
    if comptime (getopt("min", 0ms, "lines only of calls that take longer") == 0) {
        if (getopt("goid", 0, "this goroutine alone; 0: all") == 0 || goid == getopt("goid", 0)) {
            $indent = indent($depth);
            printf("%9d  %s%s\n", goid, $indent, func);
        }
    }
}

go:$1:return
/has_key(@level, (goid, frame))/
{
    $took = nsecs - entry(nsecs);
    $depth = @level[goid, frame];
    delete(@level[goid, frame]);
    @depth[goid] = $depth;
    if ((getopt("goid", 0) == 0 || goid == getopt("goid", 0)) && $took >= getopt("min", 0ms)) {
        $indent = indent($depth);
        printf("%9d  %s%s returns after %s\n", goid, $indent, func, duration($took));
    }
}

end
{
    clear(@depth);
    clear(@level);
}
