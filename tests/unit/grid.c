/* Matrices on a grid of ranks, with small blocks so that ranks have several, or none: the same as
 * on one rank, and residuals at rounding level. */
#include "solvers/scalapack.h"

#include "mpi/exchange.h"
#include "mpi/groups.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/dense.h"
#include "tests/support/tap.h"

#include <dlfcn.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

static double *random_matrix(int64_t m, int64_t n, uint32_t which) {
    double *a = dsep_array(m * n, sizeof *a);
    for (int64_t i = 0; i < m * n; i++)
        a[i] = dsep_random_uniform((dsep_random){7, 1, which}, (uint64_t)i) - .5;
    return a;
}

/* Products of a random [rank x n] matrix with itself. */
static double *symmetric(int64_t n, int64_t rank) {
    double *x = random_matrix(rank, n, 9), *a = dsep_array(n * n, sizeof *a);
    dsep_dense_gram(rank, n, 1, x, 0, a);
    free(x);
    return a;
}

static dsep_matrix *on_grid(const dsep_grid *grid, int64_t m, int64_t n, const double *whole) {
    dsep_matrix *a = NULL;
    if (dsep_matrix_create(ctx, grid, m, n, &a))
        tap_note("%s", dsep_context_error(ctx)->text);
    if (whole)
        dsep_grid_scatter(whole, a);
    return a;
}

static double apart(const double *a, const double *b, int64_t count) {
    double worst = 0;
    for (int64_t i = 0; i < count; i++)
        worst = fabs(a[i] - b[i]) <= worst ? worst : fabs(a[i] - b[i]);
    return worst;
}

/* Largest difference between a spread matrix and a whole one; the spread one goes. */
static double differs(dsep_matrix **a, const double *whole) {
    double *mine = NULL, worst = INFINITY;
    if (!dsep_grid_gather(ctx, *a, &mine))
        worst = apart(mine, whole, (*a)->rows * (*a)->columns);
    free(mine);
    dsep_matrix_destroy(a);
    return worst;
}

static double small(int64_t n) {
    return 30 * DBL_EPSILON * (double)(n + 1);
}

static void test_products(const dsep_grid *grid, int64_t m, int64_t n, int64_t k) {
    double worst = 0;
    for (int way = 0; way < 4; way++) {
        double *a = random_matrix(m, k, 1), *b = random_matrix(k, n, 2),
               *c = random_matrix(m, n, 3);
        const int ta = way & 1, tb = way >> 1;
        dsep_matrix *of_a = on_grid(grid, ta ? k : m, ta ? m : k, a);
        dsep_matrix *of_b = on_grid(grid, tb ? n : k, tb ? k : n, b),
                    *of_c = on_grid(grid, m, n, c);
        dsep_grid_product(2, of_a, ta, of_b, tb, -3, of_c);
        dsep_dense_product(m, n, k, 2, a, ta, b, tb, -3, c);
        worst = fmax(worst, differs(&of_c, c));
        dsep_matrix_destroy(&of_a);
        dsep_matrix_destroy(&of_b);
        free(a), free(b), free(c);
    }
    double *a = random_matrix(k, n, 1), *c = symmetric(n, 3),
           *turned = dsep_array(n * k, sizeof *turned);
    dsep_matrix *of_a = on_grid(grid, k, n, a), *of_c = on_grid(grid, n, n, c),
                *t = on_grid(grid, n, k, NULL);
    dsep_grid_gram(2, of_a, .5, of_c);
    dsep_dense_gram(k, n, 2, a, .5, c);
    const double gram = differs(&of_c, c);
    for (int64_t i = 0; i < n * k; i++)
        turned[i] = a[i % n * k + i / n];
    dsep_grid_transpose(of_a, t);
    dsep_grid_add(1, t, 1, t);
    for (int64_t i = 0; i < n * k; i++)
        turned[i] *= 2;
    tap_ok(worst < small(k) && gram < 2 * small(k) && differs(&t, turned) == 0,
           "products of %lld x %lld by %lld: %.1e, with itself %.1e, transposed, added",
           (long long)m, (long long)n, (long long)k, worst, gram);
    dsep_matrix_destroy(&of_a);
    free(a), free(c), free(turned);
}

