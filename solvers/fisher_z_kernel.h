/* The arithmetic of Fisher's z test over contiguous rows. */
#ifndef DSEP_SOLVERS_FISHER_Z_KERNEL_H
#define DSEP_SOLVERS_FISHER_Z_KERNEL_H

#include "solvers/citest.h"

/* Less than this share of a variable's variance left: the set determines it. */
#define DSEP_FISHER_Z_SINGULAR 1e-10

/* What stands in `bound` for a pivot with which no test exists, and for a place that is no pivot
 * at all. */
#define DSEP_FISHER_Z_NO_TEST (-1.0)
#define DSEP_FISHER_Z_NO_PIVOT (-2.0)

/* Residual covariances, given a set, of a node i and a target j with pivots k. */
typedef struct {
    double ij, jj;
    int64_t n;                          /* number of pivots */
    const double *ik, *kk, *kj, *bound; /* [n]; kk NULL: all 1, for sets of one member */
} dsep_fisher_z_row;

/* What one block of pivots gives: whether any separates, and for how many no test exists. */
typedef struct {
    int64_t separated, singular;
} dsep_fisher_z_block;

/* bound[k] = threshold (ii kk - ik^2), or DSEP_FISHER_Z_NO_TEST where the pivot is determined by
 * the set, or the node by both: the node's half of every test. Not collective.
 * kk NULL: all 1. threshold: squared partial correlation at which the test turns. */
void dsep_fisher_z_bounds(int64_t n, double ii, double threshold, const double *ik,
                          const double *kk, double *bound);

/* Tests i and j given the set and each of n pivots. Not collective. independent[n] is 1 or 0.
 * Cost: about 8 flops a test, no root, no division, no branch. Reproducibility: class A, the same
 * bits from every clone. */
dsep_fisher_z_block dsep_fisher_z_test(const dsep_fisher_z_row *row, int64_t *independent);

/* Whether a test exists with a squared partial correlation of about `share` of the threshold in
 * row->bound, or less. Not collective. Cost: as dsep_fisher_z_test(). */
int dsep_fisher_z_any_below(const dsep_fisher_z_row *row, double share);

/* The smallest squared partial correlation over the pivots with which a test exists, and the first
 * pivot that gives it into *pivot; infinity and -1 where none exists. ii: the node's variance given
 * the set. squared: [n] for work. Not collective. Cost: 10 flops and a division a pivot. */
double dsep_fisher_z_least(const dsep_fisher_z_row *row, double ii, double *squared,
                           int64_t *pivot);

/* target[j] = source[j] - factor * pivot[j]. Not collective. The step of a partial Cholesky. */
void dsep_fisher_z_eliminate(int64_t n, double factor, const double *pivot, const double *source,
                             double *target);

/* target[j] = source[j] - pivot[j]^2 * (1 / kk). Not collective. The same for the diagonal. */
void dsep_fisher_z_eliminate_diagonal(int64_t n, double kk, const double *pivot,
                                      const double *source, double *target);

/* Bit j of dependent is r[j]^2 > threshold: tests without any condition. Not collective.
 * dependent: [(n + 63) / 64]. */
void dsep_fisher_z_pairs(int64_t n, double threshold, const double *r, uint64_t *dependent);

#endif
