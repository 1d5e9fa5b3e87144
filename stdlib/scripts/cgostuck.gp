// cgostuck: which goroutines are in C right now and do not come back?
//
//     gprobe cgostuck -p PID [--min 1s] [--stack N] [--top 20]
//
// Each second and at the end, a row for each goroutine that has been in the same call of C for longer than --min:
// for how long, the C function, and the Go function that called it; with --stack N also the goroutine's stack.
// `since` says whether the call's beginning was `seen`, or was `before gprobe`: then it has lasted at least as long
// as is shown. A call that blocks forever is one whose time grows from table to table; its goroutine and a thread
// are lost.
//
// Cost: one probe on each call of C, on an instruction that the kernel emulates (about 1 us); the goroutines are
// read from outside, once a second.
//
// On a program whose licence server does not answer (examples/targets/thumbs):
//
//     in C for long - thumbs (4242) - 1.0 s
//     goroutine     for  c_function     called_by                since
//            47  1.03 s  license_check  main.(*License).Refresh  before gprobe
//
//     in C for long - thumbs (4242) - 2.0 s
//     goroutine     for  c_function     called_by                since
//            47  2.02 s  license_check  main.(*License).Refresh  before gprobe

let @began = golocal(100000);
let @for_ns = golocal(100000);
let @call = golocal(100000);

// What Go called C from: the frame of the cgo wrapper, which the runtime keeps while the goroutine is in C.
macro wrapper() {
    if comptime (go_minor >= 21) { *(uint64*)curg.sched.bp } else { curg.sched.bp }
}

cgo:enter
/cgo_depth == 0/
{
    @began[goid] = nsecs;
}

iter:goroutine:1s
{
    let $since: uint64;
    $seen = find(@began, goid, $since);
    $for = $seen ? nsecs - $since : elapsed;
    if (gstatus == Gsyscall && cgo_depth > 0 &&
        $for > getopt("min", 1s, "only calls that have lasted longer")) {
        $function = funcname(*(uint64*)(wrapper() + 8));
        $caller = funcname(*(uint64*)(*(uint64*)wrapper() + 8));
        @for_ns[goid] = $for;
        if comptime (getopt("stack", 0, "frames of the goroutine's stack") > 0) {
            @call[goid] = (c_function = $function, called_by = $caller, since =
                $seen ? "seen" : "before gprobe", stack = gostack(getopt("stack", 0)));
        } else {
            @call[goid] = (c_function = $function, called_by = $caller, since =
                $seen ? "seen" : "before gprobe");
        }
    } else {
        delete(@for_ns[goid]);
        delete(@call[goid]);
    }
}

interval:1s
{
    table("in C for long|goroutine", @for_ns, @call, getopt("top", 20, "most rows"));
}

end
{
    clear(@began);
    table("in C for long|goroutine", @for_ns, @call, getopt("top", 20));
}
