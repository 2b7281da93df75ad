/* Matrices on one rank: residuals at rounding level, signs, ranks, sizes 0 and 1.
 * ranks: 1 */
#include "solvers/dense.h"

#include "mpi/memory.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;
static uint64_t drawn;

static double *random_matrix(int64_t m, int64_t n) {
    double *a = dsep_array(m * n, sizeof *a);
    for (int64_t i = 0; i < m * n; i++)
        a[i] = dsep_random_uniform((dsep_random){7, 1, 0}, drawn++) - .5;
    return a;
}

/* op(A) op(B), element by element; ra: rows of op(A). */
static double *slow_product(int64_t m, int64_t n, int64_t k, const double *a, int ta,
                            const double *b, int tb) {
    double *c = dsep_array(m * n, sizeof *c);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            for (int64_t l = 0; l < k; l++)
                c[j * m + i] +=
                    (ta ? a[i * k + l] : a[l * m + i]) * (tb ? b[l * n + j] : b[j * k + l]);
    return c;
}

/* Symmetric, of the given rank, with both signs of eigenvalues where indefinite. */
static double *symmetric(int64_t n, int64_t rank, int indefinite) {
    double *x = random_matrix(n, rank), *y = dsep_array(n * rank, sizeof *y);
    for (int64_t i = 0; i < n * rank; i++)
        y[i] = indefinite && i / n % 2 ? -x[i] : x[i];
    double *a = slow_product(n, n, rank, x, 0, y, 1);
    free(x);
    free(y);
    return a;
}

static double *copy_of(const double *a, int64_t count) {
    double *copy = dsep_array(count, sizeof *copy);
    memcpy(copy, a, (size_t)count * sizeof *a);
    return copy;
}

static double distance(const double *a, const double *b, int64_t count) {
    double worst = 0;
    for (int64_t i = 0; i < count; i++)
        worst = fmax(worst, fabs(a[i] - b[i]));
    return worst;
}

/* How far the columns are from being orthonormal. */
static double unorthonormal(int64_t m, int64_t n, const double *q) {
    double *gram = slow_product(n, n, m, q, 1, q, 0), worst = 0;
    for (int64_t i = 0; i < n * n; i++)
        worst = fmax(worst, fabs(gram[i] - (i % (n + 1) == 0)));
    free(gram);
    return worst;
}

/* Whether each column's largest entry, the first of equals, is positive. */
static int signs_right(int64_t m, int64_t n, const double *v) {
    int right = 1;
    for (int64_t j = 0; j < n; j++) {
        double largest = 0;
        for (int64_t i = 0; i < m; i++)
            if (fabs(v[j * m + i]) > fabs(largest))
                largest = v[j * m + i];
        right &= largest > 0;
    }
    return right;
}

static double tolerance(int64_t n) {
    return 20 * DBL_EPSILON * (double)(n + 1);
}

static void test_products(void) {
    static const int64_t shapes[][3] = {{3, 4, 5}, {1, 1, 1}, {7, 1, 9},
                                        {0, 3, 2}, {4, 5, 0}, {40, 33, 70}};
    int good = 1;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int way = 0; way < 4; way++) {
            const int64_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
            double *a = random_matrix(m, k), *b = random_matrix(k, n), *c = random_matrix(m, n);
            double *slow = slow_product(m, n, k, a, way & 1, b, way >> 1);
            for (int64_t i = 0; i < m * n; i++)
                slow[i] = 2 * slow[i] - 3 * c[i];
            dsep_dense_product(m, n, k, 2, a, way & 1, b, way >> 1, -3, c);
            good &= distance(c, slow, m * n) < tolerance(k);
            free(a), free(b), free(c), free(slow);
        }
    tap_ok(good, "products of all shapes, transposed or not");
    double *a = random_matrix(50, 70), *c = symmetric(70, 3, 0),
           *gram = slow_product(70, 70, 50, a, 1, a, 0);
    for (int64_t i = 0; i < 70 * 70; i++)
        gram[i] = .5 * gram[i] + 2 * c[i];
    dsep_dense_gram(50, 70, .5, a, 2, c);
    tap_ok(distance(c, gram, 70 * 70) < tolerance(70), "a Gram product fills both triangles");
    free(a), free(c), free(gram);
}

