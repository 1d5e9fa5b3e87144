// gprobe for C: see inside running Go programs. The guide is docs/embedding.md.

#ifndef GPROBE_H
#define GPROBE_H

// Made from the sources of capi/ by its tests: GPROBE_BLESS=1 cargo test --workspace --test header

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// What is given to a caller belongs to the caller only where it is said. Texts are UTF-8 and end with a 0 byte.
// A session is used by one thread at a time; a gprobe_stopper by any. Nothing here panics or exits: what goes wrong is
// NULL, 0, false or -1, and gprobe_last_error() says why, as the command gprobe would.


// What an event is.
typedef enum gprobe_event_type {
  // printf(): gprobe_event_text(), gprobe_event_args(), gprobe_event_arg().
  GPROBE_EVENT_TYPE_PRINTF = 0,
  // print() of a value: gprobe_event_arg() 0.
  GPROBE_EVENT_TYPE_VALUE = 1,
  // print() of a map, a part of it, or a table's first map: gprobe_event_map().
  GPROBE_EVENT_TYPE_MAP = 2,
  // errorf() or warnf(), or something that went wrong in a script: gprobe_event_text().
  GPROBE_EVENT_TYPE_MESSAGE = 3,
  // Something was lost: gprobe_event_number() says how much.
  GPROBE_EVENT_TYPE_LOSS = 4,
  // A process is traced no longer: gprobe_event_number() is its id.
  GPROBE_EVENT_TYPE_TARGET_EXIT = 5,
  // A program called exit(): gprobe_event_number() is the code.
  GPROBE_EVENT_TYPE_EXIT = 6,
  // Something that C can't look into.
  GPROBE_EVENT_TYPE_OTHER = 7,
} gprobe_event_type;

// What an entry holds.
typedef enum gprobe_datum_type {
  // A value: gprobe_map_value().
  GPROBE_DATUM_TYPE_VALUE = 0,
  // A number, of count(), sum(), min() or max(): gprobe_map_number().
  GPROBE_DATUM_TYPE_NUMBER = 1,
  // Of avg() and stats(): gprobe_map_count(), gprobe_map_total().
  GPROBE_DATUM_TYPE_AVERAGE = 2,
  // Of hist() and lhist(): gprobe_map_buckets(), gprobe_map_bucket().
  GPROBE_DATUM_TYPE_HISTOGRAM = 3,
  // Of tseries(), which C can't read yet.
  GPROBE_DATUM_TYPE_SERIES = 4,
} gprobe_datum_type;

// What a value is.
typedef enum gprobe_value_type {
  // Nothing.
  GPROBE_VALUE_TYPE_NONE = 0,
  // A truth value: gprobe_value_int() is 0 or 1.
  GPROBE_VALUE_TYPE_BOOL = 1,
  // A number with a sign: gprobe_value_int(). Durations are nanoseconds, sizes bytes.
  GPROBE_VALUE_TYPE_INT = 2,
  // A number without a sign: gprobe_value_uint(). Addresses and values of enumerations are such numbers.
  GPROBE_VALUE_TYPE_UINT = 3,
  // A floating-point number: gprobe_value_float().
  GPROBE_VALUE_TYPE_FLOAT = 4,
  // Bytes: gprobe_value_bytes(). A string's need not be UTF-8.
  GPROBE_VALUE_TYPE_BYTES = 5,
  // Parts, with or without names: gprobe_value_len(), gprobe_value_part(), gprobe_value_name().
  GPROBE_VALUE_TYPE_LIST = 6,
  // A stack, innermost frame first: gprobe_value_len(), gprobe_value_frame().
  GPROBE_VALUE_TYPE_STACK = 7,
  // A name or whatever else is a text: gprobe_value_text().
  GPROBE_VALUE_TYPE_TEXT = 8,
} gprobe_value_type;

// Says what a session is of: a process, an executable, a command, or the whole machine.
typedef struct gprobe_builder gprobe_builder;

// Something that happened.
typedef struct gprobe_event gprobe_event;

// A map's entries at one moment, in no order.
typedef struct gprobe_map gprobe_map;

// Programs at work on a target; they share their maps.
typedef struct gprobe_session gprobe_session;

// Ends gprobe_run() from any thread.
typedef struct gprobe_stopper gprobe_stopper;

// A value. It belongs to the event or map that it is of.
typedef struct gprobe_value gprobe_value;

