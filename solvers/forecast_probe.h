/* A small search among a table's columns, to see how early tests stop and what higher orders cost.
 */
#ifndef DSEP_SOLVERS_FORECAST_PROBE_H
#define DSEP_SOLVERS_FORECAST_PROBE_H

#include "mpi/table.h"

/* What PC did with some columns alone: those of a sample with their neighbours. */
typedef struct {
    int64_t n_columns; /* 0: there was no room for any */
    double tests_1, tests_more;
    double seconds_1, seconds_more; /* order 1; all that followed, with strengths and marks */
    int64_t cut; /* the order that would have taken too long here; 0: none. Its tests and seconds,
                  * at most, are in those of more */
} dsep_probe;

typedef struct {
    const int64_t *sample; /* [n_sample] columns to begin with, 64 at most */
    int64_t n_sample, max_order;
    double alpha, threshold; /* columns of a larger |correlation| are neighbours */
    double degree;           /* neighbours of a variable, about */
} dsep_probe_settings;

/* Tests of order 1 that a pair of neighbours has from one end, with the other neighbours there one
 * by one until one separates it. */
typedef struct {
    int64_t pairs;   /* that were looked at; 0: none */
    double tests;    /* of a pair, the mean; those that stay have as many as there are neighbours */
    double stay;     /* share that no neighbour separates */
    double of_those; /* their tests, the mean */
} dsep_probe_side;

/* Counts the tests of columns of the sample with their neighbours, of which at most 400 serve, and
 * searches among some columns of the sample with their neighbours. Collective: every rank does the
 * same at the same time, as it will work. Tests are the same on every rank and seconds the most of
 * all. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. Cost: 2 n p flops a column of the
 * sample and 2e9 for their neighbours; a search of at most 400 columns, of 1.5 s at most; 128 MB a
 * rank at most. */
int dsep_probe_run(dsep_context *ctx, const dsep_table *table, const dsep_probe_settings *settings,
                   dsep_probe_side *side, dsep_probe *probe);

#endif
