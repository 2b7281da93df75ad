/* A small search among a table's columns, to see how early tests stop and what higher orders cost.
 */
#ifndef DSEP_SOLVERS_FORECAST_PROBE_H
#define DSEP_SOLVERS_FORECAST_PROBE_H

#include "mpi/table.h"

/* What PC did with some columns alone: those of a sample with their neighbours. */
typedef struct {
    int64_t n_columns; /* 0: there was no room for any */
    double degree;     /* neighbours of a variable after order 0, the mean */
    double most_1;     /* tests of order 1, if none had stopped early */
    double tests_1, tests_more;
    double seconds_1, seconds_more; /* order 1; all that followed, with strengths and marks */
    int64_t cut; /* the order that would have taken too long here; 0: none. Its tests and seconds,
                  * at most, are in those of more */
} dsep_probe;

typedef struct {
    const int64_t *sample; /* [n_sample] columns to begin with */
    int64_t n_sample, max_order;
    double alpha, threshold; /* columns of a larger |correlation| are neighbours */
} dsep_probe_settings;

/* Searches among these columns and their neighbours, and among every other one of them, which tells
 * how things grow. Collective: every rank searches the same at the same time, as it will work.
 * Tests are the same on every rank and seconds the most of all. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL, agreed. Cost: 2 n p flops for each column of the sample that is used; two
 * searches of at most 400 columns, of 1.5 s at most; 128 MB a rank at most. */
int dsep_probe_run(dsep_context *ctx, const dsep_table *table, const dsep_probe_settings *settings,
                   dsep_probe *all, dsep_probe *half);

#endif
