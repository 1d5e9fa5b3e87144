// gosyscalls: which system calls do goroutines make, from where, how often, and how long do they take?
//
//     gprobe gosyscalls -p PID [--by caller|call] [--min 0] [--goid N] [--stack 8] [--top 10]
//
// A row for each system call and the goroutine's stack (--by call: for each system call), the one with the most time
// on top: many short calls want a buffer, few long ones hold a thread each and want another way. --min 1ms leaves
// the short ones out. Reads and writes of sockets that have to wait are not long: the goroutine parks, and netwait
// has it. Calls that began before the script are not counted, nor are those of C code and of the runtime itself.
//
// Cost: two probes on each system call by way of package syscall, on instructions that the kernel emulates (about 1
// us a call).
//
// On a program that throttles its clients with nanosleep (examples/targets/uploads):
//
//     system calls - uploads (4242) - 10.0 s
//     system call     total   calls  took p50  took p90  took p99  took max
//     nanosleep    2.65 min  15,356   10.3 ms   18.3 ms   20.6 ms   30.4 ms
//         syscall.Syscall@/usr/local/go/src/syscall/syscall_linux.go:88
//         syscall.Nanosleep@/usr/local/go/src/syscall/zsyscall_linux_amd64.go:690
//         main.(*Throttle).Wait@/src/uploads/main.go:31
//         main.serve (inlined)@/src/uploads/main.go:62
//     write          135 ms  29,799   5.85 us   8.15 us   24.7 us   4.19 ms
//         syscall.Syscall@/usr/local/go/src/syscall/syscall_linux.go:88
//         syscall.write@/usr/local/go/src/syscall/zsyscall_linux_amd64.go:964
//         syscall.Write (inlined)@/usr/local/go/src/syscall/syscall_unix.go:211
//         internal/poll.ignoringEINTRIO (inlined)@/usr/local/go/src/internal/poll/fd_unix.go:743
//         internal/poll.(*FD).Write@/usr/local/go/src/internal/poll/fd_unix.go:379
//         os.(*File).write (inlined)@/usr/local/go/src/os/file_posix.go:47
//         os.(*File).Write@/usr/local/go/src/os/file.go:215
//         main.(*Journal).Append@/src/uploads/main.go:44

syscall:exit
/args.ns >= getopt("min", 0, "only calls that took at least as long") &&
    (getopt("goid", 0, "only of this goroutine; 0: of all") == 0 || goid == getopt("goid", 0))/
{
    $took = args.ns;
    if comptime (getopt("by", "caller", "what has a row: caller or call") == "call") {
        @total_ns[syscall_name(args.nr)] = sum($took);
        @calls[syscall_name(args.nr)] = count();
        @took_ns[syscall_name(args.nr)] = hist($took, 4);
    } else {
        $stack = gostack(getopt("stack", 8, "frames of the goroutine's stack"));
        @total_ns[syscall_name(args.nr), $stack] = sum($took);
        @calls[syscall_name(args.nr), $stack] = count();
        @took_ns[syscall_name(args.nr), $stack] = hist($took, 4);
    }
}

end
{
    if comptime (getopt("by", "caller") == "call") {
        table("system calls|system call", @total_ns, @calls, @took_ns,
            getopt("top", 10, "most rows"));
    } else {
        table("system calls|system call|stack", @total_ns, @calls, @took_ns,
            getopt("top", 10, "most rows"));
    }
}