static void test_cholesky(const dsep_grid *grid, int64_t n) {
    double *whole = symmetric(n, n + 5);
    for (int64_t i = 0; i < n; i++)
        whole[i * n + i] += 1;
    dsep_matrix *a = on_grid(grid, n, n, whole), *again = on_grid(grid, n, n, NULL);
    int64_t failed = -1;
    int code = dsep_grid_cholesky(ctx, a, &failed);
    dsep_grid_product(1, a, 0, a, 1, 0, again);
    const double residual = differs(&again, whole);
    code |= dsep_grid_cholesky_inverse(ctx, a);
    dsep_dense_cholesky(n, whole);
    dsep_dense_cholesky_inverse(n, whole);
    const double inverse = differs(&a, whole);
    tap_ok(!code && failed == 0 && residual < small(n) * (double)n &&
               inverse < small(n) * (double)n,
           "Cholesky of order %lld: |A - LL'| %.1e, inverse %.1e", (long long)n, residual, inverse);
    free(whole);
}

/* An order, and which pivot is the first that is not positive, 0-based. */
static void test_not_positive(const dsep_grid *grid, int64_t n, int64_t pivot, double value) {
    double *whole = dsep_array(n * n, sizeof *whole);
    for (int64_t i = 0; i < n; i++)
        whole[i * n + i] = i == pivot ? value : 2;
    dsep_matrix *a = on_grid(grid, n, n, whole);
    int64_t failed = -1;
    const int code = dsep_grid_cholesky(ctx, a, &failed);
    tap_ok(!code && failed == pivot + 1, "every rank knows that pivot %lld of %lld is %g",
           (long long)failed, (long long)n, value);
    dsep_matrix_destroy(&a);
    free(whole);
}

static void test_eigen(const dsep_grid *grid, int64_t n, int64_t rank, int64_t wanted) {
    double *whole = symmetric(n, rank), *copy = dsep_array(n * n, sizeof *copy);
    double *values = dsep_array(n, sizeof *values), *alone = dsep_array(n, sizeof *alone);
    double *local = dsep_array(n, sizeof *local), *right = dsep_array(n * wanted, sizeof *right);
    double *identity = dsep_array(wanted * wanted, sizeof *identity);
    dsep_matrix *a = on_grid(grid, n, n, whole), *v = on_grid(grid, n, wanted, NULL);
    dsep_matrix *vv = on_grid(grid, wanted, wanted, NULL);
    int code = dsep_grid_eigen(ctx, a, wanted, values, v);
    dsep_grid_scatter(whole, a);
    code |= dsep_grid_eigen(ctx, a, wanted, alone, NULL);
    memcpy(copy, whole, (size_t)(n * n) * sizeof *copy);
    code |= dsep_dense_eigen(n, copy, wanted, local, NULL, dsep_context_error(ctx));
    dsep_grid_product(1, v, 1, v, 0, 0, vv);
    for (int64_t i = 0; i < wanted; i++)
        identity[i * wanted + i] = 1;
    const double orthonormal = differs(&vv, identity);
    double *vectors = NULL, residual = 0;
    int signs = 1;
    code |= dsep_grid_gather(ctx, v, &vectors);
    dsep_dense_product(n, wanted, n, 1, whole, 0, vectors, 0, 0, right);
    for (int64_t i = 0; i < n * wanted; i++)
        residual = fmax(residual, fabs(right[i] - values[i / n] * vectors[i]));
    for (int64_t k = 0; k < wanted; k++)
        signs &= dsep_dense_sign(n, vectors + k * n) == 1;
    const double size = 1 + values[0];
    tap_ok(!code && signs && residual < small(n) * size && orthonormal < small(n) &&
               apart(values, local, wanted) < small(n) * size &&
               apart(alone, local, wanted) < small(n) * size,
           "%lld of %lld eigenvectors, rank %lld: |AV - VD| %.1e, |V'V - I| %.1e",
           (long long)wanted, (long long)n, (long long)rank, residual, orthonormal);
    dsep_matrix_destroy(&a);
    dsep_matrix_destroy(&v);
    free(whole), free(copy), free(values), free(alone), free(local), free(right), free(identity),
        free(vectors);
}

