/* Linear non-Gaussian acyclic models: x = B x + e, the parts of e independent and not Gaussian.
 *
 * Rows of several environments are groups that share one causal order and have each their B. The
 * order comes from lingam_order.h or from elsewhere (ica_lingam.h); the coefficients are
 * regressions of every variable on those before it in the order. */
#ifndef DSEP_SOLVERS_LINGAM_H
#define DSEP_SOLVERS_LINGAM_H

#include "mpi/graph.h"
#include "mpi/shared.h"
#include "mpi/table.h"
#include "solvers/correlation.h"
#include "solvers/lingam_order.h"

typedef enum {
    DSEP_LINGAM_ADAPTIVE_LASSO, /* keep what adaptive lasso keeps by BIC, fitted again */
    DSEP_LINGAM_KEEP            /* every coefficient */
} dsep_lingam_pruning;

typedef struct {
    int64_t n_variables, n_groups;
    int64_t *order;  /* [n_variables] causes before effects */
    const double *b; /* [n_groups x n_variables x n_variables] row = effect, column = cause;
                      * node-shared */
    dsep_shared *memory;
    dsep_lingam_effort effort;
} dsep_lingam;

/* DirectLiNGAM of a table; with several environments of the rows of each, which must all have more
 * rows than there are variables. Collective. Errors: DSEP_ERROR_DATA for too few rows, a column
 * that is constant in an environment, linear combinations; DSEP_ERROR_RESOURCES; agreed. Cost: as
 * dsep_lingam_order(); regressions of k^3 / 3 flops each, spread over the ranks. Memory: see
 * dsep_lingam_bytes(). Reproducibility: the order is class A, B class B. Owner of *made: the
 * caller. Sources: lingam_order.h, adaptive_lasso.h. */
int dsep_lingam_direct(dsep_context *ctx, const dsep_table *table, dsep_lingam_pruning pruning,
                       dsep_lingam **made);

/* The same with an order that is given [n_variables]; it is copied. Collective. */
int dsep_lingam_ordered(dsep_context *ctx, const dsep_table *table, const int64_t *order,
                        dsep_lingam_pruning pruning, dsep_lingam **made);

/* Bytes a node needs beside the table. Not collective. */
int64_t dsep_lingam_bytes(int64_t n_samples, int64_t n_variables, int64_t n_groups);

/* Frees it and sets *lingam to NULL; accepts NULL. Collective. */
void dsep_lingam_destroy(dsep_lingam **lingam);

/* Regressions of each variable on those before it in the order and on all `others`, from the
 * correlations of all of them: variable v is number v, others follow. Collective. sd: [all]
 * standard deviations. b: node-shared and zeroed [p x p] and, for others, [others / p x p x p]
 * after it. Errors: those of dsep_adaptive_lasso(), agreed. */
int dsep_lingam_regress(dsep_context *ctx, const dsep_correlation *correlation, int64_t p,
                        int64_t others, const double *sd, const int64_t *order,
                        dsep_lingam_pruning pruning, double *b);

/* The graph of coefficients [layers x p x p] that are not 0, with p x layers nodes: node l p + v is
 * variable v of layer l, and effects are all in layer 0. Without lags: the union over `groups`
 * matrices, their mean as weight. Not collective. weight: [n_edges] as dsep_graph_edges() orders
 * them, of which the caller is the owner. Errors: DSEP_ERROR_RESOURCES. */
int dsep_lingam_graph(int64_t p, int64_t groups, int64_t layers, const double *b, dsep_error *error,
                      dsep_graph **graph, double **weight);

#endif
