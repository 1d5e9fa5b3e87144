//go:build cgo

package main

// #include "probe.h"
import "C"

// callC enters C, which calls back into Go until depth calls into C are in progress.
func callC(goid uint64, depth int) {
	hitsInC[1].Add(1)
	C.c_nested(C.uint64_t(goid), 1, C.int(depth))
	seeksOfC.Add(1)
	C.c_lseek(C.uint64_t(goid))
}

// matrixMain is for the program of C that has this one as a library.
//
//export matrixMain
func matrixMain() { main() }

//export goNested
func goNested(goid C.uint64_t, inProgress, depth C.int) {
	hitsInC[inProgress+1].Add(1)
	C.c_nested(goid, inProgress+1, depth)
}