static void test_leading(const dsep_grid *grid, int64_t m, int64_t n, int64_t wanted) {
    const int64_t least = m < n ? m : n;
    double *whole = random_matrix(m, n, 4), *copy = random_matrix(m, n, 4),
           *values = dsep_array(wanted, sizeof *values);
    double *all = dsep_array(least, sizeof *all), *u = dsep_array(m * least, sizeof *u),
           *vt = dsep_array(least * n, sizeof *vt);
    double *expected = dsep_array(n * wanted, sizeof *expected);
    dsep_matrix *a = on_grid(grid, m, n, whole), *v = on_grid(grid, n, wanted, NULL);
    int code = dsep_grid_leading(ctx, a, wanted, values, v);
    code |= dsep_dense_svd(m, n, copy, all, u, vt, dsep_context_error(ctx));
    for (int64_t k = 0; k < wanted; k++) {
        for (int64_t i = 0; i < n; i++)
            expected[k * n + i] = vt[i * least + k];
        const double sign = dsep_dense_sign(n, expected + k * n);
        for (int64_t i = 0; i < n; i++)
            expected[k * n + i] *= sign;
    }
    tap_ok(!code && apart(values, all, wanted) < 1e-11 && differs(&v, expected) < 1e-9,
           "%lld leading right singular vectors of %lld x %lld", (long long)wanted, (long long)m,
           (long long)n);
    dsep_matrix_destroy(&a);
    free(whole), free(copy), free(values), free(all), free(u), free(vt), free(expected);
}

static void test_qr(const dsep_grid *grid, int64_t m, int64_t n) {
    double *whole = random_matrix(m, n, 5), *q = dsep_array(m * n, sizeof *q),
           *r = dsep_array(n * n, sizeof *r);
    dsep_matrix *a = on_grid(grid, m, n, whole), *of_r = on_grid(grid, n, n, NULL);
    int code = dsep_grid_qr(ctx, a, of_r);
    code |= dsep_dense_qr(m, n, whole, q, r, dsep_context_error(ctx));
    const double of_q = differs(&a, q), r_apart = differs(&of_r, r);
    tap_ok(!code && of_q < 1e-11 && r_apart < 1e-11, "QR of %lld x %lld is that of one rank: %.1e",
           (long long)m, (long long)n, fmax(of_q, r_apart));
    free(whole), free(q), free(r);
}

static void test_pinv(const dsep_grid *grid, int64_t m, int64_t n, int64_t rank) {
    double *left = random_matrix(m, rank, 6), *right = random_matrix(rank, n, 7);
    double *whole = dsep_array(m * n, sizeof *whole), *x = dsep_array(n * m, sizeof *x);
    dsep_dense_product(m, n, rank, 1, left, 0, right, 0, 0, whole);
    dsep_matrix *a = on_grid(grid, m, n, whole), *of_x = on_grid(grid, n, m, NULL);
    int64_t found = -1, local = -1;
    int code = dsep_grid_pinv(ctx, a, 1e-11, of_x, &found);
    code |= dsep_dense_pinv(m, n, whole, 1e-11, x, &local, dsep_context_error(ctx));
    tap_ok(!code && found == rank && local == rank && differs(&of_x, x) < 1e-10,
           "pseudo-inverse of %lld x %lld of rank %lld", (long long)m, (long long)n,
           (long long)found);
    dsep_matrix_destroy(&a);
    free(left), free(right), free(whole), free(x);
}

