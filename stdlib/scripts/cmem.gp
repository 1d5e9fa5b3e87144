// cmem: which memory of C was allocated by code that Go called, and not freed?
//
//     gprobe cmem -p PID [--stack 6] [--top 10]
//
// A row for each place from which C memory was allocated while the script ran and not freed before it ended: bytes
// and blocks, and below them the goroutine's stack. C.CString, C.CBytes and C.malloc count, and what C functions
// allocate for themselves. What a cache keeps is there too: run it twice, the second time for longer. A row that
// grows with the time is a leak.
//
// What was allocated before is not seen, nor is what threads of C's own allocate. 200,000 blocks fit at a time; what
// does not fit is said in the last lines (lost).
//
// Cost: one to two probes on each malloc, realloc and free of the process, most of them single-stepped: 2 to 10 us
// each. Do not leave it running where C allocates a million times a second.
//
// On a program that makes C strings for tags (examples/targets/thumbs):
//
//     C memory that was not freed - thumbs (4242) - 10.0 s
//     outstanding  blocks
//         405 KiB   1,618
//         runtime.cgocall@/usr/local/go/src/runtime/cgocall.go:185
//         main._cgo_cmalloc@_cgo_gotypes.go:190
//         main._Cfunc_CBytes@_cgo_gotypes.go:62
//         main.(*Tags).Remember.func1 (inlined)@/src/thumbs/main.go:81
//         main.(*Tags).Remember@/src/thumbs/main.go:81
//         main.main.func6@/src/thumbs/main.go:132

config = {
    missing_probes = warn;
}

let @block = hash(200000);

macro allocated($address, $size) {
    if ($address != 0) {
        @block[$address] =
            (size = $size, stack = gostack(getopt("stack", 6, "frames of the goroutine's stack")));
    }
}

uretprobe:libc:malloc
/cgo_depth > 0/
{
    $address = retval;
    $size = entry(arg0);
    allocated($address, $size);
}

uretprobe:libc:calloc
/cgo_depth > 0/
{
    $address = retval;
    $size = entry(arg0) * entry(arg1);
    allocated($address, $size);
}

uretprobe:libc:aligned_alloc, uretprobe:libc:memalign, uretprobe:libc:realloc
/cgo_depth > 0/
{
    $address = retval;
    $size = entry(arg1);
    allocated($address, $size);
}

uretprobe:libc:posix_memalign
/cgo_depth > 0 && (int32)retval == 0/
{
    $address = *(uint64*)entry(arg0);
    $size = entry(arg2);
    allocated($address, $size);
}

// Before it is done: another thread may get the same address at once.
uprobe:libc:free, uprobe:libc:realloc
{
    delete(@block[arg0]);
}

end
{
    for ($block : @block) {
        @outstanding_bytes[$block.1.stack] = sum($block.1.size);
        @blocks[$block.1.stack] = count();
    }
    clear(@block);
    table("C memory that was not freed", @outstanding_bytes, @blocks,
        getopt("top", 10, "most rows"));
}
