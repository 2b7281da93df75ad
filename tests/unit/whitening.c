/* Principal directions: both ways are one, a weighted row is a repeated one, ranks are found. */
#include "solvers/whitening.h"

#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/dense.h"
#include "solvers/moments.h"
#include "solvers/scalapack.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

static double draw(int64_t index) {
    return dsep_random_uniform((dsep_random){5, 1, 0}, (uint64_t)index) - .5;
}

/* Rows of `rank` factors of different strengths, far from zero, with noise of the given size. */
static double *rows_of(int64_t rows, int64_t p, int64_t rank, double noise) {
    double *x = dsep_array(rows * p, sizeof *x);
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < rows; i++) {
            x[j * rows + i] = 100 + noise * draw(1000000 + i * p + j);
            for (int64_t k = 0; k < rank; k++)
                x[j * rows + i] +=
                    draw(i * rank + k) * draw(500000 + j * rank + k) / (double)(k + 1);
        }
    return x;
}

static int32_t *weights(int64_t rows) {
    int32_t *weight = dsep_array(rows, sizeof *weight);
    for (int64_t i = 0; i < rows; i++)
        weight[i] = (int32_t)((i * 5 + 1) % 4);
    return weight;
}

static double *repeated(const double *x, int64_t rows, int64_t p, const int32_t *weight,
                        int64_t *n) {
    *n = (int64_t)dsep_moments_weight(rows, weight);
    double *y = dsep_array(*n * p, sizeof *y), *to = y;
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < rows; i++)
            for (int32_t k = 0; k < weight[i]; k++)
                *to++ = x[j * rows + i];
    return y;
}

static double apart(const double *a, const double *b, int64_t count) {
    double worst = 0;
    for (int64_t i = 0; i < count; i++)
        worst = fmax(worst, fabs(a[i] - b[i]));
    return worst;
}

/* What the header promises of one: scores are whitening (x - mean), have variance 1 and no
 * correlation, and directions are those of the covariance. */
static int keeps_promises(const dsep_whitening *w, const double *x, int64_t rows,
                          const int32_t *weight) {
    const int64_t p = w->n_variables, d = w->rank;
    int good = 1;
    for (int64_t k = 0; k < d; k++)
        for (int64_t i = 0; i < w->rows; i++) {
            double score = 0;
            for (int64_t j = 0; j < p; j++)
                score += w->whitening[k * p + j] * (x[j * rows + w->row[i]] - w->mean[j]);
            good &= fabs(score - w->scores[k * w->rows + i]) < 1e-9;
        }
    for (int64_t k = 0; k < d; k++)
        for (int64_t l = 0; l < d; l++) {
            double product = 0, both = 0;
            for (int64_t i = 0; i < w->rows; i++)
                product += w->often[i] * w->scores[k * w->rows + i] * w->scores[l * w->rows + i];
            for (int64_t j = 0; j < p; j++)
                both += w->whitening[k * p + j] * w->dewhitening[l * p + j];
            good &=
                fabs(product / (w->weight - 1) - (k == l)) < 1e-9 && fabs(both - (k == l)) < 1e-9;
        }
    dsep_moments *moments = NULL;
    dsep_moments_create(x, rows, p, weight, NULL, &moments);
    dsep_moments_covariance(moments, 1, moments->scatter);
    double total = 0;
    for (int64_t j = 0; j < p; j++)
        total += moments->scatter[j * p + j];
    good &= fabs(total - w->total) < 1e-11 * total;
    for (int64_t k = 0; k < d; k++) {
        good &= dsep_dense_sign(p, w->dewhitening + k * p) == 1;
        for (int64_t j = 0; j < p; j++) { /* covariance times whitening' = dewhitening */
            double product = 0;
            for (int64_t l = 0; l < p; l++)
                product += moments->scatter[j * p + l] * w->whitening[k * p + l];
            good &= fabs(product - w->dewhitening[k * p + j]) < 1e-9;
        }
    }
    dsep_moments_destroy(&moments);
    return good;
}

static int same(const dsep_whitening *a, const dsep_whitening *b) {
    const int64_t p = a->n_variables, d = a->n_directions;
    return a->rank == b->rank && a->weight == b->weight && apart(a->mean, b->mean, p) < 1e-11 &&
           apart(a->variance, b->variance, d) < 1e-12 * a->variance[0] &&
           apart(a->whitening, b->whitening, d * p) < 1e-8 &&
           apart(a->dewhitening, b->dewhitening, d * p) < 1e-8;
}

static dsep_whitening *make(const double *x, int64_t rows, int64_t p, const int32_t *weight,
                            const double *products, int64_t d) {
    dsep_whitening *w = NULL;
    if (dsep_whitening_create(x, rows, p, weight, products, d, dsep_context_error(ctx), &w))
        tap_note("%s", dsep_context_error(ctx)->text);
    return w;
}

/* weighted rows, the same rows repeated (so many that the other way is taken where p lies between),
 * and without weights */
static void test_ways(int64_t rows, int64_t p) {
    double *x = rows_of(rows, p, 4, .1);
    int32_t *weight = weights(rows);
    int64_t n = 0;
    double *y = repeated(x, rows, p, weight, &n);
    dsep_whitening *plain = make(x, rows, p, NULL, NULL, 3),
                   *weighted = make(x, rows, p, weight, NULL, 3);
    dsep_whitening *again = make(y, n, p, NULL, NULL, 3);
    tap_ok(plain && keeps_promises(plain, x, rows, NULL) && plain->rank == 3,
           "%lld rows of %lld: whitened", (long long)rows, (long long)p);
    tap_ok(weighted && again && keeps_promises(weighted, x, rows, weight) && same(weighted, again),
           "weighted rows are repeated rows, here %lld", (long long)n);
    free(x), free(weight), free(y);
    dsep_whitening_destroy(&plain);
    dsep_whitening_destroy(&weighted);
    dsep_whitening_destroy(&again);
}