static void test_inverse(const dsep_grid *grid, int64_t n) {
    double *whole = random_matrix(n, n, 8), log_here = 0, log_there = 1;
    int sign_here = 0, sign_there = 9;
    int64_t failed = -1;
    for (int64_t i = 0; i < n; i++) /* far from singular, with exchanges of rows */
        whole[(i * 7 + 3) % n * n + i] += 4;
    dsep_matrix *a = on_grid(grid, n, n, whole);
    const int code = dsep_grid_inverse(ctx, a, &log_there, &sign_there, &failed);
    dsep_dense_inverse(n, whole, &log_here, &sign_here);
    tap_ok(!code && failed == 0 && sign_here == sign_there && fabs(log_here - log_there) < 1e-10 &&
               differs(&a, whole) < 1e-11,
           "inverse of order %lld, determinant %d exp(%.3f)", (long long)n, sign_there, log_there);
    memset(whole, 0, (size_t)(n * n) * sizeof *whole);
    a = on_grid(grid, n, n, whole);
    const int singular = dsep_grid_inverse(ctx, a, &log_there, &sign_there, &failed);
    tap_ok(!singular && failed == 1 && sign_there == 0, "the zero matrix has a zero pivot");
    dsep_grid_scatter(whole, a);
    if (a->local_rows > 0 && a->local_columns > 0 && dsep_rank(ctx) == 0)
        a->values[0] = NAN;
    tap_ok(dsep_grid_eigen(ctx, a, 1, whole, NULL) == DSEP_ERROR_INTERNAL,
           "one rank has no number, all refuse: %s", dsep_context_error(ctx)->text);
    dsep_matrix_destroy(&a);
    free(whole);
}

static void test_all(int block) {
    dsep_grid *grid = NULL;
    dsep_grid_create(ctx, &grid);
    grid->block = block;
    test_products(grid, 61, 45, 83);
    test_products(grid, 3, 90, 1);
    test_cholesky(grid, 70);
    test_not_positive(grid, 50, 0, -1);
    test_not_positive(grid, 50, 49, 0);
    test_not_positive(grid, 50, 33, NAN);
    test_eigen(grid, 60, 60, 60);
    test_eigen(grid, 60, 20, 40);
    test_eigen(grid, 60, 60, 5);
    test_eigen(grid, 47, 6, 3);
    test_eigen(grid, 1, 1, 1);
    test_eigen(grid, 7, 7, 7); /* one block */
    test_leading(grid, 70, 30, 4);
    test_leading(grid, 30, 70, 4);
    test_qr(grid, 75, 40);
    test_qr(grid, 40, 40);
    test_pinv(grid, 50, 33, 33);
    test_pinv(grid, 33, 50, 20);
    test_inverse(grid, 55);
    dsep_grid_destroy(&grid);
}

/* PBLAS finds its block size as dlsym() does: in the program before the library. */
static void test_pblas_block(void) {
    int (*block)(int *, const char *) = NULL, grid = 0;
    *(void **)&block = dlsym(RTLD_DEFAULT, "pilaenv_");
    tap_ok(block && block(&grid, "D") == 256, "PBLAS works in blocks of 256, not its own 32");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    test_pblas_block();
    test_all(8);  /* several blocks a rank */
    test_all(32); /* two or three in all: some ranks have none */
    dsep_grid *grid = NULL;
    dsep_groups *groups = NULL;
    dsep_grid_create(ctx, &grid);
    test_eigen(grid, 300, 40, 300); /* the block of every day */
    dsep_grid_destroy(&grid);
    dsep_groups_create(ctx, 2, &groups);
    dsep_context *world = ctx;
    ctx = dsep_groups_context(groups);
    dsep_grid_create(ctx, &grid);
    double *whole = symmetric(20, 30), values[3] = {0};
    dsep_matrix *a = on_grid(grid, 20, 20, whole);
    const int code = dsep_grid_eigen(ctx, a, 3, values, NULL);
    dsep_matrix_destroy(&a);
    dsep_grid_destroy(&grid);
    ctx = world;
    dsep_groups_destroy(&groups);
    tap_ok(!code && values[0] > values[2], "groups of ranks have grids of their own");
    char text[128];
    dsep_grid_tell(ctx, 0, text, sizeof text);
    tap_ok(strcmp(text, "LAPACK on each rank") == 0, "%s", text);
    dsep_grid_tell(ctx, 1, text, sizeof text);
    tap_ok(strstr(text, "blocks of 64") != NULL, "%s", text);
    free(whole);
    return tap_end();
}
