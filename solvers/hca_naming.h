/* Factors named by measured variables, within what the method leaves open (hca.h).
 *
 * Factor i is known up to multiples of the factors before it. It is regressed on those and one
 * variable, over the rows of all environments, each centred in its own; the variable with the
 * largest R^2 names it, and the factor is turned, by multiples of those before it, to where the
 * regression has nothing of them. */
#ifndef DSEP_SOLVERS_HCA_NAMING_H
#define DSEP_SOLVERS_HCA_NAMING_H

#include "solvers/environments.h"

typedef struct {
    double *turn; /* [d x d] lower triangular: named factors = turn times factors; their rows of
                   * H have length 1 and grow with their variable */
    int64_t *variable; /* [d] -1 where no variable says anything of a factor */
    double *r2;        /* [d] R^2 of that regression; NaN without */
    double *alone;     /* [d] squared correlation of the named factor and its variable */
} dsep_hca_names;

/* Names factors H x. Collective: environments are spread over ranks. h: [d x p] row after row,
 * orthonormal. Of equal variables the first. Errors: DSEP_ERROR_RESOURCES, agreed. Cost: 4 n p d
 * flops. Owner of *names: the caller. */
int dsep_hca_names_create(dsep_context *ctx, const dsep_environments *environments,
                          int64_t n_factors, const double *h, dsep_hca_names **names);

/* Frees it and sets *names to NULL; accepts NULL. Not collective. */
void dsep_hca_names_destroy(dsep_hca_names **names);

#endif
