// gostates: why do goroutines park, how often, and for how long?
//
//     gprobe gostates -p PID
//
// Prints, when it ends (Ctrl-C):
//   @parks[wait reason]     how often a goroutine parked
//   @readied[wait reason]   how often one that waited was made runnable again
//   @parked_us[wait reason] a histogram of the time from parking to being runnable, in microseconds
//   @since[goroutine]       the goroutines that parked while the script ran and still wait: since
//                           when (ns since boot), and why
//
// The wait reasons are those of a goroutine dump. Time in the run queue, after a goroutine was made
// runnable, does not count as parked.
//
// Cost: one probe on each park and one on each change of a goroutine's status, both on instructions
// that the kernel emulates (about 1 us each).

go:runtime.gopark
{
    @parks[args.reason] = count();
    @since[goid] = (nsecs, args.reason);
}

go:runtime.casgstatus
/args.oldval == Gwaiting && args.newval == Grunnable/
{
    $gp = args.gp;
    $id = $gp.goid;
    if (has_key(@since, $id)) {
        $park = @since[$id];
        @readied[$park.1] = count();
        @parked_us[$park.1] = hist((nsecs - $park.0) / 1000);
        delete(@since[$id]);
    }
}