static void test_eigen(int64_t n, int64_t rank, int64_t wanted) {
    double *a = symmetric(n, rank, 1), *copy = copy_of(a, n * n);
    double *values = dsep_array(n, sizeof *values), *v = dsep_array(n * wanted, sizeof *v);
    double *alone = dsep_array(n, sizeof *alone);
    const int code = dsep_dense_eigen(n, copy, wanted, values, v, dsep_context_error(ctx));
    double *av = slow_product(n, wanted, n, a, 0, v, 0), residual = 0;
    int descending = 1;
    for (int64_t k = 0; k < wanted; k++) {
        descending &= k == 0 || values[k] <= values[k - 1];
        for (int64_t i = 0; i < n; i++)
            residual = fmax(residual, fabs(av[k * n + i] - values[k] * v[k * n + i]));
    }
    memcpy(copy, a, (size_t)(n * n) * sizeof *a);
    const int without = dsep_dense_eigen(n, copy, wanted, alone, NULL, dsep_context_error(ctx));
    double trace = 0, sum = 0;
    for (int64_t i = 0; i < n; i++)
        trace += a[i * n + i], sum += wanted == n ? values[i] : a[i * n + i];
    tap_ok(!code && !without && descending && signs_right(n, wanted, v) &&
               residual < tolerance(n) * (1 + fabs(values[0])) &&
               unorthonormal(n, wanted, v) < tolerance(n) &&
               fabs(sum - trace) < tolerance(n) * (double)n &&
               distance(alone, values, wanted) < tolerance(n) * (1 + fabs(values[0])),
           "%lld largest of %lld eigenvalues, rank %lld: residual %.1e", (long long)wanted,
           (long long)n, (long long)rank, residual);
    free(a), free(copy), free(values), free(v), free(alone), free(av);
}

/* The largest ones, and not just any: those of a known spectrum. */
static void test_known_spectrum(void) {
    enum { N = 30 };
    double *x = random_matrix(N, N), *q = dsep_array(N * N, sizeof *q), values[3];
    dsep_dense_qr(N, N, x, q, NULL, dsep_context_error(ctx));
    double *scaled = copy_of(q, N * N);
    for (int64_t i = 0; i < N * N; i++)
        scaled[i] *= (double)(i / N) - 10;
    double *a = slow_product(N, N, N, scaled, 0, q, 1);
    const int code = dsep_dense_eigen(N, a, 3, values, NULL, dsep_context_error(ctx));
    tap_ok(!code && fabs(values[0] - 19) < 1e-12 && fabs(values[1] - 18) < 1e-12 &&
               fabs(values[2] - 17) < 1e-12,
           "of eigenvalues -10 .. 19 the three largest: %g %g %g", values[0], values[1], values[2]);
    double bad[4] = {1, 0, NAN, 1};
    tap_ok(dsep_dense_eigen(2, bad, 1, values, NULL, dsep_context_error(ctx)) ==
               DSEP_ERROR_INTERNAL,
           "no numbers, no eigenvalues: %s", dsep_context_error(ctx)->text);
    free(x), free(q), free(scaled), free(a);
}

static void test_svd(int64_t m, int64_t n) {
    const int64_t k = m < n ? m : n;
    double *a = random_matrix(m, n), *copy = copy_of(a, m * n),
           *alone = dsep_array(k, sizeof *alone);
    double *values = dsep_array(k, sizeof *values), *u = dsep_array(m * k, sizeof *u);
    double *vt = dsep_array(k * n, sizeof *vt), *scaled = dsep_array(m * k, sizeof *scaled);
    double *v = dsep_array(n * k, sizeof *v);
    int code = dsep_dense_svd(m, n, copy, values, u, vt, dsep_context_error(ctx)), descending = 1;
    for (int64_t i = 0; i < m * k; i++)
        scaled[i] = u[i] * values[i / m];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < k; j++)
            v[j * n + i] = vt[i * k + j];
    for (int64_t i = 0; i < k; i++)
        descending &= values[i] >= 0 && (i == 0 || values[i] <= values[i - 1]);
    double *again = slow_product(m, n, k, scaled, 0, vt, 0);
    memcpy(copy, a, (size_t)(m * n) * sizeof *a);
    code |= dsep_dense_svd(m, n, copy, alone, NULL, NULL, dsep_context_error(ctx));
    const double residual = distance(a, again, m * n);
    tap_ok(!code && descending && residual < tolerance(m + n) &&
               unorthonormal(m, k, u) < tolerance(m) && unorthonormal(n, k, v) < tolerance(n) &&
               signs_right(m, k, u) && distance(values, alone, k) < tolerance(m + n),
           "singular values of %lld x %lld: |A - U S V'| %.1e", (long long)m, (long long)n,
           residual);
    free(a), free(copy), free(alone), free(values), free(u), free(vt), free(scaled), free(v),
        free(again);
}

