// parks: where do goroutines park, and how long do they wait there in all?
//
//     gprobe parks -p PID [--reason "chan receive"] [--goid N] [--stack 6] [--top 10]
//
// A row for each reason and stack: how long goroutines waited there in all, how often, and how many wait still; the
// longest first. Those that wait still count with what they have waited until the end. That a goroutine waits is no
// fault: look for places where requests wait, not for workers that wait for work.
//
// What waited before the script began is not counted.
//
// Cost: a probe on each park, which walks the stack, and one on each change of a goroutine's status, both emulated
// (about 1 us each, and 0.1 us a frame).
//
// On a program whose goroutines wait to send an answer that nobody takes any more:
//
//     parks - gateway (4242) - 2.0 s
//     reason        waited  parks  waiting
//     chan send     46.2 s     41       41
//         runtime.gopark@/usr/local/go/src/runtime/proc.go:457
//         runtime.chansend@/usr/local/go/src/runtime/chan.go:283
//         runtime.chansend1@/usr/local/go/src/runtime/chan.go:161
//         main.(*Gateway).ask.func1@/src/gateway/main.go:47
//     chan receive  2.12 s    205        1
//         runtime.gopark@/usr/local/go/src/runtime/proc.go:457
//         runtime.chanrecv@/usr/local/go/src/runtime/chan.go:667
//         runtime.chanrecv2@/usr/local/go/src/runtime/chan.go:514
//         main.(*Gateway).accept@/src/gateway/main.go:69
//         main.main@/src/gateway/main.go:115
//         runtime.main@/usr/local/go/src/runtime/proc.go:302
//     (6 more rows)

let @parked = golocal(65536);

goroutine:park
/getopt("goid", 0, "only this goroutine; 0: all") == 0 || goid == getopt("goid", 0)/
{
    if comptime (getopt("reason", "", "only parks for this reason") == "") {
        @parked[goid] = (nsecs, args.reason, gostack(getopt("stack", 6, "frames of the stack")));
    } else {
        if (args.reason == getopt("reason", "")) {
            @parked[goid] = (nsecs, args.reason, gostack(getopt("stack", 6)));
        }
    }
}

goroutine:ready
/has_key(@parked, args.goid)/
{
    $park = @parked[args.goid];
    @waited_ns[$park.1, $park.2] = sum(nsecs - $park.0);
    @parks[$park.1, $park.2] = count();
    delete(@parked[args.goid]);
}

end
{
    for ($kv : @parked) {
        @waited_ns[$kv.1.1, $kv.1.2] = sum(nsecs - $kv.1.0);
        @parks[$kv.1.1, $kv.1.2] = count();
        @waiting[$kv.1.1, $kv.1.2] = count();
    }
    clear(@parked);
    table("parks|reason|stack", @waited_ns, @parks, @waiting, getopt("top", 10, "most rows"));
}
