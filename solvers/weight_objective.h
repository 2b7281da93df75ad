/* What continuous structure learning minimises, as a function of non-negative variables.
 *
 *   fit (loss + lambda |W|_1) + linear h + quadratic h^2 / 2
 *   loss = tr((I - W)' S (I - W)) / 2
 *
 * W = U - V, both non-negative and spread over the ranks as W is: a rank's variables are its piece
 * of U, then its piece of V. Entries that are not allowed, the diagonal first of all, stay 0; those
 * that are required are free of the penalty: |W|_1 is the sum of the others. */
#ifndef DSEP_SOLVERS_WEIGHT_OBJECTIVE_H
#define DSEP_SOLVERS_WEIGHT_OBJECTIVE_H

#include "solvers/acyclic.h"
#include "solvers/knowledge.h"

typedef struct {
    dsep_context *ctx;    /* lent */
    const dsep_matrix *s; /* lent: covariance or correlation, symmetric */
    double lambda, fit, linear, quadratic;
    double determinant; /* s of the determinant */
    dsep_acyclic *measure;
    uint8_t *allowed, *required;               /* [count] of this rank's entries of W */
    int64_t count;                             /* half of this rank's variables */
    dsep_matrix *w, *residual, *slope, *reach; /* reach: of the measure; NULL */
    double loss, norm, h;                      /* parts of the last value: loss, |W|_1, h */
} dsep_weight_objective;

/* Memory for it, with everything allowed but the diagonal and what knowledge forbids, and all
 * numbers 0. Collective. knowledge: settled; NULL: none. Errors: DSEP_ERROR_RESOURCES, agreed.
 * Owner of *objective: the caller. Cost: a search among the arcs of knowledge an entry, and among
 * the required edges a row of W. */
int dsep_weight_objective_create(dsep_context *ctx, const dsep_matrix *s, dsep_acyclic_kind kind,
                                 const dsep_knowledge *knowledge,
                                 dsep_weight_objective **objective);

/* Frees it and sets *objective to NULL; accepts NULL. Not collective. */
void dsep_weight_objective_destroy(dsep_weight_objective **objective);

/* The value at x [2 count] and this rank's part of the gradient; data: the objective. For
 * dsep_minimisation.evaluate. Collective. Cost: a product of order p and what h costs. */
int dsep_weight_objective_evaluate(dsep_context *ctx, const double *x, double *value,
                                   double *gradient, void *data);

#endif
