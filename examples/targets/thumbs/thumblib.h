#ifndef THUMBLIB_H
#define THUMBLIB_H

#include <stddef.h>

/* Shrinks an image: 0.2 ms of work. */
int scale_image(int width);
/* Asks a far database where an address is: 40 ms. */
int geoip_lookup(const char *address);
/* Asks the licence server, which does not answer. */
int license_check(void);
/* Looks a word up in the index. */
int index_find(const char *word);
/* Tidies the index up, 30 ms with its lock held. */
int index_compact(void);
/* Computes what an image costs, with calls of many lengths. */
int watermark(int hardness);

#endif
