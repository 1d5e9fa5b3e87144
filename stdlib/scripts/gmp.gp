// gmp: which goroutine (G) ran on which thread (M) and which processor (P) of the Go scheduler?
//
//     gprobe gmp -p PID [--top 20]
//
// The first table has the goroutines that the scheduler ran the most often: the function that each began with, how
// often it ran, and how often on another M and another P than the time before. A goroutine that moves often pays for
// cold caches; one that always runs on the same M may be locked to its thread (runtime.LockOSThread). The second has
// how often each ran on which M and P.
//
// Cost: one probe on each switch to a goroutine, on an instruction that the kernel emulates (about 1 us each).
//
// On a little image server (examples/targets/cgodemo):
//
//     runs of goroutines - cgodemo (4242) - 10.0 s
//     goroutine  function                   runs  other_m  other_p
//            27  main.pollSensor           2,957    2,500    1,003
//             3  runtime.gcenable.gowrap1  2,292       50       23
//            24  main.main.gowrap2         2,085    1,728      776
//            25  main.main.gowrap2         2,064    1,718      788
//            23  main.main.gowrap2         2,062    1,708      798
//            26  main.main.gowrap2         2,062    1,727      807
//     (8 more rows)
//
//     where they ran - cgodemo (4242) - 10.0 s
//     goroutine   M  P  times
//             3   8  1    678
//             3  15  1    253
//             3  16  0    193
//             3   9  0    178
//            27   6  1    158
//            27  10  0    152
//     (322 more rows)

// A service may make a goroutine for each connection.
config = { max_map_keys = 200000; }

let @last = lruhash(200000);

goroutine:run
{
    @runs[args.goid, args.func] = count();
    if (has_key(@last, args.goid)) {
        $last = @last[args.goid];
        if ($last.0 != cur_m) {
            @other_m[args.goid, args.func] = count();
        }
        if ($last.1 != cur_p) {
            @other_p[args.goid, args.func] = count();
        }
    }
    @last[args.goid] = (cur_m, cur_p);
    @times[args.goid, cur_m, cur_p] = count();
}

end
{
    clear(@last);
    table("runs of goroutines|goroutine|function", @runs, @other_m, @other_p,
        getopt("top", 20, "most rows of a table"));
    table("where they ran|goroutine|M|P", @times, getopt("top", 20));
}
