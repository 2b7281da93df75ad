/* What a search will need, judged before it starts. */
#ifndef DSEP_SOLVERS_FORECAST_H
#define DSEP_SOLVERS_FORECAST_H

#include "mpi/table.h"

/* Seconds on these ranks, from a moment's measurement on this machine: never the same twice. */
typedef struct {
    double order_0;
    double order_1; /* at most: separated pairs stop early */
    double rest;    /* to read, measure strengths, orient and write, about */
} dsep_forecast_time;

typedef struct {
    int64_t n_samples, n_variables;
    double density;          /* share of pairs that stay adjacent after order 0 */
    double tests_0, tests_1; /* tests of order 0; of order 1 at most */
    int64_t bytes_table;     /* a node: the table's columns */
    int64_t bytes_columns;   /* a node: standardised columns, shared */
    int64_t bytes_matrix;    /* a node: the correlation matrix, where it is held */
    int64_t bytes_adjacency; /* a node: neighbours after order 0 */
    int64_t bytes_whole;     /* a node, at the most, with the matrix; INT64_MAX when it overflows */
    int64_t bytes_tiled;     /* the same without it */
    dsep_forecast_time whole, tiled; /* by dsep_forecast_measure() */
    int matrix_pays; /* whether a matrix is likely to save more time than it costs; the same on
                      * every machine and any number of ranks */
} dsep_forecast;

/* Forecasts a Fisher-z search at a level alpha. Collective.
 * The density comes from the correlations of up to 64 columns, drawn by the seed, with all
 * others. Errors: DSEP_ERROR_RESOURCES, agreed. Cost: 128 n p flops, one broadcast of the sample.
 * Seconds are not filled. Reproducibility: class A for one number of nodes. */
int dsep_forecast_search(dsep_context *ctx, const dsep_table *table, double alpha, uint64_t seed,
                         dsep_forecast *forecast);

/* Fills the seconds. Collective. Cost: some milliseconds of measurement. */
void dsep_forecast_measure(dsep_context *ctx, dsep_forecast *forecast);

#endif
