#include "thumblib.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t index_lock = PTHREAD_MUTEX_INITIALIZER;

static long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static int compute(long us) {
    int rounds = 0;
    for (long end = now_us() + us; now_us() < end;) rounds++;
    return rounds;
}

int scale_image(int width) { return compute(100 + width % 100); }

/* A signal of Go's does not end it early. */
static void rest(long us) {
    struct timespec left = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0) {
    }
}

int geoip_lookup(const char *address) {
    rest(40000);
    return (int)strlen(address);
}

int license_check(void) {
    for (int hour = 0; hour < 24; hour++) sleep(3600);
    return 0;
}

__attribute__((noinline)) static int index_walk(long us, int sleeping) {
    pthread_mutex_lock(&index_lock);
    int result = sleeping ? usleep(us) : compute(us);
    pthread_mutex_unlock(&index_lock);
    return result;
}

int index_find(const char *word) { return index_walk(20, 0) + (int)strlen(word); }

int index_compact(void) { return index_walk(30000, 1) + 1; }

int watermark(int hardness) {
    usleep(hardness * 100);
    return hardness;
}
