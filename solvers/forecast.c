#include "solvers/forecast.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/citest.h"
#include "solvers/forecast_probe.h"
#include "solvers/inner_product.h"
#include "solvers/rates.h"
#include "solvers/standardise.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns of the sample; others that are looked at together. */
enum { SAMPLE = 64, BATCH = 16 };

/* Bytes that a rank keeps of every variable (its name 48, in the search 40, in tests and strengths
 * 32, for the result some more), and of every pair that it separates: found, and sorted from there,
 * with one member. */
enum { OWN_BYTES = 144, SET_BYTES = 44 };

/* |correlations| from which on pairs stay adjacent after order 0. */
static double threshold_of(double alpha, int64_t n) {
    return tanh(gsl_cdf_ugaussian_Qinv(alpha / 2) / sqrt((double)(n - 3)));
}

/* Different columns, drawn by a partial shuffle that keeps only what it moved. */
static int64_t draw_columns(uint64_t seed, int64_t p, int64_t *columns) {
    const dsep_random source = {seed, DSEP_STREAM_SAMPLE, 0};
    const int64_t wanted = p < SAMPLE ? p : SAMPLE;
    for (int64_t i = 0; i < wanted; i++) {
        int64_t candidate = wanted == p ? i : -1;
        for (uint64_t draw = 0; candidate < 0; draw++) {
            candidate = (int64_t)dsep_random_below(source, (uint64_t)i << 32 | draw, (uint64_t)p);
            for (int64_t k = 0; k < i && candidate >= 0; k++)
                candidate = columns[k] == candidate ? -1 : candidate;
        }
        columns[i] = candidate;
    }
    return wanted;
}

/* Brings the sample to every rank, each column from its owner. */
static void share_columns(dsep_context *ctx, const dsep_table *table, const int64_t *columns,
                          int64_t count, double *sample) {
    const int64_t n = table->n_samples, stride = dsep_inner_stride(n);
    for (int64_t c = 0; c < count; c++) {
        const int owner = (int)dsep_layout_owner(table->n_variables, dsep_size(ctx), columns[c]);
        if (owner == dsep_rank(ctx))
            memcpy(sample + c * stride, table->values + (columns[c] - table->mine.first) * n,
                   (size_t)n * sizeof *sample);
        dsep_broadcast(ctx, sample + c * stride, n * (int64_t)sizeof *sample, owner);
    }
}

/* Adds up, for each column of the sample, how many of this rank's columns stay adjacent.
 * sample: [count x stride] standardised; units: [BATCH x stride] zeroed, for work. */
static void count_adjacent(const dsep_table *table, const double *sample, int64_t count,
                           const int64_t *columns, double threshold, double *units,
                           int64_t *adjacent) {
    const int64_t n = table->n_samples, stride = dsep_inner_stride(n);
    const double *x[BATCH], *y[SAMPLE];
    double mean, sd, r[BATCH * SAMPLE];
    for (int64_t c = 0; c < SAMPLE; c++)
        y[c] = sample + (c < count ? c : 0) * stride;
    for (int64_t i = 0; i < BATCH; i++)
        x[i] = units + i * stride;
    for (int64_t first = 0; first < table->mine.count; first += BATCH) {
        const int64_t left = table->mine.count - first, rows = left < BATCH ? left : BATCH;
        for (int64_t i = 0; i < rows; i++)
            dsep_standardise(table->values + (first + i) * n, n, units + i * stride, &mean, &sd);
        dsep_inner_products(stride, x, rows, y, count, r, SAMPLE);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t c = 0; c < count; c++)
                adjacent[c] += table->mine.first + first + i != columns[c] &&
                               fabs(r[i * SAMPLE + c]) > threshold;
    }
}

/* --- memory ---------------------------------------------------------------------------------- */

