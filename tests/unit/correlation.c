/* The correlation matrix: right against two passes in long double whatever the columns' magnitude,
 * symmetric with a unit diagonal, and the same bits on any number of ranks and nodes; and entries
 * that are made when they are asked for have the bits of the matrix. */
#include "solvers/correlation.h"
#include "mpi/exchange.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

typedef struct {
    int64_t n, p;
    double *columns; /* [n x p] the whole table, on every rank */
} whole;

/* Columns that share a factor; column j gets magnitude and mean from its number. */
static void draw(whole *w, int64_t n, int64_t p, uint64_t seed, int wild) {
    static const double scales[] = {1, 1e-200, 1e200, 1, 1e-300, 1e300, 3e-310};
    w->n = n;
    w->p = p;
    w->columns = malloc((size_t)(n * p) * sizeof *w->columns);
    for (int64_t s = 0; s < n; s++) {
        const double common =
            gsl_cdf_ugaussian_Pinv(dsep_random_uniform((dsep_random){seed, 1200, 0}, (uint64_t)s));
        for (int64_t j = 0; j < p; j++) {
            const double own = gsl_cdf_ugaussian_Pinv(
                dsep_random_uniform((dsep_random){seed, 1201, 0}, (uint64_t)(s * p + j)));
            double *cell = &w->columns[j * n + s];
            *cell = own + common * (double)(j % 5 - 2);
            if (wild)
                *cell = *cell * scales[j % 7] + (j % 7 == 3 ? 1e8 : j % 7 == 0 ? 1e13 : 0);
        }
    }
}

static dsep_table *hand_out(dsep_context *ctx, const whole *w) {
    dsep_table *table = NULL;
    if (dsep_table_create(ctx, w->n, w->p, &table))
        return NULL;
    if (table->mine.count > 0)
        memcpy(table->values, w->columns + table->mine.first * w->n,
               (size_t)(table->mine.count * w->n) * sizeof *table->values);
    return table;
}

/* matrix: the whole one, or only what its entries are made of. */
static dsep_correlation *correlate_as(dsep_context *ctx, const whole *w, int matrix) {
    dsep_correlation *correlation = NULL;
    dsep_table *table = hand_out(ctx, w);
    if (!table || dsep_correlation_create(ctx, table, matrix, &correlation))
        tap_note("%s", dsep_context_error(ctx)->text);
    dsep_table_destroy(&table);
    return correlation;
}

static dsep_correlation *correlate(dsep_context *ctx, const whole *w) {
    return correlate_as(ctx, w, 1);
}

/* --- two passes in long double --------------------------------------------------------------- */

static long double slow_mean(const whole *w, int64_t j) {
    long double sum = 0;
    for (int64_t s = 0; s < w->n; s++)
        sum += w->columns[j * w->n + s];
    return sum / w->n;
}

/* Sum of products about the means; the last term takes away what a rounded mean left. */
static long double slow_cross(const whole *w, int64_t x, int64_t y) {
    const long double mx = slow_mean(w, x), my = slow_mean(w, y);
    long double sum = 0, left_x = 0, left_y = 0;
    for (int64_t s = 0; s < w->n; s++) {
        const long double dx = w->columns[x * w->n + s] - mx, dy = w->columns[y * w->n + s] - my;
        sum += dx * dy;
        left_x += dx;
        left_y += dy;
    }
    return sum - left_x * left_y / w->n;
}

static double worst_difference(const whole *w, const dsep_correlation *c) {
    double worst = 0;
    long double *own = malloc((size_t)w->p * sizeof *own);
    for (int64_t x = 0; x < w->p; x++)
        own[x] = slow_cross(w, x, x);
    for (int64_t x = 0; x < w->p; x++)
        for (int64_t y = x + 1; y < w->p; y++) {
            const long double r = slow_cross(w, x, y) / (sqrtl(own[x]) * sqrtl(own[y]));
            const double difference = fabs((double)(c->values[x * w->p + y] - r));
            worst = difference <= worst ? worst : difference; /* NaN becomes the worst */
        }
    free(own);
    return worst;
}

static int moments_right(const whole *w, const dsep_correlation *c) {
    int good = 1;
    for (int64_t j = 0; j < c->mine.count; j++) {
        const int64_t x = c->mine.first + j;
        const long double mean = slow_mean(w, x), sd = sqrtl(slow_cross(w, x, x) / (w->n - 1));
        /* numbers below DBL_MIN have fewer bits */
        good &= fabsl(c->mean[j] - mean) <= 1e-14L * (fabsl(mean) + sd) + 4 * 0x1p-1074L;
        good &= fabsl(c->sd[j] - sd) <= 1e-13L * sd + 4 * 0x1p-1074L;
    }
    return good;
}

