/* The BGe score: how well a linear Gaussian variable is explained by a set of parents.
 *
 * Geiger & Heckerman 2002, Annals of Statistics 30:1412, doi 10.1214/aos/1035844981, with the
 * constants of Kuipers, Moffa & Heckerman 2014, Annals of Statistics 42:1689, doi
 * 10.1214/14-AOS1217; alpha_mu = 1, alpha_w = p + 2, standardised data. */
#ifndef DSEP_SOLVERS_BGE_H
#define DSEP_SOLVERS_BGE_H

#include "mpi/shared.h"
#include "solvers/parent_sums.h"

typedef struct {
    int n_variables;
    int64_t n_samples;
    const long double *log_minor;          /* [2^p] log determinant of R for each set */
    long double constant[DSEP_EXACT_MOST]; /* of the score, by number of parents */
    dsep_shared *memory;
} dsep_bge;

/* Prepares the scores of all parent sets. Collective. correlation: [p x p] of the data with n - 1
 * as divisor of the variances; p is at most DSEP_EXACT_MOST. Errors: DSEP_ERROR_RESOURCES;
 * DSEP_ERROR_DATA where the matrix is not positive definite even with the prior's share; agreed.
 * Cost: some 10 flops and a logarithm a set, shared out; 16 bytes a set on each node.
 * Reproducibility: class A. Owner of *bge: the caller. */
int dsep_bge_create(dsep_context *ctx, int64_t n_samples, int n_variables,
                    const double *correlation, dsep_bge **bge);

/* log p(data of `variable` | data of `parents`), a bit each: a dsep_local_score of a dsep_bge. Not
 * collective. */
long double dsep_bge_score(const void *bge, int variable, uint32_t parents);

/* Frees it and sets *bge to NULL; accepts NULL. Collective. */
void dsep_bge_destroy(dsep_bge **bge);

#endif