/* Sums and products that are INT64_MAX where they overflow. */
static int64_t plus(int64_t a, int64_t b) {
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t times(int64_t a, int64_t b, int64_t c) {
    const int64_t product = dsep_bytes(a, b, c);
    return product < 0 ? INT64_MAX : product;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* What a rank works with beside its variables: a tile of the matrix, or of the screen. */
static int64_t work_of_rank(int64_t n, int whole) {
    const int64_t rows = DSEP_CITEST_ROWS, columns = DSEP_CITEST_COLUMNS;
    return whole ? 1 << 19
                 : times(rows + columns, dsep_inner_stride(n), sizeof(float)) +
                       rows * columns * (int64_t)sizeof(float);
}

/* The most of reading, of making correlations, of listing neighbours, and of testing. */
void dsep_forecast_memory(const dsep_forecast_layout *layout, dsep_forecast *f) {
    const int64_t n = f->n_samples, p = f->n_variables, each = layout->ranks_per_node;
    const int64_t ranks = times(layout->nodes, each, 1), part = (p + ranks - 1) / ranks;
    const double places = f->density * (double)p * (double)(p - 1);
    f->bytes_table = times(times(n, part, sizeof(double)), each, 1);
    f->bytes_columns = times(dsep_inner_stride(n), p, sizeof(double));
    f->bytes_matrix = times(p, p, sizeof(double));
    f->bytes_adjacency = plus((int64_t)(places * 5), times(p, sizeof(int64_t), 1));
    f->bytes_base = plus(layout->node_files, times(layout->rank_base, each, 1));
    f->bytes_own = times(p, OWN_BYTES, each);
    f->bytes_sets = (int64_t)(places / 2 * SET_BYTES / (double)layout->nodes);
    const int64_t held = plus(f->bytes_base, f->bytes_table), own = plus(held, f->bytes_own);
    f->bytes_reading = plus(held, times(layout->rank_reading, each, 1));
    const int64_t bits = times(p, (p + 63) / 64, 8);
    const int64_t lists = (int64_t)(places * 4 * ((double)each + 1 / (double)layout->nodes));
    const int64_t searching = plus(f->bytes_adjacency, f->bytes_sets);
    const int64_t with_matrix =
        plus(own, plus(f->bytes_matrix, times(work_of_rank(n, 1), each, 1)));
    const int64_t with_columns =
        plus(own, plus(f->bytes_columns, times(work_of_rank(n, 0), each, 1)));
    f->bytes_whole = larger(larger(f->bytes_reading, plus(with_matrix, f->bytes_columns)),
                            plus(with_matrix, larger(plus(bits, f->bytes_adjacency), searching)));
    f->bytes_tiled = larger(f->bytes_reading,
                            plus(with_columns, larger(plus(lists, f->bytes_adjacency), searching)));
}

/* --- time ------------------------------------------------------------------------------------ */

/* Rough rates of a rank on common hardware: tests of order 1 a second, flops of entries made on
 * demand, what it costs to have a variable (its name, row, strengths, marks), to read a value, and
 * to write a separated pair. */
static const double TESTS = 5e8, FLOPS = 2e10, VARIABLE = 1e-5, VALUE = 5e-8, SEPARATED = 1e-7;

/* Fewer tests tell no rate; how often the block of a node's neighbours is made: for each half of
 * order 1, and for strengths. */
static const double ENOUGH_TESTS = 1e5, BLOCKS = 3;

/* With nominal rates of one core, because a choice must not depend on a clock: an entry made in a
 * large tile in double or single precision, one that is written to fresh memory, one that is made
 * again for a test. */
static int matrix_pays(const dsep_forecast *f) {
    const double n = (double)f->n_samples;
    const double whole = f->tests_0 * (2 * n / 7e10 + 8e-9), tiled = f->tests_0 * 2 * n / 1.2e11;
    return whole <= tiled + f->tests_1 * 2 * n / FLOPS;
}

/* How early tests of order 1 stop in the whole, as a share of all: tests for each target grow as a
 * power of the neighbours. */
static double share_of_tests(const dsep_forecast *f, const dsep_probe *all,
                             const dsep_probe *half) {
    const double share = all->tests_1 / all->most_1;
    const double degree = f->density * (double)(f->n_variables - 1);
    if (half->tests_1 <= 0 || degree <= all->degree)
        return share;
    const double targets = all->tests_1 / (all->degree * (double)all->n_columns);
    const double of_half = half->tests_1 / (half->degree * (double)half->n_columns);
    double power =
        all->degree > half->degree ? log(targets / of_half) / log(all->degree / half->degree) : 1;
    power = power < 0 ? 0 : power > 1 ? 1 : power;
    return share * pow(degree / all->degree, power - 1);
}

/* How many times the sample's search the whole is. */
static double times_probe(const dsep_forecast *f, const dsep_probe *all, const dsep_probe *half) {
    if (all->n_columns == f->n_variables)
        return 1;
    return all->tests_1 > 0 ? f->tests_1 * share_of_tests(f, all, half) / all->tests_1 : 0;
}

/* Order 1 and what follows, with a matrix. */
static void time_sets(dsep_forecast *f, const dsep_probe *all, const dsep_probe *half) {
    const double times = times_probe(f, all, half);
    const int slow = all->tests_1 > ENOUGH_TESTS; /* enough to be timed */
    f->likely_1 = all->n_columns > 0 ? times * all->tests_1 : f->tests_1;
    f->likely_more = times * all->tests_more;
    f->whole.order_1 = slow ? times * all->seconds_1 : f->likely_1 / TESTS;
    f->whole.more = times * all->seconds_more;
    f->cut = all->cut;
}

static int time_search(dsep_context *ctx, const dsep_table *table, double alpha, int64_t max_order,
                       uint64_t seed, dsep_forecast *f) {
    int code = DSEP_OK;
    int64_t columns[SAMPLE] = {0};
    dsep_probe all, half;
    const dsep_probe_settings probing = {.sample = columns,
                                         .n_sample = draw_columns(seed, f->n_variables, columns),
                                         .max_order = max_order,
                                         .alpha = alpha,
                                         .threshold = threshold_of(alpha, f->n_samples)};
    DSEP_TRY(dsep_probe_run(ctx, table, &probing, &all, &half));
    time_sets(f, &all, &half);
cleanup:
    return code;
}

int dsep_forecast_measure(dsep_context *ctx, const dsep_table *table, double alpha,
                          int64_t max_order, uint64_t seed, dsep_forecast *f) {
    int code = DSEP_OK;
    const double n = (double)f->n_samples, p = (double)f->n_variables;
    const dsep_rates rates = dsep_rates_measure(f->n_samples);
    double pair[] = {rates.whole, rates.tiled, rates.entry};
    dsep_max_f64(ctx, pair, 3);
    f->whole = (dsep_forecast_time){.reading = n * p * VALUE,
                                    .rest = p * VARIABLE + f->density * f->tests_0 * SEPARATED};
    f->likely_1 = f->likely_more = 0;
    f->cut = 0;
    f->whole.order_0 = p * p / 2 * pair[0];
    if (max_order != 0 && f->tests_1 > 0)
        DSEP_TRY(time_search(ctx, table, alpha, max_order, seed, f));
    f->tiled = f->whole;
    f->tiled.order_0 = p * p / 2 * pair[1];
    f->tiled.order_1 += BLOCKS * f->tests_1 * pair[2];
cleanup:
    return code;
}

double dsep_forecast_seconds(const dsep_forecast_time *time, int64_t ranks) {
    return (time->order_0 + time->order_1 + time->more + time->reading) / (double)ranks +
           time->rest;
}

int dsep_forecast_search(dsep_context *ctx, const dsep_table *table, double alpha, uint64_t seed,
                         dsep_forecast *forecast) {
    int code = DSEP_OK;
    const int64_t n = table->n_samples, p = table->n_variables, stride = dsep_inner_stride(n);
    int64_t columns[SAMPLE] = {0}, adjacent[SAMPLE] = {0};
    const int64_t count = draw_columns(seed, p, columns);
    double *sample = dsep_array(dsep_bytes(stride, count + BATCH, 1), sizeof *sample);
    *forecast = (dsep_forecast){.n_samples = n, .n_variables = p};
    DSEP_AGREE(ctx, sample ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a forecast"));
    share_columns(ctx, table, columns, count, sample);
    double mean, sd;
    for (int64_t c = 0; c < count; c++)
        dsep_standardise(sample + c * stride, n, sample + c * stride, &mean, &sd);
    count_adjacent(table, sample, count, columns, threshold_of(alpha, n), sample + count * stride,
                   adjacent);
    dsep_sum_i64(ctx, adjacent, count);
    double pairs = 0, squares = 0;
    for (int64_t c = 0; c < count; c++) {
        pairs += (double)adjacent[c];
        squares += (double)adjacent[c] * (double)(adjacent[c] > 0 ? adjacent[c] - 1 : 0);
    }
    forecast->density = pairs / (double)count / (double)(p - 1);
    forecast->tests_0 = (double)p * (double)(p - 1) / 2;
    forecast->tests_1 = squares / (double)count * (double)p;
    const int64_t nodes = dsep_nodes(ctx);
    const dsep_forecast_layout here = {nodes, (dsep_size(ctx) + nodes - 1) / nodes, 0, 0, 0};
    dsep_forecast_memory(&here, forecast);
    forecast->matrix_pays = matrix_pays(forecast);
cleanup:
    free(sample);
    return code;
}
