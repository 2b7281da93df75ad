/* Matrices that are spread over a grid of ranks, through ScaLAPACK and PBLAS.
 *
 * The one adapter to these libraries. All functions are collective over the grid's context. Signs
 * are fixed as in dense.h. Reproducibility: class B: sums follow the shape of the grid. */
#ifndef DSEP_SOLVERS_SCALAPACK_H
#define DSEP_SOLVERS_SCALAPACK_H

#include "mpi/blockcyclic.h"

/* The order from which on a matrix deserves a grid: the one rule of the program, the same on any
 * number of ranks. On a few ranks LAPACK's eigenvectors are faster far beyond that; one piece of
 * the matrix a rank, instead of all of it, is what a grid is for. Who is given another number, as
 * tests do, takes a grid from there. */
enum { DSEP_GRID_FROM = 2000 };

/* What was chosen, for results: "LAPACK on each rank" or "ScaLAPACK on a grid of 1 x 2 ranks,
 * blocks of 64". Not collective. */
void dsep_grid_tell(dsep_context *ctx, int on_grid, char *text, size_t size);

/* C = alpha op(A) op(B) + beta C. Collective. Cost: 2 m n k flops over all ranks. */
void dsep_grid_product(double alpha, const dsep_matrix *a, int transpose_a, const dsep_matrix *b,
                       int transpose_b, double beta, dsep_matrix *c);

/* C = alpha A'A + beta C, both triangles filled, for a symmetric C. Collective. Cost: rows x
 * columns^2 flops, and an exchange of half of C. */
void dsep_grid_gram(double alpha, const dsep_matrix *a, double beta, dsep_matrix *c);

/* Copies what is below the diagonal above it. Collective. */
void dsep_grid_mirror(dsep_matrix *a);

/* B = A'; B = alpha A + beta B. Collective. */
void dsep_grid_transpose(const dsep_matrix *a, dsep_matrix *b);
void dsep_grid_add(double alpha, const dsep_matrix *a, double beta, dsep_matrix *b);

/* The sum of the diagonal. Collective. */
double dsep_grid_trace(dsep_context *ctx, const dsep_matrix *a);

/* Cholesky factor L in place, zeros above the diagonal; *failed is 0 or the 1-based place of the
 * first pivot that is not positive, the same on every rank. Collective. */
int dsep_grid_cholesky(dsep_context *ctx, dsep_matrix *a, int64_t *failed);

/* Turns L into the whole symmetric inverse of L L'. Collective. */
int dsep_grid_cholesky_inverse(dsep_context *ctx, dsep_matrix *l);

/* The `wanted` largest eigenvalues of a symmetric matrix [n x n], descending, into values on every
 * rank, and their vectors into V [n x wanted], which may be NULL. `a` is used up. Collective. Up to
 * a quarter of them: every rank solves the tridiagonal problem and holds n x wanted numbers; else
 * divide and conquer finds all. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. */
int dsep_grid_eigen(dsep_context *ctx, dsep_matrix *a, int64_t wanted, double *values,
                    dsep_matrix *v);

/* A [m x n] = Q R with m >= n: Q takes A's place, R [n x n] has a diagonal >= 0; r may be NULL.
 * Collective. Errors: as dsep_grid_eigen(). */
int dsep_grid_qr(dsep_context *ctx, dsep_matrix *a, dsep_matrix *r);

/* The `wanted` leading singular values [wanted] of A [m x n] on every rank and their right vectors
 * in V [n x wanted], through the eigenproblem of the smaller Gram matrix. Collective. Values below
 * the root of the rounding error times the largest are not to be relied on. Errors: as
 * dsep_grid_eigen(). */
int dsep_grid_leading(dsep_context *ctx, const dsep_matrix *a, int64_t wanted, double *values,
                      dsep_matrix *v);

/* Moore-Penrose inverse of A [m x n] into X [n x m]; singular values up to tolerance times the
 * largest count as zero; *rank is how many do not, and may be NULL. Collective. The triangular
 * factor of the smaller dimension is taken apart by every rank. Errors: as dsep_grid_eigen(). */
int dsep_grid_pinv(dsep_context *ctx, const dsep_matrix *a, double tolerance, dsep_matrix *x,
                   int64_t *rank);

/* Inverse of a general matrix in place by LU, with the logarithm of its determinant's magnitude and
 * its sign; *failed is 0 or the 1-based place of a zero pivot. Collective. Errors: as
 * dsep_grid_eigen(). */
int dsep_grid_inverse(dsep_context *ctx, dsep_matrix *a, double *log_determinant, int *sign,
                      int64_t *failed);

/* The whole matrix, column after column, on every rank: for small ones. Collective. Errors:
 * DSEP_ERROR_RESOURCES, agreed. Owner of *whole: the caller, free(). */
int dsep_grid_gather(dsep_context *ctx, const dsep_matrix *a, double **whole);

/* This rank's pieces from a whole matrix that every rank has. Not collective. */
void dsep_grid_scatter(const double *whole, dsep_matrix *a);

#endif
