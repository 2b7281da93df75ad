/* Smooth measures of how far a weighted graph is from having no cycle.
 *
 * With W o W the matrix of squared weights, both are 0 exactly where W is a DAG, and positive
 * elsewhere. Matrices lie on a grid, entry (i, j) being the weight of i -> j.
 *
 * Where edges are required, whatever their weights, (W o W) R takes the place of W o W, with 1 in R
 * where they lead from i to j and where i = j: a cycle of W and them alternates between entries of
 * W and ways along them, however long, so both are 0 exactly where W and they have no cycle
 * together. */
#ifndef DSEP_SOLVERS_ACYCLIC_H
#define DSEP_SOLVERS_ACYCLIC_H

#include "mpi/blockcyclic.h"

typedef enum {
    DSEP_ACYCLIC_LOGDET,     /* h = -log det(s I - W o W) + p log s (DAGMA) */
    DSEP_ACYCLIC_EXPONENTIAL /* h = tr exp(W o W) - p (NOTEARS) */
} dsep_acyclic_kind;

typedef struct {
    dsep_context *ctx; /* lent */
    dsep_acyclic_kind kind;
    dsep_matrix *work[6];     /* what the kind needs; else NULL */
    double *sums;             /* [p] */
    const dsep_matrix *reach; /* lent: R; NULL: no edge is required */
} dsep_acyclic;

/* Memory for matrices of order p; no edge is required. Collective. Errors: DSEP_ERROR_RESOURCES,
 * agreed. Owner of *measure: the caller. Memory: 2 matrices for the determinant, 6 for the
 * exponential. */
int dsep_acyclic_create(dsep_context *ctx, const dsep_grid *grid, dsep_acyclic_kind kind, int64_t p,
                        dsep_acyclic **measure);

/* Frees it and sets *measure to NULL; accepts NULL. Not collective. */
void dsep_acyclic_destroy(dsep_acyclic **measure);

/* Value and gradient at W; s is the determinant's and else ignored. Collective; the value is the
 * same on every rank. INFINITY outside the domain, and then the gradient means nothing: the
 * determinant's is where s I - W o W is an M-matrix, that is (Berman & Plemmons 1994, theorem
 * 6.2.3, doi:10.1137/1.9781611971262) where its inverse is nowhere negative, which for a matrix
 * with no positive entry off the diagonal holds where all row sums of the inverse are positive: no
 * sign of a rounding error near 0 matters. The exponential's is where it is finite. Errors:
 * DSEP_ERROR_RESOURCES, agreed. Cost: 2 p^3 flops for the inverse; 2 p^3 for each of 6 products
 * and as many more as W o W must be halved until its norm is under .75, for the exponential (Taylor
 * of degree 16: no entry is negative, so nothing cancels); 4 p^3 more with R. Reproducibility:
 * class B. Source: Bello, Aragam & Ravikumar 2022 (NeurIPS 35, arXiv:2209.08037); Zheng et al. 2018
 * (NeurIPS 31, arXiv:1803.01422); Paterson & Stockmeyer 1973 (doi:10.1137/0202007).
 * Shown by tests/unit/dagma.c. */
int dsep_acyclic_value(dsep_acyclic *measure, const dsep_matrix *w, double s, double *value,
                       dsep_matrix *gradient);

#endif