static int symmetric(const dsep_correlation *c) {
    const int64_t p = c->n_variables;
    int good = 1;
    for (int64_t x = 0; x < p; x++)
        for (int64_t y = 0; y < p; y++) {
            const double here = c->values[x * p + y], there = c->values[y * p + x];
            good &= x == y ? here == 1 : memcmp(&here, &there, sizeof here) == 0;
            good &= here >= -1 && here <= 1;
        }
    return good;
}

static void test_right(dsep_context *ctx, int64_t n, int64_t p, int wild, const char *title) {
    whole w;
    draw(&w, n, p, (uint64_t)(n * 1000 + p), wild);
    dsep_correlation *c = correlate(ctx, &w);
    const double worst = worst_difference(&w, c);
    tap_ok(worst < 1e-13, "%s: off by %.1e at most", title, worst);
    tap_ok(symmetric(c), "%s: symmetric to the bit, diagonal 1, none beyond 1", title);
    tap_ok(moments_right(&w, c), "%s: means and standard deviations", title);
    tap_ok(c->n_samples == n && c->n_variables == p, "%s: its shape", title);
    dsep_correlation_destroy(&c);
    free(w.columns);
}

/* Columns that are equal, opposite, or equal up to scale and shift must not pass 1. */
static void test_perfect(dsep_context *ctx) {
    whole w;
    draw(&w, 37, 40, 5, 0);
    for (int64_t j = 1; j < w.p; j++)
        for (int64_t s = 0; s < w.n; s++)
            w.columns[j * w.n + s] = w.columns[s] * (j % 2 ? -3 : .1) * (double)j + 7. / (double)j;
    dsep_correlation *c = correlate(ctx, &w);
    int good = symmetric(c);
    for (int64_t x = 0; x < w.p; x++)
        for (int64_t y = 0; y < w.p; y++)
            good &= fabs(fabs(c->values[x * w.p + y]) - 1) < 1e-14;
    tap_ok(good, "perfectly correlated columns give 1 and -1, never more");
    dsep_correlation_destroy(&c);
    free(w.columns);
}

/* --- the same bits everywhere ---------------------------------------------------------------- */

static uint64_t hash_of(dsep_context *ctx, const whole *w) {
    dsep_correlation *c = correlate(ctx, w);
    const uint64_t hash = c ? XXH64(c->values, (size_t)(w->p * w->p) * sizeof *c->values, 0)
                            : (uint64_t)dsep_rank(ctx);
    dsep_correlation_destroy(&c);
    return hash;
}

static int same_everywhere(dsep_context *ctx, uint64_t hash) {
    int64_t low = (int64_t)hash, high = low;
    dsep_min_i64(ctx, &low, 1);
    dsep_max_i64(ctx, &high, 1);
    return low == high;
}

/* The hash of one rank that holds the whole table. */
static uint64_t hash_alone(const whole *w) {
    dsep_context *alone = NULL;
    dsep_context_create(MPI_COMM_SELF, &alone);
    const uint64_t hash = hash_of(alone, w);
    dsep_context_destroy(&alone);
    return hash;
}

static uint64_t hash_with_nodes(const whole *w, const char *ranks) {
    dsep_context *nodes = NULL;
    setenv("DSEP_NODE_RANKS", ranks, 1);
    dsep_context_create(MPI_COMM_WORLD, &nodes);
    const uint64_t hash = hash_of(nodes, w);
    dsep_context_destroy(&nodes);
    unsetenv("DSEP_NODE_RANKS");
    return hash;
}

static void test_bits(dsep_context *ctx, int64_t n, int64_t p) {
    whole w, other;
    draw(&w, n, p, 77, 1);
    draw(&other, n, p, 78, 1);
    const uint64_t alone = hash_alone(&w);
    tap_ok(same_everywhere(ctx, alone), "%lld variables: every rank alone finds the same bits",
           (long long)p);
    tap_ok(hash_of(ctx, &w) == alone, "%lld variables: all ranks together, too", (long long)p);
    tap_ok(hash_with_nodes(&w, "1") == alone, "%lld variables: and with one rank a node",
           (long long)p);
    tap_ok(hash_with_nodes(&w, "2") == alone, "%lld variables: and with two ranks a node",
           (long long)p);
    if (p > 1)
        tap_ok(hash_of(ctx, &other) != alone, "%lld variables: other data have other bits",
               (long long)p);
    free(w.columns);
    free(other.columns);
}

/* --- entries when they are asked for --------------------------------------------------------- */

enum { MOST_ROWS = 150, MOST_COLUMNS = 210 };

