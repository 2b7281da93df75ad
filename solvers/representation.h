/* A linear causal representation: what every method that finds one gives.
 *
 * In every environment k the factors are z = H x (x centred in its environment) and B_k z has
 * independent parts: row i of B_k says how factor i follows from those before it in the order.
 * Matrices stand row after row. */
#ifndef DSEP_SOLVERS_REPRESENTATION_H
#define DSEP_SOLVERS_REPRESENTATION_H

#include "mpi/error.h"

#include <stdint.h>

typedef struct {
    int64_t n_variables, n_factors, n_environments; /* p, d, K */
    double *h;                                      /* [d x p] encoder, z = H x */
    double *g;                                      /* [p x d] decoder, the pseudo-inverse of H */
    double *b;                                      /* [K x d x d] noise = B_k z */
    double *weight;  /* [K x d x d] structural weights: row = effect, column = cause, diagonal 0 */
    int64_t *order;  /* [d] factors from first cause to last effect */
    int64_t *target; /* [K] the factor that the environment intervenes on; -1: none, or unknown */
    int64_t *named_by; /* [d] the variable that a factor is named by; -1 where it has none */
    double *named_r2;  /* [d] how well; NaN where there is none */
} dsep_representation;

/* An empty one: zeros, order 0 .. d - 1, no targets, no names. Not collective. Errors:
 * DSEP_ERROR_RESOURCES. Owner of *made: the caller. */
int dsep_representation_create(int64_t n_variables, int64_t n_factors, int64_t n_environments,
                               dsep_error *error, dsep_representation **made);

/* Frees it and sets *representation to NULL; accepts NULL. Not collective. */
void dsep_representation_destroy(dsep_representation **representation);

#endif
