/* The bytes of a text file, plain or gzip, through a window that moves forward. */
#ifndef DSEP_IO_TEXT_SOURCE_H
#define DSEP_IO_TEXT_SOURCE_H

#include "mpi/error.h"

#include <stdint.h>

typedef struct dsep_text_source dsep_text_source;

/* Opens a file; gzip is known by its first bytes, not by its name. Not collective.
 * shown: the path for messages, lent. Owner of *source: the caller. Errors: DSEP_ERROR_IO,
 * DSEP_ERROR_RESOURCES. */
int dsep_text_source_open(const char *path, const char *shown, dsep_text_source **source,
                          dsep_error *error);

/* Closes it and sets *source to NULL; accepts NULL. Not collective. */
void dsep_text_source_close(dsep_text_source **source);

/* Moves the window to byte `from` of the text, at least `wanted` bytes long unless the text ends
 * or fails before. Not collective.
 * from: never before the last window's; *text: the window, lent until the next call, followed by
 * a NUL; *got: its bytes, no more than wanted unless they were there already.
 * Errors: DSEP_ERROR_RESOURCES. A file that is damaged or cannot be read is no error here: its
 * good bytes come first, see dsep_text_source_failure(). */
int dsep_text_source_window(dsep_text_source *source, int64_t from, int64_t wanted,
                            const char **text, int64_t *got, dsep_error *error);

/* The outcome of reading so far: DSEP_OK, or DSEP_ERROR_DATA for a damaged gzip stream,
 * DSEP_ERROR_IO for a failed read, with its text. Not collective. */
int dsep_text_source_failure(const dsep_text_source *source, dsep_error *error);

#endif
