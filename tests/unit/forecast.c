/* What a search is said to need: for few enough columns the density and the numbers of tests are
 * exact, against a count in long double and against the search itself; the sample is fair; memory
 * grows with every size and an overflow is said to be one. */
#include "solvers/forecast.h"
#include "mpi/exchange.h"
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "solvers/skeleton.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

/* --- tables ---------------------------------------------------------------------------------- */

static double cell(uint64_t seed, int64_t p, int64_t s, int64_t j) {
    const dsep_random own = {seed, 1600, 0}, common = {seed, 1601, 0};
    const double noise = gsl_cdf_ugaussian_Pinv(dsep_random_uniform(own, (uint64_t)(s * p + j)));
    const double shared = dsep_random_uniform(common, (uint64_t)(s * 8 + j % 8));
    return noise + (double)(j % 3) * shared;
}

/* Eight groups of columns that share something within. Every rank draws only its own. */
static dsep_table *draw(uint64_t seed, int64_t n, int64_t p) {
    dsep_table *table = NULL;
    if (dsep_table_create(ctx, n, p, &table))
        return NULL;
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t s = 0; s < n; s++)
            table->values[j * n + s] = cell(seed, p, s, table->mine.first + j);
    return table;
}

static dsep_forecast forecast(const dsep_table *table, double alpha, uint64_t seed) {
    dsep_forecast f = {0};
    if (dsep_forecast_search(ctx, table, alpha, seed, &f))
        tap_note("%s", dsep_context_error(ctx)->text);
    return f;
}

/* All but the measured seconds. */
static int same(dsep_forecast a, dsep_forecast b) {
    a.whole = a.tiled = b.whole = b.tiled = (dsep_forecast_time){0, 0, 0, 0, 0};
    return memcmp(&a, &b, sizeof a) == 0;
}

/* --- exact counts ---------------------------------------------------------------------------- */

static long double correlation(const double *x, const double *y, int64_t n) {
    long double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (int64_t s = 0; s < n; s++) {
        mx += x[s];
        my += y[s];
    }
    mx /= n;
    my /= n;
    for (int64_t s = 0; s < n; s++) {
        xx += (x[s] - mx) * (x[s] - mx);
        yy += (y[s] - my) * (y[s] - my);
        xy += (x[s] - mx) * (y[s] - my);
    }
    return xy / sqrtl(xx * yy);
}

/* Edges that stay after order 0, and the tests of order 1 that their ends then have. */
typedef struct {
    int64_t edges, tests_1;
} counts;

static counts count_slowly(uint64_t seed, int64_t n, int64_t p, double alpha) {
    counts found = {0, 0};
    double *whole = malloc((size_t)(n * p) * sizeof *whole);
    for (int64_t j = 0; j < p; j++)
        for (int64_t s = 0; s < n; s++)
            whole[j * n + s] = cell(seed, p, s, j);
    const long double z = gsl_cdf_ugaussian_Qinv(alpha / 2);
    for (int64_t x = 0; x < p; x++) {
        int64_t degree = 0;
        for (int64_t y = 0; y < p; y++) {
            const long double r = x == y ? 0 : correlation(whole + x * n, whole + y * n, n);
            degree += sqrtl((long double)(n - 3)) * atanhl(fabsl(r)) > z;
        }
        found.edges += degree;
        found.tests_1 += degree * (degree - 1);
    }
    found.edges /= 2;
    free(whole);
    return found;
}

/* The search itself, two orders of it. */
static int agrees_with_search(const dsep_table *table, double alpha, const dsep_forecast *f) {
    dsep_correlation *correlations = NULL;
    dsep_citest *test = NULL;
    dsep_skeleton *skeleton = NULL;
    const dsep_skeleton_settings settings = {.max_order = 1};
    int good = !dsep_correlation_create(ctx, table, 1, &correlations) &&
               !dsep_fisher_z_create(correlations, alpha, NULL, &test) &&
               !dsep_skeleton_search(ctx, test, NULL, &settings, &skeleton);
    if (good) {
        const dsep_level *level = skeleton->levels;
        const double pairs = (double)f->n_variables * (double)(f->n_variables - 1) / 2;
        good = (double)level[0].tests == f->tests_0 &&
               fabs((double)level[0].edges - f->density * pairs) < 1e-6 &&
               (skeleton->n_levels < 2 || (double)level[1].tests <= f->tests_1);
    }
    dsep_skeleton_destroy(&skeleton);
    dsep_fisher_z_destroy(&test);
    dsep_correlation_destroy(&correlations);
    return good;
}

