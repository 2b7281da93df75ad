/* Precision matrices of environments inside the subspace of the factors.
 *
 * x = G z with d factors spans d dimensions, the same in every environment: the leading
 * eigenvectors of the mean of the environments' covariances. In their coordinates covariances are d
 * x d and have an inverse, which is the pseudo-inverse of the p x p matrix truncated to rank d
 * (where there is noise on x, too). All that is iterated or resampled works on these. */
#ifndef DSEP_SOLVERS_PRECISION_H
#define DSEP_SOLVERS_PRECISION_H

#include "mpi/context.h"
#include "solvers/environments.h"

typedef struct {
    int64_t n_variables, n_factors, n_environments; /* p, d, K */
    int64_t observational; /* which environment has no intervention; the others have one each */
    double *basis;         /* [d x p] row after row, orthonormal */
    double *precision;     /* [K x d x d] symmetric */
    double *covariance;    /* [K x d x d] their inverses */
    double kept;   /* share of the variance (of matrices: of the trace) that the subspace holds */
    double gap;    /* eigenvalue d + 1 over eigenvalue d of the mean; 0 where p = d */
    int64_t *rows; /* [K]; 0 where made of matrices */
    double **coordinate; /* [K] each [rows x d] column after column; NULL where made of matrices */
    char arithmetic[96]; /* dsep_grid_tell() of the p x p eigenproblem */
} dsep_precisions;

/* Of the rows of environments. Collective.
 * observational: its place in `environments`. grid_from: DSEP_GRID_FROM variables. Errors, agreed:
 * DSEP_ERROR_DATA for no more environments than factors, d + 1 rows or fewer in one, rank below d
 * (of all, or of one); DSEP_ERROR_USAGE for no such observational environment;
 * DSEP_ERROR_RESOURCES. Cost: n p^2 + p^3 flops over all ranks on a grid, else environments are
 * dealt to ranks; n d numbers on every rank. Reproducibility: class B. Owner of *precisions: the
 * caller. */
int dsep_precisions_of_environments(dsep_context *ctx, const dsep_environments *environments,
                                    int64_t observational, int64_t n_factors, int64_t grid_from,
                                    dsep_precisions **precisions);

/* Of given precision matrices, exact or estimated. Not collective.
 * theta: [n_environments] each [p x p], symmetric. Errors: as above, but for rows. Cost: a p x p
 * eigenproblem. */
int dsep_precisions_of_matrices(int64_t n_variables, int64_t n_environments,
                                const double *const *theta, int64_t observational,
                                int64_t n_factors, dsep_error *error, dsep_precisions **precisions);

/* The bootstrap replicate of precisions that were made of rows: every environment's rows drawn with
 * replacement, the subspace kept. Not collective. Draws: dsep_resample_weights() with the replicate
 * K replicate + place of the environment. Errors: DSEP_ERROR_RESOURCES; DSEP_ERROR_DATA where a
 * drawn covariance is singular. Cost: n d^2 flops. Reproducibility: class A up to LAPACK. */
int dsep_precisions_resample(const dsep_precisions *precisions, uint64_t seed, int64_t replicate,
                             dsep_error *error, dsep_precisions **resampled);

/* --- for those who make them ---------------------------------------------------------------- */

/* Refuses what cannot be, and makes an empty one. Not collective. Errors: as above. */
int dsep_precisions_create(int64_t n_variables, int64_t n_environments, int64_t observational,
                           int64_t n_factors, dsep_error *error, dsep_precisions **precisions);

/* The subspace from eigenvalues [min(d + 1, p)], descending, eigenvectors [p x d] column after
 * column, and the trace. Not collective. Errors: DSEP_ERROR_DATA where the rank is below d. */
int dsep_precisions_span(dsep_precisions *precisions, const double *values, const double *vectors,
                         double trace, dsep_error *error);

/* Inverts covariance [d x d] into precision, or the other way, for each environment. Not
 * collective. Errors: DSEP_ERROR_DATA where one has rank below d. */
int dsep_precisions_invert(dsep_precisions *precisions, const double *from, double *to,
                           dsep_error *error);

/* Frees it and sets *precisions to NULL; accepts NULL. Not collective. */
void dsep_precisions_destroy(dsep_precisions **precisions);

#endif
