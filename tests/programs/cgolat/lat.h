#pragma once
#include <stdint.h>

// One of the C functions that Go calls, with what it knows about itself.
enum function { C_SLEEP, C_SPIN, C_MUTEX, C_CALLBACK, C_QUICK, FUNCTIONS };

struct truth {
	uint64_t count, sum_ns, min_ns, max_ns;
};

// Each measures its own time from its first statement to its last.
void c_sleep(int us);
void c_spin(int us);
void c_mutex(int us);
void c_callback(int us);
void c_quick(int us);

struct truth c_truth(enum function function);

// What the callers of c_mutex waited and held in all.
uint64_t c_mutex_wait_ns(void);
uint64_t c_mutex_hold_ns(void);
// How often the mutex was taken in all, by C's own threads too.
uint64_t c_mutex_locks(void);

// Threads of C's own that hold the mutex most of the time.
int c_contenders_start(int threads, int hold_us);
void c_contenders_stop(void);
