/* Which columns a user wants: --columns, --drop and --environment. */
#ifndef DSEP_IO_COLUMN_CHOICE_H
#define DSEP_IO_COLUMN_CHOICE_H

#include "mpi/error.h"

#include <stdint.h>

/* What a user said; NULL for nothing. An item is an exact name, else a 1-based number or range; in
 * double quotes it is only a name and may hold commas. */
typedef struct {
    const char *columns, *drop; /* lists */
    const char *environment;    /* one column */
    const char *also;           /* where it was looked for before, for messages */
} dsep_column_wishes;

/* All zero is no choice. */
typedef struct {
    int64_t *kept, n_kept; /* 0-based, in file order, without the environment */
    int64_t environment;   /* its position, -1 without */
} dsep_column_set;

/* The columns that remain. Not collective; a pure function.
 * names: [count]. The caller frees chosen->kept.
 * Errors: DSEP_ERROR_USAGE for an unknown item, with the nearest name, for an environment that is
 * not one column or also to be dropped, and when nothing is left; DSEP_ERROR_DATA for a table
 * without columns; DSEP_ERROR_RESOURCES. Cost: O(p log p + items log p). */
int dsep_column_choice(const char *path, char *const *names, int64_t count,
                       const dsep_column_wishes *wishes, dsep_column_set *chosen,
                       dsep_error *error);

/* Number of letters to change, insert or remove to come from a to b; only the first 64 bytes
 * count. Not collective. */
int dsep_edit_distance(const char *a, const char *b);

#endif
