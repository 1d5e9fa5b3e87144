// allocs: who allocates memory, and how much?
//
//     gprobe allocs -p PID [--stack 12] [--exact] [--top 20]
//
// A row for each function that allocates: the nearest that is not of Go's runtime. What it allocates makes the
// collector run; to allocate less there is what helps. The first table is a sample: one allocation in many, the one
// that uses up its processor's span (some 8 KiB of memory for small objects) and gets another. It is fair: each size
// has spans of its own, and a function meets their end as often as it fills them, so spans are about as bytes.
// Few spans are chance. The second table has allocations of more than 32 KiB, which have spans of their own: all of
// them.
//
// --exact counts each allocation, with the bytes that were asked for. --stack 12 has a row for each stack of 12
// frames.
//
// Cost: two probes, emulated, once in 8 KiB or so. With --exact each allocation is a hit: a million a second is
// common, and makes the program several times slower; of that `--sample 1/100` saves only a part.
//
// On a program that builds texts a character at a time (examples/targets/newsfeed):
//
//     spans used up - newsfeed (4242) - 5.0 s
//     function                  spans
//     main.(*Renderer).Escape  35,437
//     main.(*Renderer).Render     569
//
//     allocations of more than 32 KiB - newsfeed (4242) - 5.0 s
//     (nothing)

config = { missing_probes = ignore; }

probe allocs:each = heap:alloc
/getopt("exact", false, "counts each allocation")/
{
    bytes = args.size,
}

probe allocs:span = heap:span
/!getopt("exact", false)/
{
    class = args.class,
}

probe allocs:large = heap:large
/!getopt("exact", false)/
{
    bytes = args.size,
}

macro who() {
    if comptime (getopt("stack", 0, "frames of a stack; 0: the function") == 0) {
        caller(program)
    } else {
        gostack(getopt("stack", 0))
    }
}

allocs:each
{
    $who = who();
    @allocated_bytes[$who] = sum(args.bytes);
    @allocations[$who] = count();
}

allocs:span
{
    @spans[who()] = count();
}

allocs:large
{
    $who = who();
    @bytes[$who] = sum(args.bytes);
    @larges[$who] = count();
}

end
{
    if comptime (getopt("exact", false)) {
        table("allocations|function", @allocated_bytes, @allocations,
            getopt("top", 20, "most rows"));
    } else {
        table("spans used up|function", @spans, getopt("top", 20, "most rows"));
        table("allocations of more than 32 KiB|function", @bytes, @larges, getopt("top", 20));
    }
}
