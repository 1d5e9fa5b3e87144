// heap: memory that the program allocates.

// heap:alloc - an allocation on the heap; not of 0 bytes.
//   when     on the goroutine that allocates, or the runtime's own stack
//   args     size: bytes asked for; type: the address of the type's descriptor, 0 for memory without pointers
//   cost     emulated, and very often: a million times a second is common. Sample it, or use heap:span
probe heap:alloc = go:runtime.mallocgcTiny*,
go:runtime.mallocgcSmall*SC*,
go:runtime.mallocgcSmallNoscan,
go:runtime.mallocgcSmallScanNoHeader,
go:runtime.mallocgcSmallScanHeader,
go:runtime.mallocgcLarge
/go_minor >= 26 && arg0 != 0/
{
    size = arg0,
    type = arg1,
}
else go:runtime.mallocgc
/arg0 != 0/
{
    size = arg0,
    type = arg1,
}

// heap:large - an allocation of more than 32 KiB, which gets pages of its own.
//   when     on the runtime's stack of the thread that allocates
//   args     size: bytes asked for
//   cost     emulated
probe heap:large = go:runtime.(*mcache).allocLarge { size = arg1 }

// heap:span - a P has used up its span of a size class and gets another: once in many allocations.
//   when     on the thread that allocates
//   args     class: twice the size class, plus 1 for memory without pointers
//   cost     emulated
probe heap:span = go:runtime.(*mcache).refill { class = (uint64)(uint8)arg1 }

// heap:grow - the heap gets more memory from the system.
//   when     on the runtime's stack of the thread that allocates
//   args     bytes: how much is wanted
//   cost     emulated
probe heap:grow = go:runtime.(*mheap).grow { bytes = arg1 * 8192 }
