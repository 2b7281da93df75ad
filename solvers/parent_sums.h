/* For each variable and each set of others: the sum of exp(local score) over all parent sets within
 * it. What the exact posterior is made of. */
#ifndef DSEP_SOLVERS_PARENT_SUMS_H
#define DSEP_SOLVERS_PARENT_SUMS_H

#include "mpi/shared.h"

enum { DSEP_EXACT_MOST = 25 }; /* variables; sets of them are bits of a uint32_t */

/* The logarithm of a variable's factor in the weight of a DAG, given its parents. Not collective.
 */
typedef long double dsep_local_score(const void *data, int variable, uint32_t parents);

/* A sum is mantissa * 2^exponent * exp(largest score of its variable), 1/2 <= mantissa < 1. */
typedef struct {
    int n_variables;
    const double *mantissa;  /* [p][2^(p-1)] by dsep_parent_place() */
    const int32_t *exponent; /* [p][2^(p-1)] */
    long double log_scale;   /* the largest scores of all variables, added */
    dsep_shared *memory;
} dsep_parent_sums;

/* Where the sum of `variable` over the subsets of `set` stands; bit `variable` is not in `set`. Not
 * collective. */
static inline int64_t dsep_parent_place(int n_variables, int variable, uint32_t set) {
    const uint32_t low = (1U << variable) - 1;
    return ((int64_t)variable << (n_variables - 1)) + ((set & low) | (set >> 1 & ~low));
}

/* Makes all sums. Collective. score: gives every rank the same. Errors: DSEP_ERROR_RESOURCES;
 * DSEP_ERROR_DATA where a score is not finite or scores of one variable differ by more than a
 * factor 2^(2^26); agreed. Cost: p^2 2^(p-2) additions, shared out by variable; 12 p 2^(p-1) bytes
 * on each node. Accuracy: p roundings to 53 bits. Reproducibility: class A. Owner of *sums: the
 * caller. */
int dsep_parent_sums_create(dsep_context *ctx, int n_variables, dsep_local_score *score,
                            const void *data, dsep_parent_sums **sums);

/* Frees it and sets *sums to NULL; accepts NULL. Collective. */
void dsep_parent_sums_destroy(dsep_parent_sums **sums);

#endif
