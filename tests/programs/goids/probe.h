#pragma once
#include <stdint.h>

// What probes sit on in C: the id of the goroutine that called, and how many calls from Go into C
// are in progress on this thread.
void c_probe_me(uint64_t goid, int cgo_depth);

// Calls c_probe_me, then goes down into Go and up again until `depth` calls into C are in progress.
void c_nested(uint64_t goid, int cgo_depth, int depth);

// A system call whose second argument is the goroutine's id; it fails and does nothing.
void c_lseek(uint64_t goid);

// Starts a thread of C's own, which calls into Go `calls` times; and waits for its end.
int c_foreign(int calls);
