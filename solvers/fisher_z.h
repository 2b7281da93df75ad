/* Fisher's z test of partial correlations behind the interface of citest.h.
 *
 * x and y are independent given S when sqrt(n - |S| - 3) atanh |r| <= z(1 - alpha / 2), decided
 * without logarithm, root or division as c_xy^2 <= t c_xx c_yy on the residual covariances, with
 * t = tanh(z / sqrt(n - |S| - 3))^2 (Fisher 1924; Kalisch & Buehlmann 2007, JMLR 8:613).
 * A variable is determined by a set when less than 1e-10 of its variance is left: then no test
 * exists. */
#ifndef DSEP_SOLVERS_FISHER_Z_H
#define DSEP_SOLVERS_FISHER_Z_H

#include "solvers/citest.h"
#include "solvers/correlation.h"

/* Makes a test over a correlation matrix, which is lent and must outlive it. Not collective.
 * alpha in (0, 1). Errors: DSEP_ERROR_RESOURCES. Owner of *test: the caller. */
int dsep_fisher_z_create(const dsep_correlation *correlation, double alpha, dsep_error *error,
                         dsep_citest **test);

/* Frees the test and sets *test to NULL; accepts NULL. Not collective. */
void dsep_fisher_z_destroy(dsep_citest **test);

/* Bytes of workspace for a node of n_adjacent variables at an order. Not collective. */
int64_t dsep_fisher_z_bytes(int64_t n_adjacent, int64_t order);

#endif
