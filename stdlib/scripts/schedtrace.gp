// schedtrace: what do the scheduler's threads, processors and goroutines do, second by second?
//
//     gprobe schedtrace -p PID
//
// A line each second, like that of GODEBUG=schedtrace=1000, for a program that runs already: threads (Ms), how
// many of them sleep for want of work, how many look for work; processors (Ps) that a thread has; goroutines by
// status; how many of the runnable are in the queues of Ps, and the longest of these, the others being in the
// global queue; and how often in that second a goroutine was made to let others run, and a P was handed to another
// thread, of these because of a long system call or call of C. Runnable goroutines in each line mean that there
// are too few Ps, or CPUs.
//
// The program is looked at from outside while it runs, thread by thread: the numbers of a line need not add up.
// They are from the end of the second before.
//
// Cost: nothing for looking; a probe on each preemption and hand-off, emulated, and few.
//
// On a program with one P and three goroutines that compute:
//
//         time |    Ms  idle  spin |    Ps | running runnable waiting syscall | queued longest | preempts handoffs retakes
//          2 s |     4     2     0 |     1 |       1        3       6       0 |      3       3 |       44        0       0
//          3 s |     4     2     0 |     1 |       1        4       5       0 |      4       4 |       46        0       0
//          4 s |     4     2     0 |     1 |       1        4       5       0 |      0       0 |       48        0       0
//          5 s |     4     2     0 |     1 |       1        3       6       0 |      0       0 |       48        0       0

config = { print_maps_on_exit = false; }

begin
{
    printf("%8s | %5s %5s %5s | %5s | %7s %8s %7s %7s | %6s %7s | %8s %8s %7s\n", "time", "Ms",
        "idle", "spin", "Ps", "running", "runnable", "waiting", "syscall", "queued", "longest",
        "preempts", "handoffs", "retakes");
}

iter:thread:1s
{
    @ms++;
    if (curm.p != 0) {
        @ps++;
        $p = (*runtime.p)(curm.p);
        $queued = (uint64)(uint32)($p.runqtail - $p.runqhead) + ($p.runnext != 0 ? 1 : 0);
        @queued += $queued;
        if ($queued > @longest) {
            @longest = $queued;
        }
    } else {
        if (curm.blocked) {
            @idle++;
        }
    }
    if (curm.spinning) {
        @spinning++;
    }
}

iter:goroutine:1s
{
    @seen++;
    if (gstatus == Grunning) {
        @running++;
    } else if (gstatus == Grunnable) {
        @runnable++;
    } else if (gstatus == Gsyscall) {
        @syscall++;
    } else {
        @waiting++;
    }
}

goroutine:preempt
{
    @preempts++;
}

sched:p-handoff
{
    @handoffs++;
}

sched:p-retake
{
    @retakes++;
}

interval:1s
{
    if (@seen > 0) {
        printf("%6d s | %5d %5d %5d | %5d | %7d %8d %7d %7d | %6d %7d | %8d %8d %7d\n",
            elapsed / 1s, @ms, @idle, @spinning, @ps, @running, @runnable, @waiting, @syscall,
            @queued, @longest, @preempts, @handoffs, @retakes);
    }
    @ms = 0;
    @idle = 0;
    @spinning = 0;
    @ps = 0;
    @seen = 0;
    @running = 0;
    @runnable = 0;
    @waiting = 0;
    @syscall = 0;
    @queued = 0;
    @longest = 0;
    @preempts = 0;
    @handoffs = 0;
    @retakes = 0;
}
