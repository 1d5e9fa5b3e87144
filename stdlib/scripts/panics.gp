// panics: which panics are there, where, and were they recovered?
//
//     gprobe panics -p PID [--stack 5] [--top 20]
//
// A line for each panic at its end: whether it was recovered, the goroutine, and the function that panicked: the
// nearest that is not of Go's runtime, so that of a nil pointer or an index out of range it is the one with the fault.
// At the end a row for each such function, with how many panics it had and how many were recovered. What is not
// recovered kills the program. A panic in a deferred function that runs because of another one counts as well; the
// recovery of both is one, and stands with the last. --stack 5 shows five frames with each line.
//
// Cost: three probes, emulated, on panics alone.
//
// On a shop in which a product has no review (examples/targets/storefront):
//
//     recovered goroutine 331287: main.(*Reviews).Latest
//     recovered goroutine 40: main.(*Reviews).Latest
//     panics - storefront (4242) - 5.0 s
//     function                panics  recovered
//     main.(*Reviews).Latest     134        134

let @place = golocal(100000);
let @from = golocal(100000);

macro said(how) {
    if comptime (getopt("stack", 0, "frames of each panic; 0: none") == 0) {
        printf("%-9s goroutine %d: %s\n", how, goid, @place[goid]);
    } else {
        printf("%-9s goroutine %d: %s%s\n", how, goid, @place[goid], @from[goid]);
    }
}

panic:panic
{
    @place[goid] = caller(program);
    if comptime (getopt("stack", 0) == 0) {
        @from[goid] = gostack(1);
    } else {
        @from[goid] = gostack(getopt("stack", 0));
    }
    @panics[caller(program)] = count();
}

panic:recover
/has_key(@place, goid)/
{
    @recovered[@place[goid]] = count();
    said("recovered");
    delete(@place[goid]);
}

panic:fatal
/has_key(@place, goid)/
{
    said("fatal");
}

end
{
    clear(@place);
    clear(@from);
    table("panics|function", @panics, @recovered, getopt("top", 20, "most rows"));
}
