/* The search for the best order of rows in hierarchical component analysis (hca.h). */
#ifndef DSEP_SOLVERS_HCA_SEARCH_H
#define DSEP_SOLVERS_HCA_SEARCH_H

#include "mpi/context.h"
#include "solvers/hca_judge.h"

typedef struct {
    int64_t exhaustive; /* up to so many orders, all are tried */
    int64_t beam;       /* beyond: partial orders that are kept while orders grow */
    int64_t descents;   /* and how many of the best whole ones are improved by swaps */
} dsep_hca_search;

/* How many orders there are, (d!)^K; INT64_MAX where that is more. Not collective. */
int64_t dsep_hca_orders(int64_t n_factors, int64_t n_environments);

/* Finds the best order. Collective over ctx, with the same judge on every rank; ctx NULL: this rank
 * alone; the result is the same.
 * Where not all are tried, orders grow factor by factor and in each environment by environment;
 * kept are those whose factors the environments agree on best (the sum of 1 - s1^2 / sum s^2).
 * Ties: the order whose rows come first. row: [K x d]. judged: orders that were judged, over all
 * ranks. Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_hca_search_run(dsep_context *ctx, dsep_hca_judge *judge, const dsep_hca_search *search,
                        dsep_error *error, int32_t *row, dsep_hca_score *score, int64_t *judged);

#endif
