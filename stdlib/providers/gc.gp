// gc: the garbage collector.

// Why the world is stopped, in words (`runtime/proc.go`, Go 1.22 to 1.27).
macro stw_reason(n) {
    if (n == 1) {
        "GC mark termination"
    } else if (n == 2) {
        "GC sweep termination"
    } else if (n == 3) {
        "write heap dump"
    } else if (n == 4) {
        "goroutine profile"
    } else if (n == 5) {
        "goroutine profile cleanup"
    } else if (n == 6) {
        "all goroutines stack trace"
    } else if (n == 7) {
        "read mem stats"
    } else if (n == 8) {
        "AllThreadsSyscall"
    } else if (n == 9) {
        "GOMAXPROCS"
    } else if (n == 10) {
        "start trace"
    } else if (n == 11) {
        "stop trace"
    } else {
        "unknown"
    }
}

// gc:start - a cycle begins to mark.
//   when     on the goroutine that started it, while the world is stopped
//   cost     emulated
probe gc:start = go:runtime.(*gcControllerState).startCycle {}

// gc:mark-done - marking has ended.
//   when     on the goroutine that found it, while the world is stopped
//   cost     emulated
probe gc:mark-done = go:runtime.gcMarkTermination {}

// gc:sweep-done - all that was not marked has been freed.
//   when     on the goroutine that found it; a cycle that begins while another is swept ends that sweep first
//   cost     emulated
probe gc:sweep-done = go:runtime.(*scavengerState).ready:inline {}

// gc:stw-start - the world is about to be stopped.
//   when     on the thread that stops it, before the first P is stopped
//   args     reason: why, a number of runtime's stwReason since Go 1.22, before that 0; `stw_reason(n)` has the words
//   cost     emulated
probe gc:stw-start = go:runtime.stopTheWorldWithSema
/go_minor >= 21/
{
    reason = (uint64)(uint8)arg0,
}
else go:runtime.stopTheWorldWithSema
{
    reason = (uint64)0,
}

// gc:stw-stop - the world is about to run again.
//   when     on the thread that stopped it
//   cost     emulated
probe gc:stw-stop = go:runtime.startTheWorldWithSema {}
