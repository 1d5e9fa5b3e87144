#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "lat.h"
#include "_cgo_export.h"

struct counts {
	atomic_ullong count, sum_ns, min_ns, max_ns;
};

static struct counts counted[FUNCTIONS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_ullong mutex_wait_ns, mutex_hold_ns, mutex_locks;

static uint64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void count(enum function function, uint64_t ns) {
	struct counts *c = &counted[function];
	atomic_fetch_add(&c->count, 1);
	atomic_fetch_add(&c->sum_ns, ns);
	unsigned long long seen = atomic_load(&c->max_ns);
	while (ns > seen && !atomic_compare_exchange_weak(&c->max_ns, &seen, ns))
		;
	seen = atomic_load(&c->min_ns);
	while ((seen == 0 || ns < seen) && !atomic_compare_exchange_weak(&c->min_ns, &seen, ns))
		;
}

static void sleep_us(int us) {
	struct timespec time = {us / 1000000, (long)(us % 1000000) * 1000};
	while (nanosleep(&time, &time) != 0)
		;
}

static void spin_us(int us) {
	uint64_t end = now_ns() + (uint64_t)us * 1000;
	while (now_ns() < end)
		;
}

__attribute__((noinline)) void c_sleep(int us) {
	uint64_t start = now_ns();
	sleep_us(us);
	count(C_SLEEP, now_ns() - start);
}

__attribute__((noinline)) void c_spin(int us) {
	uint64_t start = now_ns();
	spin_us(us);
	count(C_SPIN, now_ns() - start);
}

__attribute__((noinline)) void c_mutex(int us) {
	uint64_t start = now_ns();
	pthread_mutex_lock(&mutex);
	uint64_t locked = now_ns();
	atomic_fetch_add(&mutex_locks, 1);
	spin_us(us);
	uint64_t held = now_ns() - locked;
	pthread_mutex_unlock(&mutex);
	atomic_fetch_add(&mutex_wait_ns, locked - start);
	atomic_fetch_add(&mutex_hold_ns, held);
	count(C_MUTEX, now_ns() - start);
}

__attribute__((noinline)) void c_callback(int us) {
	uint64_t start = now_ns();
	goCallback(us);
	count(C_CALLBACK, now_ns() - start);
}

__attribute__((noinline)) void c_quick(int us) {
	uint64_t start = now_ns();
	(void)us;
	count(C_QUICK, now_ns() - start);
}

struct truth c_truth(enum function function) {
	struct counts *c = &counted[function];
	return (struct truth){atomic_load(&c->count), atomic_load(&c->sum_ns), atomic_load(&c->min_ns),
			      atomic_load(&c->max_ns)};
}

uint64_t c_mutex_wait_ns(void) { return atomic_load(&mutex_wait_ns); }
uint64_t c_mutex_hold_ns(void) { return atomic_load(&mutex_hold_ns); }
uint64_t c_mutex_locks(void) { return atomic_load(&mutex_locks); }

static atomic_int stopping;
static int contenders;
static pthread_t contender[64];

static void *contend(void *hold_us) {
	while (!atomic_load(&stopping)) {
		pthread_mutex_lock(&mutex);
		atomic_fetch_add(&mutex_locks, 1);
		sleep_us((int)(intptr_t)hold_us);
		pthread_mutex_unlock(&mutex);
		sleep_us((int)(intptr_t)hold_us / 4);
	}
	return NULL;
}

int c_contenders_start(int threads, int hold_us) {
	for (; contenders < threads && contenders < 64; contenders++) {
		int error = pthread_create(&contender[contenders], NULL, contend, (void *)(intptr_t)hold_us);
		if (error != 0)
			return error;
	}
	return 0;
}

void c_contenders_stop(void) {
	atomic_store(&stopping, 1);
	while (contenders > 0)
		pthread_join(contender[--contenders], NULL);
}
