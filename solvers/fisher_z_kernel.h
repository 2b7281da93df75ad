/* The arithmetic of Fisher's z test over contiguous rows. */
#ifndef DSEP_SOLVERS_FISHER_Z_KERNEL_H
#define DSEP_SOLVERS_FISHER_Z_KERNEL_H

#include "solvers/citest.h"

/* Less than this share of a variable's variance left: the set determines it. */
#define DSEP_FISHER_Z_SINGULAR 1e-10

/* Residual covariances of a node i, a pivot k and targets j given a set. */
typedef struct {
    double ii, ik, kk;
    double threshold;           /* squared partial correlation at which a test turns */
    int64_t n;                  /* number of targets */
    const double *ij, *jj, *kj; /* [n] */
} dsep_fisher_z_row;

/* Decides i and j given the set and k, for all targets. Not collective. independent[n] is 1 or 0.
 * Cost: 10 flops a target, no root, no division, no branch. Reproducibility: class A, the same
 * bits from every clone. */
dsep_citest_row dsep_fisher_z_decide(const dsep_fisher_z_row *row, int64_t *independent);

/* target[j] = source[j] - factor * pivot[j]. Not collective. The step of a partial Cholesky. */
void dsep_fisher_z_eliminate(int64_t n, double factor, const double *pivot, const double *source,
                             double *target);

/* target[j] = source[j] - pivot[j]^2 * (1 / kk). Not collective. The same for the diagonal. */
void dsep_fisher_z_eliminate_diagonal(int64_t n, double kk, const double *pivot,
                                      const double *source, double *target);

/* row[m] = source[places[m]]. Not collective. */
void dsep_fisher_z_gather(int64_t n, const int32_t *places, const double *source, double *row);

#endif
