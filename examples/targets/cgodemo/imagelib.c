#include <pthread.h>
#include <time.h>

#include "imagelib.h"
#include "_cgo_export.h"

#define SLOTS 4096

static pthread_mutex_t store_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t slots[SLOTS];
static unsigned inserts;

static void wait_us(int us) {
	struct timespec time = {us / 1000000, (long)(us % 1000000) * 1000};
	while (nanosleep(&time, &time) != 0)
		;
}

uint64_t store_lookup(uint64_t key) {
	pthread_mutex_lock(&store_lock);
	uint64_t value = slots[key % SLOTS];
	wait_us(50); // a page that is not in memory
	pthread_mutex_unlock(&store_lock);
	return value;
}

void store_insert(uint64_t key, uint64_t value) {
	pthread_mutex_lock(&store_lock);
	slots[key % SLOTS] = value;
	if (++inserts % 50 == 0)
		wait_us(5000); // a flush, under the lock: the bug that gprobe finds
	pthread_mutex_unlock(&store_lock);
}

static void *compact(void *unused) {
	(void)unused;
	for (;;) {
		wait_us(100000);
		pthread_mutex_lock(&store_lock);
		wait_us(20000);
		pthread_mutex_unlock(&store_lock);
	}
	return NULL;
}

int store_compactor_start(void) {
	pthread_t thread;
	return pthread_create(&thread, NULL, compact, NULL);
}

uint64_t digest(const unsigned char *data, size_t length, int rounds) {
	uint64_t hash = 14695981039346656037u;
	for (int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < length; i++)
			hash = (hash ^ data[i]) * 1099511628211u;
	}
	return hash;
}

size_t compress_runs(const unsigned char *data, size_t length, unsigned char *result) {
	size_t used = 0;
	for (size_t i = 0; i < length;) {
		unsigned char byte = data[i];
		unsigned char run = 0;
		while (i < length && data[i] == byte && run < 255) {
			i++;
			run++;
		}
		result[used++] = run;
		result[used++] = byte;
	}
	return used;
}

int device_read(int microseconds) {
	wait_us(microseconds);
	return microseconds / 100;
}

int tree_walk(int depth) {
	int below = depth > 0 ? tree_walk(depth - 1) + tree_walk(depth - 1) : 0;
	return below + goVisit(depth);
}
