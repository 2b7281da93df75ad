/* UTF-8: names come from files, and files may hold anything. */
#ifndef DSEP_IO_UTF8_H
#define DSEP_IO_UTF8_H

#include <stdint.h>

/* Length in bytes of the character at `text`, and its code point; 0 when the bytes there are not
 * valid UTF-8 (or text is at its end). Not collective. */
int dsep_utf8_next(const char *text, uint32_t *point);

/* A copy in which every byte that is not valid UTF-8 is a '?'; NULL without memory. Not
 * collective. Owner: the caller. */
char *dsep_utf8_copy(const char *text);

#endif