// A bucket of a histogram: values from `from` on and below `to`.
typedef struct gprobe_bucket {
  // The lowest value, where there is a bound.
  int64_t from;
  // The lowest value of the next bucket, where there is a bound.
  int64_t to;
  // Whether `from` is a bound.
  bool has_from;
  // Whether `to` is a bound.
  bool has_to;
  // How many values were in it.
  uint64_t count;
} gprobe_bucket;

// A frame of a stack. Texts belong to the value, and are NULL where they are not known.
typedef struct gprobe_frame {
  // The address.
  uint64_t addr;
  // The function.
  const char *function;
  // Bytes into it.
  uint64_t offset;
  // The source file.
  const char *source;
  // The line in it; 0 where it is not known.
  uint32_t line;
} gprobe_frame;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// A builder, to be given to gprobe_open() or gprobe_builder_free().
struct gprobe_builder *gprobe_builder_new(void);

// Frees a builder that is not opened. NULL is nothing.
void gprobe_builder_free(struct gprobe_builder *builder);

// Traces a process, and those that were named before; all run one build. It may be the calling process.
bool gprobe_builder_pid(struct gprobe_builder *builder, uint32_t pid);

// Traces all processes that run a file, now and later.
bool gprobe_builder_executable(struct gprobe_builder *builder, const char *path);

// Starts a command, of so many words, and traces it; it stands before its first instruction until gprobe_release().
bool gprobe_builder_command(struct gprobe_builder *builder,
                            const char *const *words,
                            size_t count);

// A setting of scripts, which wins over their own: `max_map_keys`, `1000`.
bool gprobe_builder_setting(struct gprobe_builder *builder, const char *name, const char *value);

// A provider of one's own: its name, and the text of its moments, `probe NAME:MOMENT = ...`.
bool gprobe_builder_provider(struct gprobe_builder *builder, const char *name, const char *definition);

// Allows functions of scripts that do more than look: system(), signal().
bool gprobe_builder_allow_unsafe(struct gprobe_builder *builder, bool allowed);

// Opens a session; the builder is used up, also where this fails. NULL where the target can't be opened.
struct gprobe_session *gprobe_open(struct gprobe_builder *builder);

// Why the last call of this thread that failed did so: what happened and what to do, of a wrong script with its line and a
// caret. Valid until the next call that fails; empty where none has failed.
const char *gprobe_last_error(void);

// What an event is; GPROBE_EVENT_TYPE_OTHER for NULL.
enum gprobe_event_type gprobe_event_kind(const struct gprobe_event *event);

// The number of the program that did it; 0 where none did.
uint32_t gprobe_event_program(const struct gprobe_event *event);

// What it reads as; NULL for what is no text. Control characters of the target may be in it.
const char *gprobe_event_text(const struct gprobe_event *event);

// How many arguments it has.
size_t gprobe_event_args(const struct gprobe_event *event);

// An argument; it belongs to the event. NULL where there is none.
const struct gprobe_value *gprobe_event_arg(const struct gprobe_event *event, size_t index);

// Its map; it belongs to the event. NULL where it has none.
const struct gprobe_map *gprobe_event_map(const struct gprobe_event *event);

// A loss's count, a process's id, an exit code; 0 for others.
int64_t gprobe_event_number(const struct gprobe_event *event);

// Frees a map of gprobe_map_read(), not one of an event. NULL is nothing.
void gprobe_map_free(struct gprobe_map *map);

// Its name, with the @.
const char *gprobe_map_name(const struct gprobe_map *map);

// How many entries it has.
size_t gprobe_map_len(const struct gprobe_map *map);

// How many parts the key of an entry has; 0 for a map without keys.
size_t gprobe_map_key_len(const struct gprobe_map *map, size_t entry);

// A part of an entry's key; it belongs to the map. NULL where there is none.
const struct gprobe_value *gprobe_map_key(const struct gprobe_map *map, size_t entry, size_t part);

// What an entry holds.
enum gprobe_datum_type gprobe_map_kind(const struct gprobe_map *map, size_t entry);

// An entry's value; it belongs to the map. NULL for what is counted, averaged or in buckets.
const struct gprobe_value *gprobe_map_value(const struct gprobe_map *map, size_t entry);

// An entry's number: of count(), sum(), min(), max(); 0 for others.
int64_t gprobe_map_number(const struct gprobe_map *map, size_t entry);

// How many values an average, stats or a histogram is of.
uint64_t gprobe_map_count(const struct gprobe_map *map, size_t entry);

// The sum of the values that an average or stats is of.
int64_t gprobe_map_total(const struct gprobe_map *map, size_t entry);

// How many buckets a histogram has, from the lowest to the highest that has any values.
size_t gprobe_map_buckets(const struct gprobe_map *map, size_t entry);

