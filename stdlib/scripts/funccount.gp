// funccount: how often are functions called?
//
//     gprobe funccount -p PID 'main.*' [--top 20]
//
// The parameter is the name of a function, with `*` and `?` for any text: `main.(*Cache).*`, `net/http.*`. A row for
// each function that was called. Calls that the compiler put into their callers (inlined) are none, and are not
// counted; `gprobe list 'go:main.*' -p PID` shows which functions there are.
//
// Cost: a probe on each function, emulated, once a call. The start says of a function that is known to run very often;
// try `--dry-run` first where the pattern is wide.
//
// On a shop (examples/targets/storefront), `gprobe funccount -p PID 'main.(*Shop).*'`:
//
//     calls - storefront (4242) - 5.0 s
//     function                         calls
//     main.(*Shop).handleProducts      2,823
//     main.(*Shop).handleProducts-fm   2,823
//     main.(*Shop).handleReviews         284
//     main.(*Shop).handleReviews-fm      284
//     main.(*Shop).handleCheckout        282
//     main.(*Shop).handleCheckout-fm     282
//     main.(*Shop).Forecast                9
//     main.(*Shop).handleReport            9
//     main.(*Shop).handleReport-fm         9

begin
{
    if comptime ($# != 1) {
        fail("one parameter is wanted, the functions to count: gprobe funccount -p PID 'main.*'");
    }
}

go:$1
{
    @calls[func] = count();
}

end
{
    table("calls|function", @calls, getopt("top", 20, "most rows"));
}
