/* Tests of pairs without a matrix: every decision is that of the correlation in double precision,
 * wherever the threshold stands, though tiles are made in single precision.
 * ranks: 1 2 */
#include "solvers/fisher_z_screen.h"
#include "mpi/random.h"
#include "solvers/citest.h"
#include "solvers/inner_product.h"
#include "solvers/standardise.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = DSEP_CITEST_COLUMNS / 64 };

static uint64_t drawn;

static double uniform(void) {
    return dsep_random_uniform((dsep_random){13, 1501, 0}, drawn++);
}

static double normal(void) {
    return gsl_cdf_ugaussian_Pinv(uniform());
}

static int64_t below(int64_t n) {
    return (int64_t)(uniform() * (double)n);
}

/* --- data ------------------------------------------------------------------------------------ */

typedef struct {
    dsep_correlation c;
    double *columns;
    double *matrix; /* [p x p] from dsep_correlation_block() */
} model;

/* Columns that share a factor, in neighbouring fives more of it; every tenth is the one before it
 * times 3, -3 or 0.1, plus a constant. */
static void draw_column(model *m, int64_t j, const double *common, double *raw) {
    static const double times[] = {3, -3, .1};
    const int64_t n = m->c.n_samples;
    for (int64_t s = 0; s < n; s++)
        raw[s] = j % 10 == 9 ? raw[s] * times[j / 10 % 3] + 2 : normal() + common[s] * (j % 5) / 3;
    double mean, sd;
    dsep_standardise(raw, n, m->columns + j * m->c.stride, &mean, &sd);
}

static model draw(int64_t n, int64_t p) {
    model m = {.c = {.n_samples = n, .n_variables = p, .stride = dsep_inner_stride(n)}};
    double *common = malloc((size_t)n * sizeof *common), *raw = malloc((size_t)n * sizeof *raw);
    int32_t *all = malloc((size_t)p * sizeof *all);
    m.c.columns = m.columns = calloc((size_t)(p * m.c.stride), sizeof *m.columns);
    m.matrix = malloc((size_t)(p * p) * sizeof *m.matrix);
    for (int64_t s = 0; s < n; s++)
        common[s] = normal();
    for (int64_t j = 0; j < p; j++) {
        all[j] = (int32_t)j;
        draw_column(&m, j, common, raw);
    }
    dsep_correlation_block(&m.c, all, p, all, p, m.matrix, p);
    free(common);
    free(raw);
    free(all);
    return m;
}

static void release(model *m) {
    free(m->columns);
    free(m->matrix);
}

/* --- decisions ------------------------------------------------------------------------------- */

typedef struct {
    int64_t pairs, dependent, single; /* decided so; for how many single precision would be wrong */
} tally;

/* The pair in single precision, as no one should decide. */
static int single_says(const model *m, int64_t x, int64_t y, double threshold) {
    const double *a = m->columns + x * m->c.stride, *b = m->columns + y * m->c.stride;
    float sum = 0;
    for (int64_t k = 0; k < m->c.stride; k++)
        sum += (float)a[k] * (float)b[k];
    return (double)sum * (double)sum > threshold;
}

static int block_right(const model *m, dsep_fisher_z_screen *screen, double threshold,
                       dsep_block rows, dsep_block columns, tally *seen) {
    static uint64_t dependent[DSEP_CITEST_ROWS * WORDS + 1];
    const int64_t words = (columns.count + 63) / 64;
    memset(dependent, 9, sizeof dependent);
    const uint64_t guard = dependent[0];
    dsep_fisher_z_screen_pairs(screen, threshold, rows, columns, dependent);
    int good = dependent[rows.count * words] == guard;
    for (int64_t i = 0; i < rows.count; i++) {
        const uint64_t *row = dependent + i * words;
        for (int64_t j = 0; j < columns.count; j++) {
            const int64_t x = rows.first + i, y = columns.first + j;
            const double r = m->matrix[x * m->c.n_variables + y];
            const int is = row[j / 64] >> j % 64 & 1, wanted = r * r > threshold;
            if (y <= x)
                continue;
            good &= is == wanted;
            seen->pairs++;
            seen->dependent += wanted;
        }
        if (columns.count % 64) /* behind the last column nothing is set */
            good &= row[words - 1] >> columns.count % 64 == 0;
    }
    return good;
}

/* r^2 of a pair drawn at random: one of the first columns of a block and any later column. */
static double square_of_some(const model *m, int64_t *x, int64_t *y) {
    *x = below(m->c.n_variables - 1);
    *y = *x + 1 + below(m->c.n_variables - *x - 1);
    const double r = m->matrix[*x * m->c.n_variables + *y];
    return r * r;
}

static dsep_block some(int64_t p, int64_t most) {
    const int64_t first = below(p), left = p - first < most ? p - first : most;
    return (dsep_block){first, 1 + below(left)};
}

/* A block around a pair. */
static dsep_block around(int64_t x, int64_t p, int64_t most) {
    const int64_t before = below(x + 1 < most ? x + 1 : most), first = x - before;
    const int64_t room = p - first < most ? p - first : most;
    return (dsep_block){first, before + 1 + below(room - before)};
}

