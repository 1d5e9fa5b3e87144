// timeline: what did each goroutine do, and when, as a trace to look at?
//
//     gprobe timeline -q -p PID -t 5s -o trace.json [--goid N] [--min 100us]
//
// Open trace.json at https://ui.perfetto.dev, or in chrome://tracing; it is in Chrome's trace-event format. There is a
// track for each goroutine, with the function that it was started with. It says when the goroutine was `running`,
// `runnable` (it could run, and no processor took it) and `waiting`, with what for; under `running` its system calls
// and calls of C. Two tracks of the runtime have the collector's marking and the stops of the world.
//
// A track begins with the first change that was seen. --min 100us leaves shorter slices out, --goid N shows one
// goroutine. A busy program makes 100,000 slices a second and more: some seconds are enough. Where gprobe says that
// events were lost, slices are missing.
//
// Cost: about twelve probes, most of them emulated, on all that the scheduler does.
//
// On a shop (examples/targets/storefront), to begin with:
//
//     [
//     {"ph":"X","pid":4242,"tid":7,"ts":6472047109.286,"dur":663.264,"name":"runnable"},
//     {"ph":"X","pid":4242,"tid":7,"ts":6472047772.550,"dur":9.137,"name":"running"},

config = { print_maps_on_exit = false; missing_probes = ignore; }

let @running = golocal(100000);
let @runnable = golocal(100000);
let @waiting = golocal(100000);

// Whether a goroutine is to be shown.
macro shown(id) {
    getopt("goid", 0, "this goroutine alone; 0: all") == 0 || id == getopt("goid", 0)
}

// Microseconds with a fraction, as the format has them.
macro slice(id, what, kind, from, to) {
    if (to - from >= getopt("min", 0ms, "slices that are as long as this")) {
        printf("{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%d.%03d,\"dur\":%d.%03d,\"name\":\"%s%s\"},\n",
            pid, id, from / 1000, from % 1000, (to - from) / 1000, (to - from) % 1000, kind, what);
    }
}

macro runtime_slice(track, what, from, to) {
    printf("{\"ph\":\"X\",\"pid\":0,\"tid\":%d,\"ts\":%d.%03d,\"dur\":%d.%03d,\"name\":\"%s\"},\n",
        track, from / 1000, from % 1000, (to - from) / 1000, (to - from) % 1000, what);
}

macro named(id, name) {
    printf("{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}},\n",
        pid, id, name);
}

begin
{
    printf("[\n");
    printf("{\"ph\":\"M\",\"pid\":0,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":\"collector\"}},\n");
    printf("{\"ph\":\"M\",\"pid\":0,\"tid\":2,\"name\":\"thread_name\",\"args\":{\"name\":\"world stopped\"}},\n");
}

iter:goroutine
/shown(goid)/
{
    named(goid, gname);
}

goroutine:create
/shown(args.goid)/
{
    named(args.goid, args.func);
    @runnable[args.goid] = nsecs;
}

goroutine:run
/shown(args.goid)/
{
    $now = nsecs;
    // A system call has cost it its processor.
    if (has_key(@running, args.goid)) {
        slice(args.goid, "", "running", @running[args.goid], $now);
    }
    if (has_key(@runnable, args.goid)) {
        slice(args.goid, "", "runnable", @runnable[args.goid], $now);
        delete(@runnable[args.goid]);
    }
    @running[args.goid] = $now;
}

goroutine:park
/shown(goid)/
{
    $now = nsecs;
    if (has_key(@running, goid)) {
        slice(goid, "", "running", @running[goid], $now);
        delete(@running[goid]);
    }
    @waiting[goid] = ($now, args.reason);
}

goroutine:ready
/shown(args.goid)/
{
    $now = nsecs;
    if (has_key(@waiting, args.goid)) {
        $wait = @waiting[args.goid];
        slice(args.goid, $wait.1, "waiting: ", $wait.0, $now);
        delete(@waiting[args.goid]);
    }
    @runnable[args.goid] = $now;
}

goroutine:yield, goroutine:preempt
/shown(args.goid)/
{
    $now = nsecs;
    if (has_key(@running, args.goid)) {
        slice(args.goid, "", "running", @running[args.goid], $now);
        delete(@running[args.goid]);
    }
    @runnable[args.goid] = $now;
}

goroutine:exit
/shown(args.goid)/
{
    $now = nsecs;
    if (has_key(@running, args.goid)) {
        slice(args.goid, "", "running", @running[args.goid], $now);
    }
}

syscall:exit
/shown(goid) && has_key(@running, goid)/
{
    // In this order: a slice must not seem to begin before it did.
    $ns = args.ns;
    $now = nsecs;
    $from = $now - $ns;
    $what = syscall_name(args.nr);
    if ($from >= @running[goid]) {
        slice(goid, $what, "syscall ", $from, $now);
    }
}

cgo:exit
/shown(goid) && has_key(@running, goid)/
{
    $ns = args.ns;
    $now = nsecs;
    $from = $now - $ns;
    $what = args.fn;
    if ($from >= @running[goid]) {
        slice(goid, $what, "in C: ", $from, $now);
    }
}

gc:start
{
    @marking[pid] = nsecs;
}

gc:mark-done
/has_key(@marking, pid)/
{
    runtime_slice(1, "marking", @marking[pid], nsecs);
    delete(@marking[pid]);
}

gc:stw-start
{
    @stopped[pid] = nsecs;
    @reason[pid] = args.reason;
}

gc:stw-stop
/has_key(@stopped, pid)/
{
    $why = stw_reason(@reason[pid]);
    runtime_slice(2, $why, @stopped[pid], nsecs);
    delete(@stopped[pid]);
}

end
{
    clear(@running);
    clear(@runnable);
    clear(@waiting);
    clear(@marking);
    clear(@stopped);
    clear(@reason);
    printf("{\"ph\":\"M\",\"pid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"Go runtime\"}}\n]\n");
}
