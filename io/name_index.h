/* From names to numbers. */
#ifndef DSEP_IO_NAME_INDEX_H
#define DSEP_IO_NAME_INDEX_H

#include "mpi/error.h"

#include <stdint.h>

typedef struct dsep_name_index dsep_name_index;

/* Makes an index of names, which it lends: they outlive it. More can be added. Not collective.
 * Errors: DSEP_ERROR_DATA for a name that stands twice; DSEP_ERROR_RESOURCES. Owner of *index: the
 * caller. */
int dsep_name_index_create(char *const *names, int64_t count, dsep_error *error,
                           dsep_name_index **index);

/* Frees the index and sets *index to NULL; accepts NULL. Not collective. */
void dsep_name_index_destroy(dsep_name_index **index);

/* The number of the name of `length` bytes, or -1. Not collective. Cost: a hash and mostly one
 * comparison. */
int64_t dsep_name_index_find(const dsep_name_index *index, const char *name, int64_t length);

/* Adds a name that is not there yet under the next number; lent. Not collective. Errors:
 * DSEP_ERROR_RESOURCES. */
int dsep_name_index_add(dsep_name_index *index, char *name, dsep_error *error);

#endif
