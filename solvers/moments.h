/* Means and scatter of rows, weighted, and their union over parts of the rows.
 *
 * Chan, Golub & LeVeque 1983, The American Statistician 37:242, for the union. */
#ifndef DSEP_SOLVERS_MOMENTS_H
#define DSEP_SOLVERS_MOMENTS_H

#include "mpi/blockcyclic.h"
#include "solvers/environments.h"

typedef struct {
    int64_t n_variables;
    double weight;   /* sum of the weights */
    double *mean;    /* [n_variables] */
    double *scatter; /* [n_variables x n_variables] sum of w (x - mean)(x - mean)', symmetric */
} dsep_moments;

/* Moments of rows x [rows x n_variables], column after column. Not collective. weight: [rows] whole
 * numbers, how often each row counts; NULL: once. Rows of weight 0 cost nothing; without weight
 * all is 0. Errors: DSEP_ERROR_RESOURCES. Cost: rows x n_variables^2 flops at the rate of dsyrk.
 * Owner of *moments: the caller. */
int dsep_moments_create(const double *x, int64_t rows, int64_t n_variables, const int32_t *weight,
                        dsep_error *error, dsep_moments **moments);

/* Sum of the weights, and the weighted mean of one column x [rows]; weight as above, total its sum.
 * Not collective. The mean is corrected for what its rounding left. */
double dsep_moments_weight(int64_t rows, const int32_t *weight);
double dsep_moments_mean(const double *x, int64_t rows, const int32_t *weight, double total);

/* Adds other rows' moments of the same variables. Not collective. */
void dsep_moments_merge(dsep_moments *into, const dsep_moments *other);

/* The covariance matrix [n_variables x n_variables] with divisor weight - less. Not collective. */
void dsep_moments_covariance(const dsep_moments *moments, double less, double *covariance);

/* Frees it and sets *moments to NULL; accepts NULL. Not collective. */
void dsep_moments_destroy(dsep_moments **moments);

/* The rows of one environment on the grid, centred and times the root of their weight, those of
 * weight 0 left out: [rows x n_variables], or turned, [n_variables x rows]. Collective; each rank
 * fills its piece without a message. weight: as above, the same on every rank. Errors:
 * DSEP_ERROR_RESOURCES, agreed. Owner of *matrix: the caller. */
int dsep_moments_rows(dsep_context *ctx, const dsep_grid *grid,
                      const dsep_environments *environments, int64_t which, const int32_t *weight,
                      int turned, dsep_matrix **matrix);

/* The covariance matrix of one environment on the grid, with divisor sum of weights - less.
 * Collective. weight: as above, the same on every rank. Errors: DSEP_ERROR_RESOURCES, agreed. Cost:
 * rows x n_variables^2 flops over all ranks, without messages, as every node has the rows, and an
 * exchange of half of the matrix; memory on a rank: its piece of the matrix, and 1,024 rows of its
 * variables. Owner of *covariance: the caller. */
int dsep_moments_grid(dsep_context *ctx, const dsep_grid *grid,
                      const dsep_environments *environments, int64_t which, const int32_t *weight,
                      double less, dsep_matrix **covariance);

#endif