static void test_exact(int64_t n, int64_t p, double alpha) {
    const uint64_t seed = (uint64_t)(n + p);
    dsep_table *table = draw(seed, n, p);
    const dsep_forecast f = forecast(table, alpha, 1), other = forecast(table, alpha, 2);
    const counts slow = count_slowly(seed, n, p, alpha);
    const double pairs = (double)(p * (p - 1)) / 2;
    tap_ok(f.n_samples == n && f.n_variables == p && f.tests_0 == pairs,
           "%lld columns: the tests of order 0", (long long)p);
    tap_ok(fabs(f.density * pairs - (double)slow.edges) < 1e-6,
           "%lld columns: %lld edges stay, density %.4f", (long long)p, (long long)slow.edges,
           f.density);
    tap_ok(fabs(f.tests_1 - (double)slow.tests_1) < 1e-6 * (1 + f.tests_1),
           "%lld columns: at most %lld tests of order 1", (long long)p, (long long)slow.tests_1);
    tap_ok(same(f, other), "%lld columns: all are the sample, whatever the seed", (long long)p);
    tap_ok(agrees_with_search(table, alpha, &f), "%lld columns: as the search counts them",
           (long long)p);
    dsep_table_destroy(&table);
}

/* --- a sample of more columns ---------------------------------------------------------------- */

static int same_everywhere(double value) {
    double low = value, high = value;
    dsep_min_f64(ctx, &low, 1);
    dsep_max_f64(ctx, &high, 1);
    return low == high;
}

/* 64 of 600 columns: 38,336 pairs, so the density is off by a few hundredths of itself. */
static void test_sample(void) {
    const int64_t n = 40, p = 600;
    dsep_table *table = draw(9, n, p);
    const counts slow = count_slowly(9, n, p, .05);
    const double truth = (double)slow.edges / ((double)(p * (p - 1)) / 2);
    const dsep_forecast f = forecast(table, .05, 1), again = forecast(table, .05, 1);
    double sum = 0;
    int differs = 0, near = 1;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const dsep_forecast one = forecast(table, .05, seed);
        sum += one.density / 10;
        differs |= one.density != f.density;
        near &= fabs(one.density - truth) < .25 * truth;
    }
    tap_ok(same(f, again), "the same seed gives the same forecast");
    tap_ok(differs, "another seed draws another sample");
    tap_ok(near && fabs(sum - truth) < .08 * truth, "samples are near the truth (%.4f of %.4f)",
           sum, truth);
    tap_ok(f.tests_0 == (double)(p * (p - 1)) / 2 &&
               fabs(f.tests_1 / (double)slow.tests_1 - 1) < .5,
           "and so are the tests");
    tap_ok(same_everywhere(f.density) && same_everywhere(f.tests_1), "every rank says the same");
    dsep_table_destroy(&table);
}

/* The magnitude of columns is nothing to a correlation, nor to its forecast. */
static void test_magnitude(void) {
    dsep_table *table = draw(5, 60, 50);
    const dsep_forecast plain = forecast(table, .05, 1);
    static const int exponents[] = {600, -600, 1000, -900}; /* powers of two keep every bit */
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t s = 0; s < 60; s++) {
            double *value = &table->values[j * 60 + s];
            *value = ldexp(*value, exponents[(table->mine.first + j) % 4]);
        }
    const dsep_forecast wild = forecast(table, .05, 1);
    tap_ok(plain.density > 0 && wild.density == plain.density && wild.tests_1 == plain.tests_1,
           "columns from 2^-900 to 2^1000 have the same density (%g, %g)", plain.density,
           wild.density);
    dsep_table_destroy(&table);
}

/* --- a search of a sample --------------------------------------------------------------------- */

