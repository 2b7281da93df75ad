/* A share of a command's units of work: `--part K/N`. Parts are equal to within one unit and have
 * none in common. */
#ifndef DSEP_JOBS_PART_H
#define DSEP_JOBS_PART_H

#include "mpi/error.h"

#include <stdint.h>

enum { DSEP_PART_MOST = 100000 };

typedef struct {
    int64_t number, count; /* K, from 1, and N; zeros: all units */
} dsep_part;

/* Reads "K/N"; NULL gives all units. Not collective. Errors: DSEP_ERROR_USAGE. */
int dsep_part_parse(const char *text, dsep_error *error, dsep_part *part);

/* Whether a unit belongs to it: those K - 1, K - 1 + N, ... do. Not collective. */
int dsep_part_has(dsep_part part, int64_t unit);

/* How many of so many units belong to it. Not collective. */
int64_t dsep_part_units(dsep_part part, int64_t n_units);

/* Whether two are the same. Not collective. */
int dsep_part_same(dsep_part a, dsep_part b);

/* OUTPUT.part-K-of-N, where it is left; OUTPUT itself for all units. Not collective. Owner: the
 * caller, free(). NULL without memory. */
char *dsep_part_path(const char *output, dsep_part part);

#endif
