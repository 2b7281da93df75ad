/* One fit among many of the same table: on some rows, some variables, with noise added.
 *
 * A replicate is a vector of weights on the rows. Its correlations are one product of the columns'
 * weighted rows: columns are centred by their weighted means, scaled by the roots of the weights,
 * and rows of weight zero are left out. Memory, also that of the tests, serves every replicate. */
#ifndef DSEP_SOLVERS_REPLICATE_H
#define DSEP_SOLVERS_REPLICATE_H

#include "mpi/random.h"
#include "solvers/correlation.h"
#include "solvers/pc.h"
#include "solvers/resample.h"

typedef struct dsep_replicator dsep_replicator;

/* What is different in this one. Zeros: nothing. */
typedef struct {
    const int32_t *weight;            /* [n_samples] how often each row counts; NULL: once */
    const dsep_resample *permutation; /* every variable's rows in an order of their own; or NULL */
    int64_t permuted;                 /* which replicate of it */
    double noise;                     /* sd of noise added to every column, in units of its own */
    dsep_random noise_source;         /* of which row * variables + variable is drawn */
    const int32_t *variables;         /* [n_variables] ascending; NULL: all of them */
    int64_t n_variables;
    double alpha;
} dsep_variation;

typedef struct {
    dsep_graph *graph;       /* nodes are places in `variables`; on every rank of the group */
    int64_t constant;        /* variables that did not vary: they are independent of all others */
    int64_t n_levels, tests; /* of the search; tests over all ranks of the group */
} dsep_replicate;

/* Room for replicates of a table. Collective over the group that will make them.
 * source: the table's standardised columns (dsep_correlation_create() without a matrix), lent; it
 * may belong to more ranks than the group. whole: keep a matrix, once a node and group. Errors:
 * DSEP_ERROR_RESOURCES, agreed. Owner of *replicator: the caller. */
int dsep_replicator_create(dsep_context *group, const dsep_correlation *source, int whole,
                           dsep_replicator **replicator);

/* Frees it and sets *replicator to NULL; accepts NULL. Collective. */
void dsep_replicator_destroy(dsep_replicator **replicator);

/* Makes one. Collective over the group. knowledge: may be NULL, and must be with fewer variables.
 * settings: as for dsep_pc_run(), of which the graph alone is made. Where fewer than 5 rows count,
 * or the weights leave no test, the graph has no edges that were not tested. Errors:
 * DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. Cost: rows x p^2 flops for the rows that
 * count, and the search. Reproducibility: class A: a function of source, variation and settings.
 * Owner of replicate->graph: the caller. */
int dsep_replicator_run(dsep_context *group, dsep_replicator *replicator,
                        const dsep_variation *variation, const dsep_knowledge *knowledge,
                        const dsep_pc_settings *settings, dsep_replicate *replicate);

/* The correlations that a variation is tested by, for methods that need no more. Collective over
 * the group. deviation: [variables of the variation] of the weighted rows, divisor n - 1, in units
 * of the column's own; on every rank; NULL: not wanted. *constant: variables that do not vary;
 * their correlations are 0. Returns what is lent until the next one is made. Cost and
 * reproducibility: as above. */
const dsep_correlation *dsep_replicator_correlate(dsep_context *group, dsep_replicator *replicator,
                                                  const dsep_variation *variation,
                                                  double *deviation, int64_t *constant);

/* Bytes that a group needs on a node. Not collective. */
int64_t dsep_replicator_bytes(int64_t n_samples, int64_t n_variables, int whole);

#endif
