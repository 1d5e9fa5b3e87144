// netwait: which goroutines wait for the network, and for how long?
//
//     gprobe netwait -p PID [--stack 16] [--by stack|goroutine|fd] [--top 10]
//
// A row for each stack that waited to read from a socket, a pipe or another file that can be polled, or to write to
// it: what the goroutine was started with, what it wanted, how often it had to wait, and for how long. A slow service
// that the program depends on is a stack that reads from it. Waiting for others to ask is no evil: servers wait in
// `Accept`, and for the next request of a connection. To wait to write means that the other side reads too slowly.
//
// --by fd has a row for each file descriptor instead of each stack; `ls -l /proc/PID/fd` and `ss -p` know what it is.
// Waits that began before the script, or have not ended, are not counted.
//
// Cost: three probes, emulated, one of them on each change of any goroutine's status.
//
// On a program that waits for each answer of its replica (examples/targets/replicator):
//
//     waits for the network - replicator (4242) - 5.0 s
//     goroutine                       to     total  waits  wait p50  wait p90  wait p99  wait max
//     main.main.gowrap2               read  15.1 s  1,169   12.3 ms   16.0 ms   19.8 ms   27.3 ms
//         runtime.netpollblock
//         internal/poll.runtime_pollWait
//         internal/poll.(*pollDesc).wait
//         internal/poll.(*pollDesc).waitRead (inlined)
//         internal/poll.(*FD).Read
//         net.(*netFD).Read
//         net.(*conn).Read
//         bufio.(*Reader).fill
//         bufio.(*Reader).ReadSlice
//         bufio.(*Reader).collectFragments
//         bufio.(*Reader).ReadString
//         main.(*Copier).Copy
//         main.run

config = { show_debug_info = false; }

let @since = golocal(100000);
let @whose = golocal(100000);
let @way = golocal(100000);

macro where() {
    if comptime (getopt("by", "stack", "a row for each: stack, goroutine or fd") == "stack") {
        gostack(getopt("stack", 16, "frames of a stack"))
    } else if comptime (getopt("by", "stack") == "fd") {
        args.fd
    } else {
        goid
    }
}

netpoll:block
{
    @since[goid] = nsecs;
    @whose[goid] = (gname, where());
    @way[goid] = args.write;
}

goroutine:ready
/has_key(@since, args.goid)/
{
    $took = nsecs - @since[args.goid];
    $who = @whose[args.goid];
    $way = @way[args.goid] ? "write" : "read";
    @waits[$who.0, $way, $who.1] = count();
    @total_ns[$who.0, $way, $who.1] = sum($took);
    @wait_ns[$who.0, $way, $who.1] = hist($took, 4);
    delete(@since[args.goid]);
}

end
{
    clear(@since);
    clear(@whose);
    clear(@way);
    if comptime (getopt("by", "stack") == "stack") {
        table("waits for the network|goroutine|to|stack", @total_ns, @waits, @wait_ns,
            getopt("top", 10, "most rows"));
    } else if comptime (getopt("by", "stack") == "fd") {
        table("waits for the network|goroutine|to|fd", @total_ns, @waits, @wait_ns,
            getopt("top", 10));
    } else {
        table("waits for the network|goroutine|to|goid", @total_ns, @waits, @wait_ns,
            getopt("top", 10));
    }
}
