// Counts the calls of main.work in a process until it ends: a walk through most of gprobe.h.

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gprobe.h"

// Exits where something is wrong, and says what.
static void need(bool right, const char *what) {
    if (!right) {
        fprintf(stderr, "%s: %s\n", what, gprobe_last_error());
        exit(1);
    }
}

static int handle(const gprobe_event *event, void *data) {
    int *printed = data;
    switch (gprobe_event_kind(event)) {
    case GPROBE_EVENT_TYPE_PRINTF: {
        size_t length = 0;
        const uint8_t *name = gprobe_value_bytes(gprobe_event_arg(event, 0), &length);
        need(gprobe_event_args(event) == 2 && name != NULL, "the arguments");
        if (++*printed == 1) {
            printf("%.*s by goroutine %" PRIu64 "\n", (int)length, (const char *)name,
                   gprobe_value_uint(gprobe_event_arg(event, 1)));
        }
        break;
    }
    case GPROBE_EVENT_TYPE_TARGET_EXIT:
        printf("process %" PRId64 " is gone\n", gprobe_event_number(event));
        break;
    default:
        break;
    }
    return 0;
}

int main(int argc, char **argv) {
    need(argc == 2, "which process?");
    // What can't be opened says why.
    gprobe_builder *builder = gprobe_builder_new();
    need(gprobe_builder_pid(builder, 4194304), "the process");
    need(gprobe_open(builder) == NULL, "there is no such process");
    printf("no session: %s\n", gprobe_last_error());

    builder = gprobe_builder_new();
    need(gprobe_builder_pid(builder, (uint32_t)atoi(argv[1])), "the process");
    gprobe_session *session = gprobe_open(builder);
    need(session != NULL, "the session");

    need(gprobe_compile(session, "wrong.gp", "go:main.wrok { }") == 0, "a wrong script");
    printf("wrong: %s\n", gprobe_last_error());
    need(!gprobe_attach(session, 99) && !gprobe_attach(NULL, 1), "no such program");

    uint32_t program = gprobe_compile(session, "count.gp",
                                      "go:main.work { @calls = count(); @sizes = hist(arg0); @where[gostack] = 1;"
                                      " printf(\"%s %d\\n\", str(\"main.work\"), goid); }");
    need(program != 0, "the script");
    need(gprobe_attach(session, program), "attaching");
    printf("attached\n");
    fflush(stdout);

    int printed = 0;
    need(gprobe_run(session, handle, &printed) == 0, "running");
    need(gprobe_detach(session, program), "detaching");
    need(printed == 1000, "each call was told");

    gprobe_map *calls = gprobe_map_read(session, "@calls");
    need(calls != NULL && gprobe_map_len(calls) == 1 && gprobe_map_key_len(calls, 0) == 0, "the map");
    printf("%s: %" PRId64 " calls\n", gprobe_map_name(calls), gprobe_map_number(calls, 0));
    gprobe_map_free(calls);

    gprobe_map *sizes = gprobe_map_read(session, "sizes");
    need(gprobe_map_kind(sizes, 0) == GPROBE_DATUM_TYPE_HISTOGRAM, "a histogram");
    uint64_t sum = 0;
    gprobe_bucket bucket;
    for (size_t i = 0; gprobe_map_bucket(sizes, 0, i, &bucket); i++) {
        need(bucket.has_from && bucket.has_to && bucket.from < bucket.to, "bounds");
        sum += bucket.count;
    }
    need(sum == gprobe_map_count(sizes, 0), "all buckets");
    printf("@sizes: %" PRIu64 " values in %zu buckets\n", sum, gprobe_map_buckets(sizes, 0) - 1);
    gprobe_map_free(sizes);

    gprobe_map *where = gprobe_map_read(session, "@where");
    const gprobe_value *stack = gprobe_map_key(where, 0, 0);
    gprobe_frame inner, outer;
    need(gprobe_value_kind(stack) == GPROBE_VALUE_TYPE_STACK && gprobe_value_len(stack) >= 2, "a stack");
    need(gprobe_value_frame(stack, 0, &inner) && gprobe_value_frame(stack, 1, &outer), "two frames");
    need(!gprobe_value_frame(stack, 1000, &outer), "no more frames than there are");
    printf("@where: %s at %s, called by %s\n", inner.function, inner.line > 0 ? "a line" : "none", outer.function);
    gprobe_map_free(where);

    need(gprobe_map_read(session, "@nothing") == NULL && strstr(gprobe_last_error(), "@nothing") != NULL, "no map");
    printf("lost %" PRIu64 "\n", gprobe_lost(session));
    gprobe_close(session);
    return 0;
}