static void test_cholesky(int64_t n) {
    double *a = symmetric(n, n + 3, 0), *b = random_matrix(n, 2);
    for (int64_t i = 0; i < n; i++)
        a[i * n + i] += 1;
    double *l = copy_of(a, n * n), *x = copy_of(b, n * 2);
    const int64_t failed = dsep_dense_cholesky(n, l);
    int lower = 1;
    for (int64_t i = 0; i < n * n; i++)
        lower &= i % n >= i / n || l[i] == 0;
    double *again = slow_product(n, n, n, l, 0, l, 1);
    dsep_dense_cholesky_solve(n, l, 2, x);
    double *ax = slow_product(n, 2, n, a, 0, x, 0);
    dsep_dense_cholesky_inverse(n, l);
    double *identity = slow_product(n, n, n, a, 0, l, 0);
    for (int64_t i = 0; i < n; i++)
        identity[i * n + i] -= 1;
    double worst = 0;
    for (int64_t i = 0; i < n * n; i++)
        worst = fmax(worst, fabs(identity[i]));
    const double size = 1 + (double)n;
    tap_ok(failed == 0 && lower && distance(a, again, n * n) < tolerance(n) * size &&
               distance(ax, b, 2 * n) < tolerance(n) * size && worst < tolerance(n) * size,
           "Cholesky of order %lld, solution and inverse: %.1e", (long long)n, worst);
    free(a), free(b), free(l), free(x), free(again), free(ax), free(identity);
}

static void test_qr(int64_t m, int64_t n) {
    double *a = random_matrix(m, n), *q = dsep_array(m * n, sizeof *q),
           *r = dsep_array(n * n, sizeof *r);
    int code = dsep_dense_qr(m, n, a, q, r, dsep_context_error(ctx)), upper = 1;
    double *again = slow_product(m, n, n, q, 0, r, 0);
    for (int64_t i = 0; i < n * n; i++)
        upper &= i % n > i / n ? r[i] == 0 : i % n < i / n || r[i] >= 0;
    const double residual = distance(a, again, m * n);
    double *in_place = copy_of(a, m * n);
    code |= dsep_dense_qr(m, n, in_place, in_place, NULL, dsep_context_error(ctx));
    tap_ok(!code && upper && residual < tolerance(m) && unorthonormal(m, n, q) < tolerance(m) &&
               distance(in_place, q, m * n) == 0,
           "QR of %lld x %lld, R upper with a diagonal >= 0: |A - QR| %.1e", (long long)m,
           (long long)n, residual);
    free(a), free(q), free(r), free(again), free(in_place);
}

static void test_pinv(int64_t m, int64_t n, int64_t rank) {
    double *left = random_matrix(m, rank), *right = random_matrix(rank, n);
    double *a = slow_product(m, n, rank, left, 0, right, 0), *x = dsep_array(n * m, sizeof *x);
    int64_t found = -1;
    const int code = dsep_dense_pinv(m, n, a, 1e-12, x, &found, dsep_context_error(ctx));
    double *ax = slow_product(m, m, n, a, 0, x, 0), *xa = slow_product(n, n, m, x, 0, a, 0);
    double *axa = slow_product(m, n, m, ax, 0, a, 0), *xax = slow_product(n, m, n, xa, 0, x, 0);
    double skew = 0, size = 1;
    for (int64_t i = 0; i < m * m; i++)
        skew = fmax(skew, fabs(ax[i] - ax[i % m * m + i / m]));
    for (int64_t i = 0; i < n * n; i++)
        skew = fmax(skew, fabs(xa[i] - xa[i % n * n + i / n]));
    for (int64_t i = 0; i < n * m; i++)
        size = fmax(size, fabs(x[i]));
    tap_ok(!code && found == rank && distance(axa, a, m * n) < tolerance(m + n) * size &&
               distance(xax, x, m * n) < tolerance(m + n) * size * size &&
               skew < tolerance(m + n) * size,
           "pseudo-inverse of %lld x %lld of rank %lld: A X A = A, X A X = X, both symmetric",
           (long long)m, (long long)n, (long long)found);
    free(left), free(right), free(a), free(x), free(ax), free(xa), free(axa), free(xax);
}