/* Of few columns all are the sample: what the search itself does. */
static void test_probe(void) {
    dsep_table *table = draw(7, 80, 90);
    dsep_forecast f = forecast(table, .05, 1), capped = f, bare = f;
    dsep_correlation *correlations = NULL;
    dsep_citest *test = NULL;
    dsep_skeleton *skeleton = NULL;
    const dsep_skeleton_settings settings = {.max_order = -1};
    double more = 0;
    int failed = 0;
    for (int i = 0; i < 3 && (i == 0 || f.cut) && !failed; i++) { /* a busy machine cuts a search */
        f = capped;
        failed = dsep_forecast_measure(ctx, table, .05, -1, 1, &f);
    }
    tap_ok(!failed && !f.cut, "a table is measured");
    tap_ok(!dsep_correlation_create(ctx, table, 1, &correlations) &&
               !dsep_fisher_z_create(correlations, .05, NULL, &test) &&
               !dsep_skeleton_search(ctx, test, NULL, &settings, &skeleton) &&
               skeleton->n_levels > 2,
           "and searched");
    for (int64_t l = 2; skeleton && l < skeleton->n_levels; l++)
        more += (double)skeleton->levels[l].tests;
    tap_ok(skeleton && fabs(f.likely_1 / (double)skeleton->levels[1].tests - 1) < 1e-9 &&
               fabs(f.likely_more / more - 1) < 1e-9,
           "the tests are those of the search (%.0f of order 1, %.0f of higher)", f.likely_1,
           f.likely_more);
    tap_ok(f.likely_1 < f.tests_1, "fewer than if none stopped early");
    tap_ok(f.whole.order_0 > 0 && f.whole.more > 0 && f.tiled.order_1 >= f.whole.order_1,
           "seconds of every part");
    tap_ok(dsep_forecast_seconds(&f.whole, 2) < dsep_forecast_seconds(&f.whole, 1) &&
               dsep_forecast_seconds(&f.whole, 1 << 30) >= f.whole.rest,
           "ranks share all but the rest");
    tap_ok(same_everywhere(f.likely_1) && same_everywhere(f.whole.order_1 + f.whole.more),
           "every rank says the same");
    tap_ok(!dsep_forecast_measure(ctx, table, .05, 1, 1, &capped) && capped.likely_more == 0 &&
               capped.likely_1 == f.likely_1,
           "--max-order 1 has no tests of higher orders");
    tap_ok(!dsep_forecast_measure(ctx, table, .05, 0, 1, &bare) && bare.likely_1 == 0 &&
               bare.whole.order_1 == 0,
           "--max-order 0 none of order 1");
    dsep_skeleton_destroy(&skeleton);
    dsep_fisher_z_destroy(&test);
    dsep_correlation_destroy(&correlations);
    dsep_table_destroy(&table);
}

/* Of more columns a part is searched. */
static void test_larger_probe(void) {
    const int64_t n = 60, p = 900;
    dsep_table *table = draw(8, n, p);
    dsep_forecast f = forecast(table, .05, 1);
    dsep_correlation *correlations = NULL;
    dsep_citest *test = NULL;
    dsep_skeleton *skeleton = NULL;
    const dsep_skeleton_settings settings = {.max_order = 1};
    tap_ok(!dsep_forecast_measure(ctx, table, .05, 1, 1, &f) &&
               !dsep_correlation_create(ctx, table, 1, &correlations) &&
               !dsep_fisher_z_create(correlations, .05, NULL, &test) &&
               !dsep_skeleton_search(ctx, test, NULL, &settings, &skeleton),
           "a larger table is measured and searched");
    const double tests = skeleton ? (double)skeleton->levels[1].tests : 0;
    tap_ok(f.likely_1 < 2 * tests && f.likely_1 > tests / 2 && f.tests_1 > 2 * tests,
           "tests of order 1 within a factor of two: %.3g of %.3g, at most %.3g", f.likely_1, tests,
           f.tests_1);
    dsep_skeleton_destroy(&skeleton);
    dsep_fisher_z_destroy(&test);
    dsep_correlation_destroy(&correlations);
    dsep_table_destroy(&table);
}

/* --- memory ---------------------------------------------------------------------------------- */

/* A table of a shape only: without samples no value is ever looked at. */
static dsep_forecast of_shape(int64_t p) {
    double none = 0;
    const dsep_table shape = {.n_samples = 0, .n_variables = p, .values = &none};
    return forecast(&shape, .05, 1);
}

