// offcpu: which system calls do goroutines wait in, holding a thread, and where do they make them?
//
//     gprobe offcpu -p PID [--by stack|call] [--min 0] [--goid N] [--stack 8] [--top 10]
//
// A row for each system call and stack (--by call: for each system call): for how long threads waited in the kernel
// while they were a goroutine's, how often, and how long at a time. From where the thread leaves its CPU to wait, to
// the end of the system call. Calls that C code makes are there too, under the Go function that called C. Goroutines
// that wait for channels, locks, timers or the network hold no thread and are not here: gostates has them; nor are
// waits for a page of memory, and for a CPU.
//
// Cost: tracepoints on each switch of the process's threads and on each system call: 0.2 to 0.5 us each.
//
// On a program that throttles its clients with nanosleep (examples/targets/uploads):
//
//     waits in the kernel - uploads (4242) - 10.0 s
//     system call     total   waits  took p50  took p90  took p99  took max
//     nanosleep    2.67 min  15,498   10.4 ms   18.2 ms   20.4 ms   23.1 ms
//         internal/runtime/syscall/linux.Syscall6@/usr/local/go/src/internal/runtime/syscall/linux/asm_linux_amd64.s:36
//         syscall.RawSyscall6@/usr/local/go/src/syscall/syscall_linux.go:65
//         syscall.Syscall@/usr/local/go/src/syscall/syscall_linux.go:87
//         syscall.Nanosleep@/usr/local/go/src/syscall/zsyscall_linux_amd64.go:690
//         main.(*Throttle).Wait@/src/uploads/main.go:31
//         main.serve (inlined)@/src/uploads/main.go:62

// Threads that are on their own CPU again are not seen to be so before the system call ends: what is left of a wait for
// a page goes with the next system call.
tracepoint:sched:sched_switch
/goid != 0 && (args.prev_state & 0xff) != 0 && !has_key(@since, tid)/
{
    @since[tid] = nsecs;
}

tracepoint:raw_syscalls:sys_enter
{
    delete(@since[tid]);
}

tracepoint:raw_syscalls:sys_exit
/has_key(@since, tid)/
{
    $waited = nsecs - @since[tid];
    delete(@since[tid]);
    if ($waited >= getopt("min", 0, "only waits that took at least as long") && (getopt("goid", 0,
        "only of this goroutine; 0: of all") == 0 || goid == getopt("goid", 0))) {
        if comptime (getopt("by", "stack", "what has a row: stack or call") == "call") {
            @total_ns[syscall_name(args.id)] = sum($waited);
            @waits[syscall_name(args.id)] = count();
            @took_ns[syscall_name(args.id)] = hist($waited, 4);
        } else {
            $stack = gostack(getopt("stack", 8, "frames of the goroutine's stack"));
            @total_ns[syscall_name(args.id), $stack] = sum($waited);
            @waits[syscall_name(args.id), $stack] = count();
            @took_ns[syscall_name(args.id), $stack] = hist($waited, 4);
        }
    }
}

end
{
    clear(@since);
    if comptime (getopt("by", "stack") == "call") {
        table("waits in the kernel|system call", @total_ns, @waits, @took_ns,
            getopt("top", 10, "most rows"));
    } else {
        table("waits in the kernel|system call|stack", @total_ns, @waits, @took_ns,
            getopt("top", 10, "most rows"));
    }
}
