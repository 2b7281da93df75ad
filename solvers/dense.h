/* Matrices that one rank holds, through LAPACK.
 *
 * Column after column, the leading dimension being the number of rows. Signs that the mathematics
 * leaves open are fixed: of an eigenvector or singular vector the entry of largest magnitude (the
 * first of equals) is positive. Reproducibility: class B, the same bits for the same matrix on one
 * kind of CPU. */
#ifndef DSEP_SOLVERS_DENSE_H
#define DSEP_SOLVERS_DENSE_H

#include "mpi/error.h"

#include <stdint.h>

/* C [m x n] = alpha op(A) op(B) + beta C, with op the transpose where asked; k is the inner
 * dimension. Not collective. */
void dsep_dense_product(int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                        int transpose_a, const double *b, int transpose_b, double beta, double *c);

/* C [n x n] = alpha A'A + beta C for A [m x n], both triangles filled. Not collective. Cost: m n^2
 * flops, half of what a product takes. */
void dsep_dense_gram(int64_t m, int64_t n, double alpha, const double *a, double beta, double *c);

/* The same below and on the diagonal only, and of the rows, C [m x m] = alpha A A' + beta C; what
 * is above stays. Not collective. */
void dsep_dense_gram_lower(int64_t m, int64_t n, double alpha, const double *a, double beta,
                           double *c);
void dsep_dense_outer_lower(int64_t m, int64_t n, double alpha, const double *a, double beta,
                            double *c);

/* Copies what is below the diagonal of a matrix [n x n] above it. Not collective. */
void dsep_dense_mirror(int64_t n, double *a);

/* -1 where the entry of x [n] of largest magnitude, the first of equals, is negative, else 1. Not
 * collective. */
double dsep_dense_sign(int64_t n, const double *x);

/* The `wanted` largest eigenvalues of a symmetric matrix [n x n], descending, into values, and
 * their vectors into vectors [n x wanted]; vectors may be NULL. `a` is used up. Not collective.
 * Errors: DSEP_ERROR_RESOURCES; DSEP_ERROR_INTERNAL where LAPACK does not converge. Cost: 4/3 n^3
 * flops and 2 n^2 a vector. */
int dsep_dense_eigen(int64_t n, double *a, int64_t wanted, double *values, double *vectors,
                     dsep_error *error);

/* The same of a symmetric tridiagonal matrix: diagonal [n], beside [n - 1] next to it; both are
 * used up. Not collective. Cost: some n^2 flops, and n a value and vector. */
int dsep_dense_tridiagonal(int64_t n, double *diagonal, double *beside, int64_t wanted,
                           double *values, double *vectors, dsep_error *error);

/* Thin singular value decomposition A [m x n] = U diag(values) V', k = min(m, n): values [k]
 * descending, u [m x k], vt [k x n]; u and vt may both be NULL. `a` is used up. Signs: the largest
 * entry of each column of U. Not collective. Errors: as dsep_dense_eigen(). */
int dsep_dense_svd(int64_t m, int64_t n, double *a, double *values, double *u, double *vt,
                   dsep_error *error);

/* Cholesky factor L of a symmetric matrix [n x n] in place, zeros above the diagonal: 0, or the
 * 1-based place of the first pivot that is not positive. Not collective. */
int64_t dsep_dense_cholesky(int64_t n, double *a);

/* Solves L L' X = B for `columns` columns in place. Not collective. */
void dsep_dense_cholesky_solve(int64_t n, const double *l, int64_t columns, double *b);

/* Turns L into the whole symmetric inverse of L L'. Not collective. */
void dsep_dense_cholesky_inverse(int64_t n, double *l);

/* A [m x n] = Q R, m >= n: q [m x n] orthonormal, r [n x n] upper with a diagonal >= 0; r may be
 * NULL. `a` may be q. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_dense_qr(int64_t m, int64_t n, const double *a, double *q, double *r, dsep_error *error);

/* Moore-Penrose inverse [n x m] of A [m x n]: singular values up to tolerance times the largest
 * count as zero. rank: how many do not; may be NULL. Not collective. Errors: as
 * dsep_dense_eigen(). */
int dsep_dense_pinv(int64_t m, int64_t n, const double *a, double tolerance, double *pinv,
                    int64_t *rank, dsep_error *error);

/* Inverse of a general matrix [n x n] in place, with the logarithm of its determinant's magnitude
 * and its sign; 0, or the 1-based place of a zero pivot, -1 without memory. Not collective. */
int64_t dsep_dense_inverse(int64_t n, double *a, double *log_determinant, int *sign);

#endif
