// gmp: which goroutine (G) ran on which thread (M) and which processor (P) of the Go scheduler?
//
//     gprobe gmp -p PID
//
// Prints, when it ends (Ctrl-C):
//   @runs[goroutine, M, P]   how often the scheduler put the goroutine on that M and P
//   @moves[goroutine]        how often it ran on another M than the time before
//
// A goroutine that moves often pays for cold caches; one that always runs on the same M may be
// locked to its thread (runtime.LockOSThread).
//
// Cost: one probe on each switch to a goroutine, on an instruction that the kernel emulates (about
// 1 us each).

go:runtime.execute
{
    $id = args.gp.goid;
    @runs[$id, cur_m, cur_p] = count();
    if (has_key(@last, $id) && @last[$id] != cur_m) {
        @moves[$id] = count();
    }
    @last[$id] = cur_m;
}

end
{
    clear(@last);
}
