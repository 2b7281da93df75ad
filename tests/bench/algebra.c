/* Times moments, Cholesky and eigenvectors of a large matrix on a grid of ranks, beside the rate at
 * which the same ranks multiply matrices of their own at the same time. Arguments: variables and
 * rows, 4000 each; runs of the products, 5; the
 * size of a block. */
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/blas.h"
#include "solvers/dense.h"
#include "solvers/moments.h"
#include "solvers/scalapack.h"
#include "tests/support/tap.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ORDER = 2000, FEW = 10 };

static dsep_context *ctx;

/* Seconds since the last call, of the slowest rank. */
static double lap(void) {
    static double last;
    struct timespec now;
    dsep_barrier(ctx);
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec, passed = seconds - last;
    last = seconds;
    double worst = passed;
    dsep_max_f64(ctx, &worst, 1);
    return worst;
}

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (dsep_rank(ctx) == 0)
        vprintf(format, arguments);
    va_end(arguments);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int count) {
    qsort(x, (size_t)count, sizeof *x, ascending);
    return (x[(count - 1) / 2] + x[count / 2]) / 2;
}

static void need(int code) {
    if (!code)
        return;
    print("%s\n", dsep_context_error(ctx)->text);
    exit(1);
}

/* A table of two factors and noise, as one environment. */
static dsep_environments *rows_of(int64_t n, int64_t p) {
    static const int32_t only[] = {0};
    dsep_table *table = NULL;
    dsep_environments *made = NULL;
    need(dsep_table_create(ctx, n, p, &table));
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t i = 0; i < n; i++) {
            const dsep_random source = {1, DSEP_STREAM_NOISE, 0};
            const uint64_t variable = (uint64_t)(table->mine.first + j);
            table->values[j * n + i] =
                dsep_random_uniform(source, variable * (uint64_t)n + (uint64_t)i) +
                .3 * dsep_random_uniform((dsep_random){2, DSEP_STREAM_NOISE, 0}, (uint64_t)i);
        }
    need(dsep_environments_create(ctx, table, only, 1, &made));
    dsep_table_destroy(&table);
    return made;
}

/* GF/s of all ranks, each with matrices of its own at the same time. */
static double own_products(double *a, double *b, double *c) {
    lap();
    dsep_dense_product(ORDER, ORDER, ORDER, 1, a, 0, b, 0, 0, c);
    return 2e-9 * ORDER * ORDER * ORDER * dsep_size(ctx) / lap();
}

static double largest(const dsep_matrix *a) {
    double worst = 0;
    for (int64_t i = 0; i < (int64_t)a->local_rows * a->local_columns; i++)
        worst = fmax(worst, fabs(a->values[i]));
    dsep_max_f64(ctx, &worst, 1);
    return worst;
}

static dsep_matrix *like(const dsep_grid *grid, int64_t rows, int64_t columns,
                         const dsep_matrix *a) {
    dsep_matrix *made = NULL;
    need(dsep_matrix_create(ctx, grid, rows, columns, &made));
    if (a)
        memcpy(made->values, a->values,
               (size_t)a->local_rows * (size_t)a->local_columns * sizeof(double));
    return made;
}

/* Three ways to a covariance, in turn with products of the ranks' own: seconds and shares of the
 * rate of those, by run. */
enum { MOMENTS, GRAM, GENERAL, WAYS };

typedef struct {
    double *own, *seconds[WAYS], *share[WAYS];
} measured;

static void run_products(const dsep_grid *grid, const dsep_environments *e, const dsep_matrix *rows,
                         double work, int run, double *a, const measured *m,
                         dsep_matrix **covariance) {
    const double before = own_products(a, a + ORDER * ORDER, a + 2 * ORDER * ORDER);
    dsep_grid_product(1, rows, 1, rows, 0, 0, *covariance);
    m->seconds[GENERAL][run] = lap() / 2; /* twice the work */
    dsep_grid_gram(1, rows, 0, *covariance);
    m->seconds[GRAM][run] = lap();
    dsep_matrix_destroy(covariance);
    lap();
    need(dsep_moments_grid(ctx, grid, e, 0, NULL, 1, covariance));
    m->seconds[MOMENTS][run] = lap();
    m->own[run] = (before + own_products(a, a + ORDER * ORDER, a + 2 * ORDER * ORDER)) / 2;
    for (int w = 0; w < WAYS; w++)
        m->share[w][run] = work / m->seconds[w][run] / m->own[run];
}

static void time_products(const dsep_grid *grid, const dsep_environments *e,
                          const dsep_matrix *rows, int runs, dsep_matrix **covariance) {
    static const char *const names[] = {"moments, whole", "pdsyrk, mirrored", "pdgemm, half"};
    const double work = 1e-9 * (double)rows->rows * (double)rows->columns * (double)rows->columns;
    double *a = dsep_array(3 * ORDER * ORDER, sizeof *a);
    double *numbers = dsep_array((1 + 2 * WAYS) * runs, sizeof *numbers), *next = numbers + runs;
    measured m = {.own = numbers};
    for (int w = 0; w < WAYS; w++, next += 2 * runs) {
        m.seconds[w] = next;
        m.share[w] = next + runs;
    }
    for (int64_t i = 0; i < 2 * ORDER * ORDER; i++)
        a[i] = (double)(i % 17) - 8;
    own_products(a, a + ORDER * ORDER, a + 2 * ORDER * ORDER);
    for (int k = 0; k < runs; k++)
        run_products(grid, e, rows, work, k, a, &m, covariance);
    print(
        "own products          %8.1f GF/s over all ranks (dgemm of order %d, each rank its own)\n",
        median(m.own, runs), ORDER);
    for (int w = 0; w < WAYS; w++) {
        const double seconds = median(m.seconds[w], runs);
        print("%-21s %8.3f s, %.1f GF/s, %.0f %% of that\n", names[w], seconds, work / seconds,
              100 * median(m.share[w], runs));
    }
    lap();
    dsep_grid_mirror(*covariance);
    print("mirror alone          %8.3f s\n", lap());
    free(a);
    free(numbers);
}

