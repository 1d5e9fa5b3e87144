// cgocalls: which C functions does Go call, how often, from where, and how long do they take?
//
//     gprobe cgocalls -p PID
//
// Prints, when it ends (Ctrl-C):
//   @calls[C function, Go caller]          how many calls have returned
//   @by_goroutine[C function, goroutine]   the same, by the goroutine that called
//   @us[C function, Go caller]             a histogram of their latencies, in microseconds
//
// A latency is the time between the call into C and the way back, Go code that C called back into
// included. Waiting for a P after it is not: that is the Go scheduler's doing. Calls still in C when
// the script ends are listed by goroutine in @still_in_c, as (start in ns since boot, C function).
//
// Cost: two probes on each call, both on instructions that the kernel emulates (about 1 us a call).

go:runtime.cgocall
{
    @still_in_c[goid, frame] = (nsecs, funcname(arg0));
}

go:runtime.cgocall:call:runtime.exitsyscall
/has_key(@still_in_c, (goid, frame))/
{
    $call = @still_in_c[goid, frame];
    $us = (nsecs - $call.0) / 1000;
    @calls[$call.1, caller(1)] = count();
    @by_goroutine[$call.1, goid] = count();
    @us[$call.1, caller(1)] = hist($us);
    delete(@still_in_c[goid, frame]);
}