static void test_rank(int64_t rows, int64_t p) {
    double *x = rows_of(rows, p, 2, 0);
    dsep_whitening *w = make(x, rows, p, NULL, NULL, 4), *none = make(x, 1, p, NULL, NULL, 2);
    tap_ok(w && w->rank == 2 && w->variance[2] == 0 && keeps_promises(w, x, rows, NULL) &&
               w->scores[2 * rows] == 0 && w->whitening[2 * p] == 0 && w->dewhitening[3 * p] == 0,
           "%lld rows of %lld on a plane have a rank of 2, not %lld", (long long)rows, (long long)p,
           w ? (long long)w->rank : -1LL);
    tap_ok(none && none->rank == 0, "one row has no directions");
    free(x);
    dsep_whitening_destroy(&w);
    dsep_whitening_destroy(&none);
}

/* Through a grid of small blocks: the covariance, and the directions, of one environment. */
static int grid_agrees(const dsep_environments *e, int64_t k, int64_t d) {
    const int64_t p = e->n_variables;
    int32_t *weight = weights(e->rows[k]);
    dsep_grid *grid = NULL;
    dsep_whitening *spread = NULL, *here = make(e->values[k], e->rows[k], p, weight, NULL, d);
    dsep_matrix *covariance = NULL;
    dsep_moments *moments = NULL;
    double *whole = NULL;
    dsep_moments_create(e->values[k], e->rows[k], p, weight, NULL, &moments);
    dsep_moments_covariance(moments, 1, moments->scatter);
    int code = dsep_grid_create(ctx, &grid);
    grid->block = 8;
    if (!code)
        code = dsep_whitening_grid(ctx, grid, e, k, weight, d, &spread);
    if (!code)
        code = dsep_moments_grid(ctx, grid, e, k, weight, 1, &covariance);
    if (!code)
        code = dsep_grid_gather(ctx, covariance, &whole);
    const int good = !code && apart(whole, moments->scatter, p * p) < 1e-12 &&
                     spread->rank == here->rank && fabs(spread->total - here->total) < 1e-11 &&
                     apart(spread->variance, here->variance, d) < 1e-11 &&
                     (d > p || same(spread, here)) &&
                     keeps_promises(spread, e->values[k], e->rows[k], weight);
    dsep_matrix_destroy(&covariance);
    dsep_grid_destroy(&grid);
    dsep_whitening_destroy(&spread);
    dsep_whitening_destroy(&here);
    dsep_moments_destroy(&moments);
    free(whole);
    free(weight);
    return good;
}

/* Products made once a node serve any weights. */
static void test_products(void) {
    enum { ROWS = 30, P = 50, K = 3 };
    dsep_table *table = NULL;
    dsep_environments *e = NULL;
    dsep_row_products *products = NULL;
    static const int32_t label[K] = {0, 1, 2};
    double *x = rows_of(ROWS + ROWS / 2 + 60, P, 4, .1);
    const int64_t all = ROWS + ROWS / 2 + 60;
    dsep_table_create(ctx, all, P, &table);
    memcpy(table->values, x + table->mine.first * all,
           (size_t)(all * table->mine.count) * sizeof *x);
    table->n_environments = K;
    table->environment_names = dsep_array(K, sizeof *table->environment_names);
    table->environment = dsep_array(all, sizeof *table->environment);
    for (int64_t i = 0; i < all; i++)
        table->environment[i] = i < ROWS ? 0 : i < ROWS + ROWS / 2 ? 1 : 2;
    int code = dsep_environments_create(ctx, table, label, K, &e);
    if (!code)
        code = dsep_row_products_create(ctx, e, &products);
    int good = !code && !dsep_row_products_of(products, 2);
    for (int64_t k = 0; good && k < 2; k++) {
        int32_t *weight = weights(e->rows[k]);
        dsep_whitening *with =
            make(e->values[k], e->rows[k], P, weight, dsep_row_products_of(products, k), 3);
        dsep_whitening *without = make(e->values[k], e->rows[k], P, weight, NULL, 3);
        good = with && without && same(with, without) &&
               keeps_promises(with, e->values[k], e->rows[k], weight);
        free(weight);
        dsep_whitening_destroy(&with);
        dsep_whitening_destroy(&without);
    }
    tap_ok(good, "products of rows, once a node, serve any weights");
    for (int64_t k = 0; good && k < K; k++)
        good = grid_agrees(e, k, 3) && grid_agrees(e, k, 1000);
    tap_ok(good, "a grid gives the same as a rank, and no more directions than there are");
    dsep_row_products_destroy(&products);
    dsep_environments_destroy(&e);
    dsep_table_destroy(&table);
    free(x);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    if (dsep_size(ctx) == 1) {
        test_ways(80, 12);
        test_ways(30, 40); /* 30 rows are fewer than variables, 45 repeated ones are not */
        test_ways(25, 130);
        test_rank(40, 9);
        test_rank(20, 70);
    }
    test_products();
    return tap_end();
}
