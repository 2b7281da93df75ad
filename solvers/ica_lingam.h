/* ICA-LiNGAM: the causal order from an independent component analysis.
 *
 * Shimizu, Hoyer, Hyvarinen & Kerminen 2006, JMLR 7:2003. Independent components e = W x of
 * standardised variables; rows of W go where the sum of 1 / |W_ii| is least, and the order is the
 * one whose entries above the diagonal matter least. They are compared in units in which every
 * disturbance has variance 1, W_ij / W_jj, so that the order does not depend on the units of the
 * variables. Coefficients: dsep_lingam_ordered(). */
#ifndef DSEP_SOLVERS_ICA_LINGAM_H
#define DSEP_SOLVERS_ICA_LINGAM_H

#include "mpi/table.h"
#include "solvers/fastica.h"

#include <stdint.h>

/* Variables up to which every order is considered. */
enum { DSEP_ICA_LINGAM_EVERY = 15 };

typedef struct {
    dsep_fastica_outcome ica; /* not converged: the order is no more than a guess */
    double above, all;        /* sums of squares of W_ij / W_jj above the diagonal, and beside it */
} dsep_ica_lingam_outcome;

/* The causal order of a table into order[n_variables]. Collective; rank 0 works. Components are the
 * best of `starts` random ones. Errors: DSEP_ERROR_DATA for several environments and linear
 * combinations, DSEP_ERROR_RESOURCES, agreed. Memory: the table three times on rank 0's node.
 * Reproducibility: class B. Shown by tests/oracle/lingam_references.sh. */
int dsep_ica_lingam_order(dsep_context *ctx, const dsep_table *table, uint64_t seed, int64_t starts,
                          int64_t *order, dsep_ica_lingam_outcome *outcome);

/* The order in which the squares of B above the diagonal have the least sum. Not collective. b:
 * [p x p] row = effect. Up to DSEP_ICA_LINGAM_EVERY variables the least of all orders, by dynamic
 * programming over sets in 2^p p^2 steps; beyond, the smallest entries are taken away until what is
 * left has an order, which that is. above: that sum. Errors: DSEP_ERROR_RESOURCES. */
int dsep_ica_lingam_triangle(int64_t p, const double *b, int64_t *order, double *above,
                             dsep_error *error);

/* The same the second way, whatever p. Not collective. */
int dsep_ica_lingam_prune(int64_t p, const double *b, int64_t *order, double *above,
                          dsep_error *error);

#endif