// Fills in a bucket of a histogram; false where there is none.
bool gprobe_map_bucket(const struct gprobe_map *map,
                       size_t entry,
                       size_t index,
                       struct gprobe_bucket *bucket);

// Takes all probes away and frees the session, and with it all events that are not copied. NULL is nothing.
void gprobe_close(struct gprobe_session *session);

// Compiles a script, which messages call `name`; nothing is attached. The number of the program; 0 where the script is
// wrong.
uint32_t gprobe_compile(struct gprobe_session *session,
                        const char *name,
                        const char *script);

// Compiles a file or, where there is none of this name, a script that ships (`mutexwait`), with arguments: `--min=10ms`
// is an option of the script's, others are $1, $2. The number of the program; 0 where that can't be done.
uint32_t gprobe_compile_script(struct gprobe_session *session,
                               const char *name,
                               const char *const *args,
                               size_t count);

// Puts a program's probes in place, also again.
bool gprobe_attach(struct gprobe_session *session, uint32_t program);

// Takes a program's probes away; its maps stay, and what it still prints comes with the next poll.
bool gprobe_detach(struct gprobe_session *session, uint32_t program);

// Takes a program's probes away and forgets it; its maps stay.
bool gprobe_remove(struct gprobe_session *session, uint32_t program);

// Lets the command of gprobe_builder_command() run.
bool gprobe_release(struct gprobe_session *session);

// Whether anything can still come: a program is attached that waits for something, and the target is there.
bool gprobe_is_live(const struct gprobe_session *session);

// Waits up to so many milliseconds (100 at most) for events; how many gprobe_next() has, or -1.
int64_t gprobe_poll(struct gprobe_session *session, uint32_t timeout_ms);

// The next event of those that were polled; NULL where there is none. It belongs to the session, and is valid until the
// next call of this function, gprobe_run() or gprobe_close().
const struct gprobe_event *gprobe_next(struct gprobe_session *session);

// Calls `handle` with each event until it gives something else than 0, the session is stopped, or nothing can come any
// more. What the handler gave, 0 at the end, -1 where something failed. The event is valid during the call.
int gprobe_run(struct gprobe_session *session,
               int (*handle)(const struct gprobe_event *event, void *data),
               void *data);

// What ends gprobe_run() from any thread; to be freed, before or after the session.
struct gprobe_stopper *gprobe_stopper_new(const struct gprobe_session *session);

// Lets gprobe_run() end within 100 ms. Safe in a signal handler.
void gprobe_stop(const struct gprobe_stopper *stopper);

// Frees it. NULL is nothing.
void gprobe_stopper_free(struct gprobe_stopper *stopper);

// A map as it is now, by its name (`@calls`), to be freed by gprobe_map_free(). NULL where no program uses it.
struct gprobe_map *gprobe_map_read(struct gprobe_session *session,
                                   const char *name);

// Removes all entries of a map.
bool gprobe_map_clear(struct gprobe_session *session, const char *name);

// How much was lost in all, of any kind: records, keys, stacks, reads of memory. 0: every number is exact.
uint64_t gprobe_lost(const struct gprobe_session *session);

// What a value is; GPROBE_VALUE_TYPE_NONE for NULL.
enum gprobe_value_type gprobe_value_kind(const struct gprobe_value *value);

// A number with a sign, as far as it fits; 0 for what is no number.
int64_t gprobe_value_int(const struct gprobe_value *value);

// A number without a sign; 0 for what is no number.
uint64_t gprobe_value_uint(const struct gprobe_value *value);

// A floating-point number; 0 for what is none.
double gprobe_value_float(const struct gprobe_value *value);

// Any value as print() shows it. Control characters of the target may be in it.
const char *gprobe_value_text(const struct gprobe_value *value);

// The bytes of a string or buffer, and how many there are in `*len`; NULL for what has none.
const uint8_t *gprobe_value_bytes(const struct gprobe_value *value, size_t *len);

// How many parts a list has, or frames a stack.
size_t gprobe_value_len(const struct gprobe_value *value);

// A part of a list; NULL where there is none.
const struct gprobe_value *gprobe_value_part(const struct gprobe_value *value, size_t index);

// The name of a part of a record or struct; NULL where it has none.
const char *gprobe_value_name(const struct gprobe_value *value, size_t index);

// Fills in a frame of a stack; false where there is none.
bool gprobe_value_frame(const struct gprobe_value *value, size_t index, struct gprobe_frame *frame);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* GPROBE_H */
