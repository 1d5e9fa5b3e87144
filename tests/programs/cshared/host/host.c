// A C program that calls a library of Go's, which it links (-DLINKED) or opens by the name it is given. It speaks
// as the Go programs of these tests do.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef LINKED
extern void GoWork(int), GoNested(int), GoSay(void);
#endif

// Thread-local data of its own, so that the library's does not lie where it would alone.
static __thread volatile char own[300];

static void (*go_work)(int), (*go_nested)(int), (*go_say)(void);

static void *thread(void *calls) {
	own[0] = 1;
	go_work((int)(long)calls);
	go_nested(3);
	return NULL;
}

static void *find(void *library, const char *name) {
	void *found = dlsym(library, name);
	if (!found) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return found;
}

int main(int argc, char **argv) {
	char line[64];
	setvbuf(stdout, NULL, _IONBF, 0);
#ifdef LINKED
	go_work = GoWork, go_nested = GoNested, go_say = GoSay;
#else
	void *library = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	go_work = find(library, "GoWork"), go_nested = find(library, "GoNested"), go_say = find(library, "GoSay");
#endif
	go_work(1); // The runtime has begun when this returns.
	printf("ready pid=%d\n", getpid());
	if (!fgets(line, sizeof line, stdin))
		return 1;
	go_work(30);
	go_nested(7);
	pthread_t threads[2];
	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, thread, (void *)(20 + i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	go_say();
	printf("done\n");
	while (fgets(line, sizeof line, stdin))
		;
	return 0;
}
