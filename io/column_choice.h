/* Which columns a user wants: --columns and --drop. */
#ifndef DSEP_IO_COLUMN_CHOICE_H
#define DSEP_IO_COLUMN_CHOICE_H

#include "mpi/error.h"

#include <stdint.h>

/* The positions that remain, in file order. Not collective; a pure function.
 * names: [count]; columns, drop: lists, NULL for none. An item is an exact name, else a 1-based
 * number or range; in double quotes it is only a name and may hold commas.
 * kept: [*n_kept] 0-based, owned by the caller, free().
 * Errors: DSEP_ERROR_USAGE for an unknown item, with the nearest name, and when nothing is left;
 * DSEP_ERROR_DATA for a table without columns; DSEP_ERROR_RESOURCES. Cost: O(p log p + items log
 * p). */
int dsep_column_choice(const char *path, char *const *names, int64_t count, const char *columns,
                       const char *drop, int64_t **kept, int64_t *n_kept, dsep_error *error);

/* Number of letters to change, insert or remove to come from a to b; only the first 64 bytes
 * count. Not collective. */
int dsep_edit_distance(const char *a, const char *b);

#endif
