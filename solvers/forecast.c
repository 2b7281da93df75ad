#include "solvers/forecast.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/inner_product.h"
#include "solvers/rates.h"
#include "solvers/standardise.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns of the sample; others that are looked at together; bytes that a rank keeps of every
 * variable: its name and place in the result, its degree, its task and so on. */
enum { SAMPLE = 64, BATCH = 16, OWN_BYTES = 200 };

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

static int64_t add(int64_t a, int64_t b) {
    int64_t sum = 0;
    return a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum) ? -1 : sum;
}

static int64_t largest(int64_t a, int64_t b, int64_t c) {
    if (a < 0 || b < 0 || c < 0)
        return INT64_MAX;
    const int64_t most = a > b ? a : b;
    return most > c ? most : c;
}

static void forecast_memory(dsep_context *ctx, dsep_forecast *f) {
    const int64_t n = f->n_samples, p = f->n_variables, nodes = dsep_nodes(ctx);
    const int64_t ranks = (dsep_size(ctx) + nodes - 1) / nodes;
    const double places = f->density * (double)p * (double)(p - 1);
    f->bytes_table = dsep_bytes(n, (p + nodes - 1) / nodes, sizeof(double));
    f->bytes_columns = dsep_bytes(dsep_inner_stride(n), p, sizeof(double));
    f->bytes_matrix = dsep_bytes(p, p, sizeof(double));
    f->bytes_adjacency = (int64_t)(places * 5);
    const int64_t bits = dsep_bytes(p, p, 1) / 8, lists = (int64_t)(places * 4) * (ranks + 1);
    const int64_t own = dsep_bytes(p, OWN_BYTES, ranks);
    const int64_t held = add(f->bytes_table, add(own, f->bytes_adjacency));
    const int64_t reading = dsep_bytes(f->bytes_table, 2, 1);
    const int64_t multiplying = add(f->bytes_matrix, add(f->bytes_columns, f->bytes_table));
    const int64_t searching = add(held, add(f->bytes_matrix, bits));
    const int64_t tiled = add(held, add(f->bytes_columns, lists));
    f->bytes_whole = largest(reading, multiplying, searching);
    f->bytes_tiled = largest(reading, tiled, tiled);
}

/* Rough rates of a rank on common hardware: tests of order 1 a second, flops of entries made on
 * demand, what it costs to have a variable (its name, row, strengths, marks), and to read a
 * value. */
static const double TESTS = 5e8, FLOPS = 2e10, VARIABLE = 1e-5, VALUE = 5e-8;

/* With nominal rates of one core, because a choice must not depend on a clock: an entry made in a
 * large tile in double or single precision, one that is written to fresh memory, one that is made
 * again for a test. */
static int matrix_pays(const dsep_forecast *f) {
    const double n = (double)f->n_samples;
    const double whole = f->tests_0 * (2 * n / 7e10 + 8e-9), tiled = f->tests_0 * 2 * n / 1.2e11;
    return whole <= tiled + f->tests_1 * 2 * n / FLOPS;
}

void dsep_forecast_measure(dsep_context *ctx, dsep_forecast *f) {
    const double n = (double)f->n_samples, p = (double)f->n_variables, ranks = dsep_size(ctx);
    const dsep_rates rates = dsep_rates_measure(f->n_samples);
    const double rest = p * (VARIABLE + n * VALUE / ranks);
    double pair[] = {rates.whole, rates.tiled};
    dsep_max_f64(ctx, pair, 2);
    f->whole = (dsep_forecast_time){p * p / 2 / ranks * pair[0], f->tests_1 / ranks / TESTS, rest};
    f->tiled = (dsep_forecast_time){p * p / 2 / ranks * pair[1],
                                    f->tests_1 / ranks * (1 / TESTS + 2 * n / FLOPS), rest};
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
    const double z = gsl_cdf_ugaussian_Qinv(alpha / 2);
    double mean, sd;
    for (int64_t c = 0; c < count; c++)
        dsep_standardise(sample + c * stride, n, sample + c * stride, &mean, &sd);
    count_adjacent(table, sample, count, columns, tanh(z / sqrt((double)(n - 3))),
                   sample + count * stride, adjacent);
    dsep_sum_i64(ctx, adjacent, count);
    double pairs = 0, squares = 0;
    for (int64_t c = 0; c < count; c++) {
        pairs += (double)adjacent[c];
        squares += (double)adjacent[c] * (double)(adjacent[c] > 0 ? adjacent[c] - 1 : 0);
    }
    forecast->density = pairs / (double)count / (double)(p - 1);
    forecast->tests_0 = (double)p * (double)(p - 1) / 2;
    forecast->tests_1 = squares / (double)count * (double)p;
    forecast_memory(ctx, forecast);
    forecast->matrix_pays = matrix_pays(forecast);
cleanup:
    free(sample);
    return code;
}
