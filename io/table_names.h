/* Names of columns on their way into a table. */
#ifndef DSEP_IO_TABLE_NAMES_H
#define DSEP_IO_TABLE_NAMES_H

#include "mpi/context.h"

#include <stdint.h>

/* A growing block of names, each ended by a NUL. All zero is empty. */
typedef struct {
    char *text;
    int64_t bytes, capacity;
} dsep_name_block;

/* Appends begin..end. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_name_block_add(dsep_name_block *block, const char *begin, const char *end,
                        dsep_error *error);

/* Frees the block's memory. Not collective. */
void dsep_name_block_clear(dsep_name_block *block);

/* The `count` names of a block as strings of their own. Not collective. Errors:
 * DSEP_ERROR_RESOURCES; DSEP_ERROR_INTERNAL when the block holds another number of names.
 * Owner of *names: the caller, dsep_names_free(). */
int dsep_names_unpack(const char *text, int64_t bytes, int64_t count, char ***names,
                      dsep_error *error);

/* V1, V2, ... Not collective. Errors and owner as above. */
int dsep_names_numbered(int64_t count, char ***names, dsep_error *error);

/* Frees names and sets *names to NULL; accepts NULL. Not collective. */
void dsep_names_free(char ***names, int64_t count);

/* Gives every rank the `count` names in rank 0's block, V1, V2, ... when it is empty.
 * Collective. Errors, agreed: as above. Owner as above. */
int dsep_names_share(dsep_context *ctx, const dsep_name_block *block, int64_t count, char ***names);

/* Whether a text is UTF-8. Not collective. */
int dsep_name_is_utf8(const char *text);

/* Checks the chosen names: none empty, no two alike, all UTF-8. Not collective.
 * chosen: [count] 0-based positions. Errors: DSEP_ERROR_DATA, naming `path`; DSEP_ERROR_RESOURCES.
 */
int dsep_names_check(const char *path, char *const *names, const int64_t *chosen, int64_t count,
                     dsep_error *error);

/* The first ten of names as a list for a message, then how many more. Not collective.
 * which: [count] indices into names. */
void dsep_names_list(char *const *names, const int64_t *which, int64_t count, char *buffer,
                     int64_t room);

#endif