/* Determinant by expansion along the first column: n up to 6. */
static double slow_determinant(int64_t n, const double *a) {
    if (n == 0)
        return 1;
    double sum = 0, minor[36];
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 1; j < n; j++)
            for (int64_t r = 0, row = 0; r < n; r++)
                if (r != i)
                    minor[(j - 1) * (n - 1) + row++] = a[j * n + r];
        sum += (i % 2 ? -1 : 1) * a[i] * slow_determinant(n - 1, minor);
    }
    return sum;
}

static void test_inverse(void) {
    int good = 1;
    for (int64_t n = 0; n <= 6; n++)
        for (int again = 0; again < 4; again++) {
            double *a = random_matrix(n, n), *x = copy_of(a, n * n), logarithm = 9;
            int sign = 0;
            const int64_t failed = dsep_dense_inverse(n, x, &logarithm, &sign);
            double *identity = slow_product(n, n, n, a, 0, x, 0), det = slow_determinant(n, a),
                   worst = 0;
            for (int64_t i = 0; i < n * n; i++)
                worst = fmax(worst, fabs(identity[i] - (i % (n + 1) == 0)));
            good &= failed == 0 && worst < 1e-10 && fabs(sign * exp(logarithm) - det) < 1e-13;
            free(a), free(x), free(identity);
        }
    tap_ok(good, "inverses of orders 0 .. 6, and determinants with their signs");
    double singular[] = {1, 2, 0, 2, 4, 0, 0, 0, 5}, logarithm = 0;
    int sign = 9;
    tap_ok(dsep_dense_inverse(3, singular, &logarithm, &sign) == 2 && sign == 0 &&
               logarithm == -INFINITY,
           "a singular matrix: its zero pivot, and a determinant of 0");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    test_products();
    static const int64_t eigen[][3] = {{1, 1, 1},   {2, 2, 1},  {40, 40, 40},
                                       {40, 40, 3}, {50, 4, 6}, {50, 4, 50}};
    for (size_t i = 0; i < sizeof eigen / sizeof *eigen; i++)
        test_eigen(eigen[i][0], eigen[i][1], eigen[i][2]);
    test_known_spectrum();
    test_svd(1, 1);
    test_svd(5, 12);
    test_svd(30, 9);
    test_cholesky(1);
    test_cholesky(60);
    double indefinite[] = {1, 0, 0, 0, -1, 0, 0, 0, 1};
    tap_ok(dsep_dense_cholesky(3, indefinite) == 2,
           "Cholesky names the first pivot that is not positive");
    test_qr(1, 1);
    test_qr(20, 20);
    test_qr(60, 7);
    test_pinv(6, 6, 6);
    test_pinv(12, 30, 5);
    test_pinv(30, 12, 12);
    double zero[6] = {0}, x[6] = {1, 1, 1, 1, 1, 1}, *empty = NULL;
    int64_t rank = -1;
    tap_ok(!dsep_dense_pinv(2, 3, zero, 1e-12, x, &rank, dsep_context_error(ctx)) && rank == 0 &&
               x[0] == 0 && x[5] == 0,
           "of nothing the pseudo-inverse is nothing");
    tap_ok(!dsep_dense_eigen(0, empty, 0, empty, empty, NULL) &&
               !dsep_dense_svd(0, 3, empty, empty, empty, empty, NULL) &&
               !dsep_dense_cholesky(0, empty),
           "matrices without entries");
    test_inverse();
    return tap_end();
}
