#include <pthread.h>
#include <unistd.h>

#include "probe.h"
#include "_cgo_export.h"

static volatile uint64_t last_goid;
static volatile int last_depth;

__attribute__((noinline)) void c_probe_me(uint64_t goid, int cgo_depth) {
	last_goid = goid;
	last_depth = cgo_depth;
}

__attribute__((noinline)) void c_nested(uint64_t goid, int cgo_depth, int depth) {
	c_probe_me(goid, cgo_depth);
	if (cgo_depth < depth)
		goNested(goid, cgo_depth, depth);
}

void c_lseek(uint64_t goid) { lseek(-1, (off_t)goid, SEEK_CUR); }

static void *foreign(void *calls) {
	for (intptr_t i = 0; i < (intptr_t)calls; i++)
		goForeign();
	return NULL;
}

int c_foreign(int calls) {
	pthread_t thread;
	int error = pthread_create(&thread, NULL, foreign, (void *)(intptr_t)calls);
	if (error == 0)
		error = pthread_join(thread, NULL);
	return error;
}