/* Thresholds at the r^2 of a pair, and at the numbers next to it on both sides. */
static int near_pairs_right(const model *m, dsep_fisher_z_screen *screen, int turns, tally *seen) {
    const int64_t p = m->c.n_variables;
    int good = 1;
    for (int t = 0; t < turns; t++) {
        int64_t x, y;
        const double at = square_of_some(m, &x, &y);
        const double all[] = {at, nextafter(at, 2), nextafter(at, 0)};
        const dsep_block rows = around(x, p, DSEP_CITEST_ROWS);
        const dsep_block columns = around(y, p, DSEP_CITEST_COLUMNS);
        for (int k = 0; k < 3; k++) {
            good &= block_right(m, screen, all[k], rows, columns, seen);
            seen->single += single_says(m, x, y, all[k]) != (at > all[k]);
        }
    }
    return good;
}

/* Thresholds that have nothing to do with a pair, from 0 to 1, in blocks of every shape. */
static int plain_right(const model *m, dsep_fisher_z_screen *screen, int turns, tally *seen) {
    static const double thresholds[] = {0,   1e-300, 1e-14, 1e-10,       1e-6,        1e-3, .05,
                                        .25, .5,     .9,    1 - 0x1p-20, 1 - 0x1p-52, 1};
    const int64_t p = m->c.n_variables;
    int good = 1;
    for (int t = 0; t < turns; t++) {
        const double threshold = thresholds[t % 13];
        const dsep_block rows = some(p, DSEP_CITEST_ROWS), columns = some(p, DSEP_CITEST_COLUMNS);
        good &= block_right(m, screen, threshold, rows, columns, seen);
        good &= block_right(m, screen, threshold, rows, rows, seen);
        good &= block_right(m, screen, threshold, (dsep_block){rows.first, 1}, columns, seen);
        good &= block_right(m, screen, threshold, columns.count < 256 ? columns : rows, rows, seen);
    }
    return good;
}

static void test_model(int64_t n, int64_t p, int turns) {
    model m = draw(n, p);
    dsep_fisher_z_screen *screen = NULL;
    tally near = {0}, plain = {0};
    int good = dsep_fisher_z_screen_create(&m.c, NULL, &screen) == DSEP_OK;
    good &= near_pairs_right(&m, screen, turns, &near);
    tap_ok(good && near.single > turns / 3 && near.dependent > 0 && near.dependent < near.pairs,
           "%lld samples: thresholds at, above and below r^2 of a pair: %lld decisions, %lld pairs "
           "dependent (single precision would fail %lld of %d)",
           (long long)n, (long long)near.pairs, (long long)near.dependent, (long long)near.single,
           3 * turns);
    good = plain_right(&m, screen, turns, &plain);
    tap_ok(
        good && plain.dependent > 0 && plain.dependent < plain.pairs,
        "%lld samples: thresholds from 0 to 1, blocks of many shapes: %lld decisions, %lld pairs "
        "dependent",
        (long long)n, (long long)plain.pairs, (long long)plain.dependent);
    dsep_fisher_z_screen_destroy(&screen);
    release(&m);
}

/* --- a screen from block to block ------------------------------------------------------------ */

/* The rows of the last block are kept: blocks that begin alike, or are as long, must not be taken
 * for them. */
static void test_kept_rows(void) {
    static const dsep_block rows[] = {{0, 20}, {0, 40}, {20, 40}, {0, 40},
                                      {0, 1},  {0, 20}, {1, 20}};
    model m = draw(30, 200);
    dsep_fisher_z_screen *screen = NULL;
    tally seen = {0};
    int good = dsep_fisher_z_screen_create(&m.c, NULL, &screen) == DSEP_OK;
    for (int k = 0; k < 7; k++) {
        good &= block_right(&m, screen, .2, rows[k], (dsep_block){0, 200}, &seen);
        good &= block_right(&m, screen, .1, rows[k], (dsep_block){60, 100}, &seen);
    }
    tap_ok(good && seen.dependent > 0, "rows that are kept from block to block are the right ones");
    dsep_fisher_z_screen_destroy(&screen);
    dsep_fisher_z_screen_destroy(&screen);
    dsep_fisher_z_screen_destroy(NULL);
    tap_ok(!screen, "destroyed, twice and none");
    release(&m);
}

/* The largest block there is, among more variables than it takes. */
static void test_largest(void) {
    model m = draw(12, 1300);
    dsep_fisher_z_screen *screen = NULL;
    tally seen = {0};
    int good = dsep_fisher_z_screen_create(&m.c, NULL, &screen) == DSEP_OK;
    const dsep_block rows = {256, DSEP_CITEST_ROWS}, columns = {0, DSEP_CITEST_COLUMNS};
    good &= block_right(&m, screen, .4, rows, columns, &seen);
    good &= block_right(&m, screen, .4, rows, (dsep_block){1024, 276}, &seen);
    const int64_t below = DSEP_CITEST_COLUMNS - 256; /* rows that the first block has a part of */
    tap_ok(good && seen.pairs == below * (below - 1) / 2 + DSEP_CITEST_ROWS * 276,
           "the largest block, across the diagonal and right of it");
    dsep_fisher_z_screen_destroy(&screen);
    release(&m);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_model(4, 300, 60);
    test_model(5, 150, 60);
    test_model(8, 150, 60);
    test_model(9, 1100, 15);
    test_model(100, 400, 40);
    test_model(513, 200, 40);
    test_model(5000, 130, 26);
    test_kept_rows();
    test_largest();
    return tap_end();
}