static void time_cholesky(const dsep_grid *grid, const dsep_matrix *covariance) {
    const int64_t p = covariance->rows;
    const double unit = DBL_EPSILON * (double)p * largest(covariance);
    dsep_matrix *l = like(grid, p, p, covariance), *residual = like(grid, p, p, covariance);
    for (int c = 0; c < l->local_columns; c++) { /* rows may be fewer than variables */
        const int r = dsep_matrix_local_row(l, dsep_matrix_column(l, c));
        if (r < l->local_rows && dsep_matrix_row(l, r) == dsep_matrix_column(l, c)) {
            l->values[(int64_t)c * l->local_rows + r] += .01;
            residual->values[(int64_t)c * l->local_rows + r] += .01;
        }
    }
    int64_t failed = 0;
    lap();
    need(dsep_grid_cholesky(ctx, l, &failed));
    const double seconds = lap();
    dsep_grid_product(1, l, 0, l, 1, -1, residual);
    print("Cholesky              %8.3f s, %.1f GF/s; |A - LL'| %.2g of eps p |A|\n", seconds,
          1e-9 * (double)p * (double)p * (double)p / 3 / seconds, largest(residual) / unit);
    dsep_matrix_destroy(&l);
    dsep_matrix_destroy(&residual);
}

static void time_eigen(const dsep_grid *grid, const dsep_matrix *covariance, int64_t wanted) {
    const int64_t p = covariance->rows;
    dsep_matrix *a = like(grid, p, p, covariance), *v = like(grid, p, wanted, NULL);
    dsep_matrix *residual = like(grid, p, wanted, NULL), *scaled = like(grid, p, wanted, NULL);
    dsep_matrix *products = like(grid, wanted, wanted, NULL);
    double *values = dsep_array(p, sizeof *values);
    lap();
    need(dsep_grid_eigen(ctx, a, wanted, values, v));
    const double seconds = lap(), unit = DBL_EPSILON * (double)p;
    for (int c = 0; c < v->local_columns; c++)
        for (int r = 0; r < v->local_rows; r++) {
            const int64_t at = (int64_t)c * v->local_rows + r;
            scaled->values[at] = values[dsep_matrix_column(v, c)] * v->values[at];
        }
    dsep_grid_product(1, covariance, 0, v, 0, 0, residual);
    dsep_grid_add(-1, scaled, 1, residual);
    dsep_grid_product(1, v, 1, v, 0, 0, products);
    for (int c = 0; c < products->local_columns; c++) {
        const int64_t j = dsep_matrix_column(products, c);
        const int r = dsep_matrix_local_row(products, j);
        if (r < products->local_rows && dsep_matrix_row(products, r) == j)
            products->values[(int64_t)c * products->local_rows + r] -= 1;
    }
    print("%5lld eigenvectors    %8.3f s; |AV - VD| %.2g of eps p |A|, |V'V - I| %.2g of eps p\n",
          (long long)wanted, seconds, largest(residual) / unit / values[0],
          largest(products) / unit);
    dsep_matrix_destroy(&a);
    dsep_matrix_destroy(&v);
    dsep_matrix_destroy(&residual);
    dsep_matrix_destroy(&scaled);
    dsep_matrix_destroy(&products);
    free(values);
}

/* What the grid has to beat: LAPACK on every rank at the same time. */
static void time_lapack(const dsep_matrix *covariance) {
    const int64_t p = covariance->rows;
    double *whole = NULL, *values = dsep_array(p * (FEW + 1), sizeof *values);
    need(dsep_grid_gather(ctx, covariance, &whole));
    lap();
    need(dsep_dense_eigen(p, whole, FEW, values, values + p, dsep_context_error(ctx)));
    print("%5d by LAPACK       %8.3f s, the same on every rank\n", FEW, lap());
    free(whole);
    free(values);
}

int main(int argc, char **argv) {
    dsep_blas_guard(argv, getenv("OPENBLAS_CORETYPE"));
    const int64_t p = argc > 1 ? strtoll(argv[1], NULL, 10) : 4000;
    const int64_t n = argc > 2 ? strtoll(argv[2], NULL, 10) : 4000;
    const int runs = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 5;
    ctx = tap_begin(&argc, &argv);
    char text[128];
    dsep_grid *grid = NULL;
    dsep_matrix *rows = NULL, *covariance = NULL;
    need(dsep_grid_create(ctx, &grid));
    grid->block = argc > 4 ? (int)strtol(argv[4], NULL, 10) : DSEP_GRID_BLOCK;
    dsep_grid_tell(ctx, 1, text, sizeof text);
    print("%lld variables, %lld rows, kernels %s, %s\n", (long long)p, (long long)n,
          dsep_blas_core(), text);
    dsep_environments *environments = rows_of(n, p);
    lap();
    need(dsep_moments_rows(ctx, grid, environments, 0, NULL, 0, &rows));
    print("centred rows on grid  %8.3f s\n", lap());
    covariance = like(grid, p, p, NULL);
    time_products(grid, environments, rows, runs, &covariance);
    dsep_matrix_destroy(&rows);
    dsep_environments_destroy(&environments);
    time_cholesky(grid, covariance);
    time_eigen(grid, covariance, FEW);
    time_lapack(covariance);
    time_eigen(grid, covariance, p);
    dsep_matrix_destroy(&covariance);
    dsep_grid_destroy(&grid);
    return tap_end();
}
