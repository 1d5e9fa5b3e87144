//go:build cgo

#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "probe.h"
#include "_cgo_export.h"

__attribute__((noinline, noclone)) void c_probe_me(uint64_t goid) {
	srand48((long)goid);
	__asm__ volatile("" ::"r"(goid));
}

void c_nested(uint64_t goid, int in_progress, int depth) {
	c_probe_me(goid);
	if (in_progress < depth)
		goNested(goid, in_progress, depth);
}

void c_lseek(uint64_t goid) { syscall(SYS_lseek, -1, goid, 1); }
