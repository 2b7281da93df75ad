/* What a user writes for "no value". */
#ifndef DSEP_IO_MISSING_TOKEN_H
#define DSEP_IO_MISSING_TOKEN_H

#include "mpi/error.h"

#include <stdint.h>

/* Tokens compare as text; those that are numbers also as values. */
typedef struct {
    char *text;
    const char **tokens;
    double *values;
    int64_t n_tokens, n_values;
} dsep_missing;

/* Takes a comma-separated list; NULL means NA, NaN, nan. Not collective.
 * Errors: DSEP_ERROR_RESOURCES. The caller ends with dsep_missing_clear(), also on failure. */
int dsep_missing_parse(const char *list, dsep_missing *missing, dsep_error *error);

/* Frees what it holds. Not collective. */
void dsep_missing_clear(dsep_missing *missing);

/* Whether begin..end is empty or one of the tokens. Not collective. */
int dsep_missing_is(const dsep_missing *missing, const char *begin, const char *end);

/* Turns every value that stands for "missing" into NaN. Not collective. */
void dsep_missing_replace(const dsep_missing *missing, double *values, int64_t count);

#endif
