#pragma once

#include <stddef.h>
#include <stdint.h>

// A made-up C library of the kind that Go services lean on: some of its functions compute, some
// wait for a lock, some wait for a device, and one calls back.

// Looks a key up in the library's store, which one lock guards.
uint64_t store_lookup(uint64_t key);

// Writes a key; now and then it also flushes, which holds the lock for milliseconds.
void store_insert(uint64_t key, uint64_t value);

// Hashes a buffer, round after round: the processor's time.
uint64_t digest(const unsigned char *data, size_t length, int rounds);

// Squeezes runs of equal bytes; gives the length of the result.
size_t compress_runs(const unsigned char *data, size_t length, unsigned char *result);

// Waits for a device that takes its time.
int device_read(int microseconds);

// Visits the nodes of a tree, and calls goVisit for each.
int tree_walk(int depth);

// Starts a thread of the library's own that uses the store as well.
int store_compactor_start(void);
