/* What a search will need, judged before it starts. */
#ifndef DSEP_SOLVERS_FORECAST_H
#define DSEP_SOLVERS_FORECAST_H

#include "mpi/table.h"

/* Seconds of one rank, from a moment's measurement on this machine: never the same twice. Ranks
 * share all but `rest`. */
typedef struct {
    double order_0;
    double order_1; /* as early as tests stop in a sample */
    double more;    /* higher orders and strengths of edges, by the sample */
    double reading;
    double rest; /* names, marks, a result: whatever the ranks */
} dsep_forecast_time;

/* The machine that memory is forecast for. */
typedef struct {
    int64_t nodes, ranks_per_node;
    int64_t rank_base;    /* bytes of a rank before it reads anything */
    int64_t node_files;   /* of the program and its libraries, once a node */
    int64_t rank_reading; /* of a rank beside its part of the table, while it reads */
} dsep_forecast_layout;

typedef struct {
    int64_t n_samples, n_variables;
    double density;          /* share of pairs that stay adjacent after order 0 */
    double tests_0, tests_1; /* tests of order 0; of order 1 at most */
    int64_t bytes_table;     /* a node: the table's columns */
    int64_t bytes_columns;   /* a node: standardised columns, shared */
    int64_t bytes_matrix;    /* a node: the correlation matrix, where it is held */
    int64_t bytes_adjacency; /* a node: neighbours after order 0 */
    int64_t bytes_base;      /* a node: program, libraries, and its ranks before they read */
    int64_t bytes_own;       /* a node: what ranks keep for themselves of every variable */
    int64_t bytes_sets;      /* a node: separating sets */
    int64_t bytes_reading;   /* a node, at the most, while the table is read */
    int64_t bytes_whole;     /* a node, at the most, with the matrix; INT64_MAX when it overflows */
    int64_t bytes_tiled;     /* the same without it */
    /* By dsep_forecast_measure(). */
    dsep_forecast_time whole, tiled;
    double likely_1, likely_more; /* tests of order 1 and of higher ones, by a sample */
    int64_t cut;     /* an order that would have taken too long in the sample: larger ones are not
                      * known; 0: none */
    int matrix_pays; /* whether a matrix is likely to save more time than it costs; the same on
                      * every machine and any number of ranks */
} dsep_forecast;

/* Forecasts a Fisher-z search at a level alpha. Collective.
 * The density comes from the correlations of up to 64 columns, drawn by the seed, with all
 * others. Errors: DSEP_ERROR_RESOURCES, agreed. Cost: 128 n p flops, one broadcast of the sample.
 * Seconds are not filled. Reproducibility: class A for one number of nodes. */
int dsep_forecast_search(dsep_context *ctx, const dsep_table *table, double alpha, uint64_t seed,
                         dsep_forecast *forecast);

/* Fills the bytes for another machine; dsep_forecast_search() has filled them for the ranks that
 * called it, without what a rank has before it reads. Not collective. */
void dsep_forecast_memory(const dsep_forecast_layout *layout, dsep_forecast *forecast);

/* Fills the seconds, and the tests that are likely. Collective. How early tests of order 1 stop is
 * counted for a sample of variables with all their neighbours; what higher orders and strengths
 * cost, and at dense tables how fast tests are, is seen in a search of some hundred columns,
 * carried on by tests of order 1 and by variables alike (forecast_probe.h). Errors: those of that,
 * agreed. Cost: a second or two. */
int dsep_forecast_measure(dsep_context *ctx, const dsep_table *table, double alpha,
                          int64_t max_order, uint64_t seed, dsep_forecast *forecast);

/* Seconds of a whole run on so many ranks like this one. Not collective. */
double dsep_forecast_seconds(const dsep_forecast_time *time, int64_t ranks);

#endif
