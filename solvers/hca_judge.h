/* What an order of rows is worth in hierarchical component analysis (hca.h): which row of each
 * environment's unmixing matrix M_k belongs to which factor.
 *
 * All of it works on inner products of rows. With v_j = M h_j of the factors before, the residual
 * rows have the inner products G - sum v_j v_j'; those of the rows that an order gives to a factor
 * are a K x K matrix, whose leading eigenvector gives h. So the cost does not depend on the number
 * of variables. Reproducibility: class A for the same inner products. */
#ifndef DSEP_SOLVERS_HCA_JUDGE_H
#define DSEP_SOLVERS_HCA_JUDGE_H

#include "mpi/error.h"

#include <stdint.h>

/* An order is row [K x d]: row[k d + i] is the row of M_k that is factor i, first cause first. */
typedef struct {
    int64_t d, k;       /* factors, environments */
    double *gram;       /* [Kd x Kd] inner products of the rows of all M_k */
    double *products;   /* [d x Kd] v_i = M h_i of the order that was judged last */
    double *share;      /* [d x K] h_i = sum_k share_ik (row - its part in the factors before) */
    double *diagnostic; /* [d] 1 - s1^2 / sum s^2 of the rows of a factor */
    double *ic;         /* [K] inexactness of an environment */
    int64_t judged;     /* how many orders so far */
    struct dsep_hca_judge_work *work;
} dsep_hca_judge;

/* The smaller mic, then sum, the better. */
typedef struct {
    double mic, sum; /* of ic: largest, sum */
} dsep_hca_score;

/* Room to judge orders. Not collective. gram: copied. Errors: DSEP_ERROR_RESOURCES;
 * DSEP_ERROR_DATA where rows of an environment are linearly dependent. Owner of *judge: the
 * caller. */
int dsep_hca_judge_create(int64_t n_factors, int64_t n_environments, const double *gram,
                          dsep_error *error, dsep_hca_judge **judge);

/* Frees it and sets *judge to NULL; accepts NULL. Not collective. */
void dsep_hca_judge_destroy(dsep_hca_judge **judge);

/* Finds factor i from the order's rows and the factors before it. Not collective. */
void dsep_hca_judge_factor(dsep_hca_judge *judge, const int32_t *row, int64_t i);

/* Judges an order whose factors before `from` are known from the last call. Not collective. Cost,
 * on an AVX-512 core: 1.4 microseconds for d = 3 and K = 4, 49 for d = 8 and K = 20. */
dsep_hca_score dsep_hca_judge_order(dsep_hca_judge *judge, const int32_t *row, int64_t from);

/* Exchanges two factors, in one environment or in all, as long as that makes the order better:
 * first by the sum, which leads out of orders that are bad in one environment only, then by the
 * score. Returns the score of the order that is left, which then was judged last. Not collective.
 */
dsep_hca_score dsep_hca_judge_descend(dsep_hca_judge *judge, int32_t *row);

/* Whether one is better than the other. Not collective. */
int dsep_hca_better(dsep_hca_score one, dsep_hca_score other);

/* The largest eigenvalue of a symmetric positive semidefinite matrix [k x k], and its vector of
 * length 1, by repeated squaring. Not collective. scratch: [dsep_hca_leading_scratch()]. Cost: 2
 * k^3 flops a squaring, 60 at most; 5 where the next eigenvalue is a third of it. */
double dsep_hca_leading(int64_t k, const double *matrix, double *scratch, double *vector);

/* Numbers that it needs. Not collective. */
int64_t dsep_hca_leading_scratch(int64_t k);

#endif