/* Variables in any order, some of them twice, some in both lists. */
static void draw_list(int64_t p, int64_t count, uint32_t turn, int32_t *list) {
    for (int64_t k = 0; k < count; k++)
        list[k] =
            (int32_t)dsep_random_below((dsep_random){79, 1202, turn}, (uint64_t)k, (uint64_t)p);
}

static int same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

/* One block of `c`, whose entries must be those of the matrix and leave all others alone. */
static int block_right(const dsep_correlation *c, const double *matrix, int64_t rows,
                       int64_t columns, int64_t leading, uint32_t turn) {
    static double out[MOST_ROWS * (MOST_COLUMNS + 3)];
    int32_t x[MOST_ROWS], y[MOST_COLUMNS];
    int good = 1;
    draw_list(c->n_variables, rows, 2 * turn, x);
    draw_list(c->n_variables, columns, 2 * turn + 1, y);
    memset(out, 0x55, sizeof out);
    const double guard = out[0];
    dsep_correlation_block(c, x, rows, y, columns, out, leading);
    for (int64_t at = 0; at < (int64_t)(sizeof out / sizeof *out); at++) {
        const int64_t i = at / leading, j = at % leading;
        const int inside = i < rows && j < columns;
        good &= same_bits(out[at], inside ? matrix[x[i] * c->n_variables + y[j]] : guard);
    }
    return good;
}

/* Both kinds give the matrix of one rank alone, in blocks of every size. */
static int blocks_right(dsep_context *ctx, const whole *w, const double *matrix) {
    static const int64_t shapes[][2] = {{1, 1},   {1, 210}, {150, 1},   {2, 3},     {63, 64},
                                        {64, 65}, {65, 63}, {128, 129}, {150, 210}, {0, 5}};
    int good = 1;
    for (int kind = 0; kind < 2; kind++) {
        dsep_correlation *c = correlate_as(ctx, w, kind);
        good &= c && (c->values != NULL) == kind && (c->columns == NULL) == kind;
        for (uint32_t s = 0; good && s < 10; s++)
            for (int64_t wider = 0; wider <= 3; wider += 3)
                good &= block_right(c, matrix, shapes[s][0], shapes[s][1], shapes[s][1] + wider,
                                    s + 10 * (uint32_t)wider);
        dsep_correlation_destroy(&c);
    }
    return good;
}

static int blocks_right_with_nodes(const whole *w, const double *matrix, const char *ranks) {
    dsep_context *nodes = NULL;
    setenv("DSEP_NODE_RANKS", ranks, 1);
    dsep_context_create(MPI_COMM_WORLD, &nodes);
    const int good = blocks_right(nodes, w, matrix);
    dsep_context_destroy(&nodes);
    unsetenv("DSEP_NODE_RANKS");
    return good;
}

/* Every third column is the one before it, in other units. */
static void twin_columns(whole *w) {
    for (int64_t j = 2; j < w->p; j += 3)
        for (int64_t s = 0; s < w->n; s++)
            w->columns[j * w->n + s] = w->columns[(j - 1) * w->n + s] * (j % 2 ? -3 : 1);
}

static void test_blocks(dsep_context *ctx, int64_t n, int64_t p) {
    whole w;
    dsep_context *alone = NULL;
    draw(&w, n, p, 91, 1);
    twin_columns(&w);
    dsep_context_create(MPI_COMM_SELF, &alone);
    dsep_correlation *c = correlate(alone, &w);
    const long long large[] = {(long long)n, (long long)p};
    tap_ok(blocks_right(ctx, &w, c->values),
           "%lld samples of %lld variables: blocks of the matrix and without it, the same bits",
           large[0], large[1]);
    tap_ok(blocks_right_with_nodes(&w, c->values, "1"), "%lld of %lld: on nodes of one rank",
           large[0], large[1]);
    tap_ok(blocks_right_with_nodes(&w, c->values, "2"), "%lld of %lld: on nodes of two", large[0],
           large[1]);
    dsep_correlation_destroy(&c);
    dsep_context_destroy(&alone);
    free(w.columns);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_right(ctx, 50, 40, 0, "40 plain columns");
    test_right(ctx, 50, 40, 1, "40 columns from 3e-310 to 1e300, some with mean 1e8 or 1e13");
    test_right(ctx, 23, 300, 1, "300 columns, two tiles");
    test_right(ctx, 4, 3, 0, "3 columns of 4 samples, fewer than ranks");
    test_right(ctx, 2000, 8, 1, "2,000 samples");
    test_perfect(ctx);
    test_bits(ctx, 31, 300);
    test_bits(ctx, 64, 65);
    test_bits(ctx, 9, 2);
    test_bits(ctx, 9, 1);
    test_blocks(ctx, 4, 40);
    test_blocks(ctx, 31, 300);
    test_blocks(ctx, 700, 65);
    test_blocks(ctx, 1025, 3);
    return tap_end();
}
