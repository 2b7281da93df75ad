/* Which predictors a target needs: adaptive lasso along its whole path, chosen by BIC.
 *
 * Zou 2006, J. Am. Stat. Assoc. 101:1418: the lasso of predictors scaled by the magnitude of their
 * least-squares coefficients. The path is that of Efron et al. 2004, Ann. Stat. 32:407; BIC is
 * RSS / s^2 + log(n) df with s^2 the residual variance of all predictors (Zou, Hastie & Tibshirani
 * 2007, Ann. Stat. 35:2173), and the chosen ones are fitted again by least squares. */
#ifndef DSEP_SOLVERS_ADAPTIVE_LASSO_H
#define DSEP_SOLVERS_ADAPTIVE_LASSO_H

#include "mpi/error.h"

#include <stdint.h>

/* Least squares of a target of variance 1 on k predictors of variance 1. Not collective. gram:
 * [k x k] their correlations; cross: [k] those with the target; coefficient: [k]. Errors:
 * DSEP_ERROR_DATA where predictors determine one another; DSEP_ERROR_RESOURCES. */
int dsep_least_squares(int64_t k, const double *gram, const double *cross, double *coefficient,
                       dsep_error *error);

/* The same with the predictors that adaptive lasso keeps; 0 for the others. Not collective. n: rows
 * that the correlations are from, more than k + 1. The path ends where even half of its predictors
 * would make BIC larger than the best so far. Cost: 3 a^2 + 2 k a flops for each of its steps with
 * a predictors. Errors: as above. Reproducibility: class B. Shown by tests/unit/lingam.c. */
int dsep_adaptive_lasso(int64_t k, int64_t n, const double *gram, const double *cross,
                        double *coefficient, dsep_error *error);

#endif
