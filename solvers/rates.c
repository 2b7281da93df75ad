#include "solvers/rates.h"

#include "mpi/clock.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/citest.h"
#include "solvers/fisher_z_screen.h"
#include "solvers/inner_product.h"

#include <math.h>
#include <stdlib.h>

/* One tile of the screen; more samples than MOST only repeat themselves. */
enum { ROWS = DSEP_CITEST_ROWS, COLUMNS = DSEP_CITEST_COLUMNS, PART = 64, MOST = 1024 };
static const double ENOUGH = 0.02, LONGEST = 0.5,
                    BYTES_A_SECOND = 2e9; /* of memory touched for the first time */

typedef struct {
    dsep_correlation columns;
    dsep_fisher_z_screen *screen;
    uint64_t *dependent;
    double *out;
} bench;

/* As many independent columns of about length 1. */
static double *draw(int64_t n, int64_t stride) {
    double *columns = dsep_array(COLUMNS, (size_t)stride * sizeof *columns);
    const dsep_random source = {1, DSEP_STREAM_SAMPLE, 1};
    const double scale = sqrt(12 / (double)n);
    for (int64_t j = 0; j < COLUMNS && columns; j++)
        for (int64_t s = 0; s < n; s++)
            columns[j * stride + s] =
                (dsep_random_uniform(source, (uint64_t)(j * n + s)) - .5) * scale;
    return columns;
}

static void multiply(bench *b) {
    const double *x[PART], *y[COLUMNS];
    for (int i = 0; i < PART; i++)
        x[i] = b->columns.columns + i * b->columns.stride;
    for (int j = 0; j < COLUMNS; j++)
        y[j] = b->columns.columns + j * b->columns.stride;
    dsep_inner_products(b->columns.stride, x, PART, y, COLUMNS, b->out, COLUMNS);
}

static void look(bench *b) {
    const dsep_block rows = {0, ROWS}, columns = {0, COLUMNS};
    dsep_fisher_z_screen_pairs(b->screen, 1, rows, columns, b->dependent);
}

/* Seconds of one run, the mean of some, by the processor's clock: a node of a job is not shared, as
 * the one where it is planned may be. */
static double seconds_of(void (*run)(bench *), bench *b) {
    int runs = 0;
    run(b); /* the first is slow */
    const double limit = dsep_clock() + LONGEST;
    const double began = dsep_clock_worked();
    while (runs < 3 || (dsep_clock_worked() - began < ENOUGH && dsep_clock() < limit)) {
        run(b);
        runs++;
    }
    return (dsep_clock_worked() - began) / runs;
}

dsep_rates dsep_rates_measure(int64_t n_samples) {
    dsep_rates rates = {0, 0, 0};
    const int64_t n = n_samples < MOST ? n_samples : MOST;
    if (n < 1)
        return rates;
    const int64_t stride = dsep_inner_stride(n);
    double *drawn = draw(n, stride);
    bench b = {
        .columns = {.n_samples = n, .n_variables = COLUMNS, .columns = drawn, .stride = stride},
        .dependent = dsep_array(ROWS * COLUMNS / 64, sizeof *b.dependent),
        .out = dsep_array(PART * COLUMNS, sizeof *b.out)};
    if (drawn && b.dependent && b.out &&
        !dsep_fisher_z_screen_create(&b.columns, NULL, &b.screen)) {
        const double times = (double)n_samples / (double)n;
        rates.entry = times * seconds_of(multiply, &b) / ((double)PART * COLUMNS);
        rates.whole = rates.entry + 2 * sizeof(double) / BYTES_A_SECOND;
        rates.tiled = times * seconds_of(look, &b) / ((double)ROWS * COLUMNS);
    }
    dsep_fisher_z_screen_destroy(&b.screen);
    free(drawn);
    free(b.dependent);
    free(b.out);
    return rates;
}
