#pragma once
#include <stdint.h>

// A probe on it sees a goroutine in C, with its id. It calls srand48 with the id, so that a probe in the C
// library sees it too where this function has no name.
void c_probe_me(uint64_t goid);

// Calls c_probe_me, and while there are fewer than `depth` calls into C in progress, calls Go.
void c_nested(uint64_t goid, int in_progress, int depth);

// Asks the kernel for lseek of no file, to the goroutine's id.
void c_lseek(uint64_t goid);