static void test_memory(void) {
    dsep_table *small = draw(3, 20, 50), *longer = draw(3, 200, 50), *wider = draw(3, 20, 500);
    const dsep_forecast a = forecast(small, .05, 1), b = forecast(longer, .05, 1),
                        c = forecast(wider, .05, 1), loose = forecast(small, .9, 1);
    const int64_t nodes = dsep_nodes(ctx), each = (dsep_size(ctx) + nodes - 1) / nodes;
    tap_ok(a.bytes_matrix == 8 * 50 * 50 && c.bytes_matrix == 8 * 500 * 500 &&
               a.bytes_columns == 8 * 24 * 50 &&
               a.bytes_table == 8 * 20 * ((50 + nodes * each - 1) / (nodes * each)) * each,
           "matrix, columns and table in bytes");
    tap_ok(b.bytes_whole > a.bytes_whole && b.bytes_table > a.bytes_table &&
               b.bytes_columns > a.bytes_columns,
           "more samples need more");
    tap_ok(c.bytes_whole > a.bytes_whole && c.bytes_adjacency > a.bytes_adjacency,
           "more variables need more");
    tap_ok(loose.density > a.density && loose.bytes_adjacency > a.bytes_adjacency &&
               loose.bytes_whole >= a.bytes_whole,
           "a denser graph needs more");
    const dsep_forecast *all[] = {&a, &b, &c, &loose};
    int whole = 1;
    for (int i = 0; i < 4; i++)
        whole &= all[i]->bytes_whole >= all[i]->bytes_matrix + all[i]->bytes_adjacency &&
                 all[i]->bytes_whole >=
                     all[i]->bytes_matrix + all[i]->bytes_columns + all[i]->bytes_table;
    tap_ok(whole, "a node holds the matrix with what stands beside it, in either phase");
    dsep_table_destroy(&small);
    dsep_table_destroy(&longer);
    dsep_table_destroy(&wider);
    int64_t last = 0;
    int grows = 1;
    for (int64_t p = 200; p < (1LL << 40); p *= 2) {
        const dsep_forecast f = of_shape(p);
        grows &= f.bytes_whole >= last && (f.bytes_whole > last || last == INT64_MAX);
        last = f.bytes_whole;
    }
    tap_ok(grows && last == INT64_MAX, "memory grows with the variables until it overflows");
    tap_ok(of_shape(1LL << 29).bytes_whole < INT64_MAX &&
               of_shape(1LL << 29).bytes_whole > (1LL << 61),
           "2^29 variables can be said in bytes");
    tap_ok(of_shape(1LL << 31).bytes_whole == INT64_MAX, "2^31 cannot");
}

/* On another machine. */
static void test_layout(void) {
    dsep_table *table = draw(3, 40, 120);
    const dsep_forecast plain = forecast(table, .05, 1);
    dsep_forecast f = plain, more = plain, apart = plain;
    const dsep_forecast_layout one = {1, 4, 1000, 500, 0}, two = {1, 8, 1000, 500, 0},
                               nodes = {4, 1, 1000, 500, 0}, reads = {1, 4, 1000, 500, 1 << 30};
    dsep_forecast_memory(&one, &f);
    tap_ok(f.bytes_base == 4500 && f.bytes_table == 8 * 40 * 120 &&
               f.bytes_reading == 4500 + f.bytes_table,
           "four ranks: their base, the files once, the table");
    tap_ok(f.bytes_whole >= f.bytes_base + f.bytes_table + f.bytes_matrix + f.bytes_own &&
               f.bytes_tiled >= f.bytes_base + f.bytes_table + f.bytes_columns + f.bytes_own,
           "all of them are in the peak");
    dsep_forecast_memory(&two, &more);
    tap_ok(more.bytes_whole > f.bytes_whole && more.bytes_tiled > f.bytes_tiled &&
               more.bytes_own == 2 * f.bytes_own && more.bytes_table == f.bytes_table,
           "twice the ranks keep twice as much for themselves, and one table");
    dsep_forecast_memory(&nodes, &apart);
    tap_ok(apart.bytes_table == f.bytes_table / 4 && apart.bytes_columns == f.bytes_columns &&
               apart.bytes_whole < f.bytes_whole,
           "four nodes have a quarter of the table each, and all columns");
    dsep_forecast_memory(&reads, &f);
    tap_ok(f.bytes_whole == f.bytes_reading && f.bytes_tiled == f.bytes_reading,
           "reading is the most where it is");
    dsep_table_destroy(&table);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    test_exact(50, 2, .05);
    test_exact(60, 3, .01);
    test_exact(30, 64, .05);
    test_exact(100, 60, .001);
    test_exact(4, 20, .2);
    test_sample();
    test_magnitude();
    test_memory();
    test_layout();
    test_probe();
    test_larger_probe();
    return tap_end();
}
