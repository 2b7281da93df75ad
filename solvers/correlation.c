#include "solvers/correlation.h"

#include "mpi/counter.h"
#include "mpi/fault.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/inner_product.h"
#include "solvers/simd.h"
#include "solvers/standardise.h"

#include <stdlib.h>
#include <string.h>

enum { TILE = 256, GROUP = 64 };

typedef struct dsep_correlation_work {
    int whole;
    dsep_shared *columns, *matrix; /* the latter for a whole one */
    int64_t columns_bytes, matrix_bytes;
    dsep_counter *counter;
    double *tile; /* [TILE x TILE] */
} dsep_correlation_work;

static void standardise_mine(const dsep_table *table, dsep_correlation *made, double *columns) {
    const int64_t n = table->n_samples;
    for (int64_t j = 0; j < table->mine.count; j++)
        dsep_standardise(table->values + j * n, n, columns + (table->mine.first + j) * made->stride,
                         &made->mean[j], &made->sd[j]);
}

static double clamp(double r) {
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* --- the whole matrix ------------------------------------------------------------------------ */

/* Copies a tile into both halves of the matrix: its rows as they are, its columns eight at a time,
 * so that whole cache lines are written. */
static void store_tile(double *tile, int64_t row, int64_t column, int64_t rows, int64_t columns,
                       int64_t p, double *matrix) {
    enum { STRIP = 8 };
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++)
            tile[i * TILE + j] = row + i == column + j ? 1 : clamp(tile[i * TILE + j]);
        memcpy(matrix + (row + i) * p + column, tile + i * TILE, (size_t)columns * sizeof *tile);
    }
    if (row == column)
        return;
    for (int64_t strip = 0; strip < columns; strip += STRIP) {
        const int64_t wide = columns - strip < STRIP ? columns - strip : STRIP;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = strip; j < strip + wide; j++)
                matrix[(column + j) * p + row + i] = tile[i * TILE + j];
    }
}

static int64_t point(const double *columns, int64_t stride, int64_t first, int64_t p,
                     const double **at) {
    const int64_t count = p - first < TILE ? p - first : TILE;
    for (int64_t i = 0; i < count; i++)
        at[i] = columns + (first + i) * stride;
    return count;
}

static void multiply_tile(const dsep_correlation *made, const double *columns, int64_t row,
                          int64_t column, double *tile, double *matrix) {
    const double *x[TILE] = {0}, *y[TILE] = {0};
    const int64_t p = made->n_variables;
    const int64_t rows = point(columns, made->stride, row, p, x);
    const int64_t wide = point(columns, made->stride, column, p, y);
    dsep_inner_products(made->stride, x, rows, y, wide, tile, TILE);
    store_tile(tile, row, column, rows, wide, p, matrix);
}

/* Tile number `task` of the upper triangle, row after row. */
static void locate_tile(int64_t task, int64_t tiles, int64_t *row, int64_t *column) {
    int64_t r = 0;
    while (task >= tiles - r) {
        task -= tiles - r;
        r++;
    }
    *row = r * TILE;
    *column = (r + task) * TILE;
}

static void multiply(dsep_context *ctx, dsep_correlation *made) {
    dsep_correlation_work *work = made->work;
    const double *columns = dsep_shared_data(work->columns);
    const int64_t tiles = (made->n_variables + TILE - 1) / TILE, tasks = tiles * (tiles + 1) / 2;
    dsep_counter_reset(ctx, work->counter, tasks);
    for (int64_t task; (task = dsep_counter_next(work->counter)) >= 0;) {
        int64_t row, column;
        locate_tile(task, tiles, &row, &column);
        multiply_tile(made, columns, row, column, work->tile, dsep_shared_data(work->matrix));
        dsep_log_progress(ctx, "correlation", (double)dsep_counter_taken(work->counter),
                          (double)tasks, "tiles");
    }
    dsep_counter_finish(ctx, work->counter);
    dsep_shared_unite(ctx, work->matrix);
}

/* --- entries when they are asked for -----------------------------------------------------------
 */

DSEP_CLONES
static void gather(int64_t n, const int32_t *places, const double *source, double *row) {
#pragma omp simd
    for (int64_t m = 0; m < n; m++)
        row[m] = source[places[m]];
}

static void multiply_group(const dsep_correlation *c, const int32_t *x, int64_t rows,
                           const int32_t *y, int64_t columns, double *out, int64_t leading) {
    const double *of_x[GROUP], *of_y[GROUP];
    for (int64_t i = 0; i < rows; i++)
        of_x[i] = c->columns + x[i] * c->stride;
    for (int64_t j = 0; j < columns; j++)
        of_y[j] = c->columns + y[j] * c->stride;
    dsep_inner_products(c->stride, of_x, rows, of_y, columns, out, leading);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            out[i * leading + j] = x[i] == y[j] ? 1 : clamp(out[i * leading + j]);
}

void dsep_correlation_block(const dsep_correlation *c, const int32_t *x, int64_t rows,
                            const int32_t *y, int64_t columns, double *out, int64_t leading) {
    if (c->values) {
        for (int64_t i = 0; i < rows; i++)
            gather(columns, y, c->values + x[i] * c->n_variables, out + i * leading);
        return;
    }
    for (int64_t i = 0; i < rows; i += GROUP)
        for (int64_t j = 0; j < columns; j += GROUP)
            multiply_group(c, x + i, rows - i < GROUP ? rows - i : GROUP, y + j,
                           columns - j < GROUP ? columns - j : GROUP, out + i * leading + j,
                           leading);
}

/* --- life ------------------------------------------------------------------------------------ */

static void release_product(dsep_correlation_work *work) {
    dsep_counter_destroy(&work->counter);
    free(work->tile);
    work->tile = NULL;
}

static void release_work(dsep_correlation_work **work) {
    if (!*work)
        return;
    release_product(*work);
    dsep_shared_destroy(&(*work)->columns);
    dsep_shared_destroy(&(*work)->matrix);
    free(*work);
    *work = NULL;
}

static int open_whole(dsep_context *ctx, int64_t p, dsep_correlation_work *work) {
    int code = DSEP_OK;
    work->tile = dsep_array(TILE * TILE, sizeof *work->tile);
    DSEP_AGREE(ctx, work->tile ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a tile"));
    DSEP_TRY(dsep_counter_create(ctx, &work->counter));
    work->matrix_bytes = dsep_bytes(p, p, sizeof(double));
    DSEP_TRY(dsep_shared_create(ctx, work->matrix_bytes, "the correlation matrix", &work->matrix));
cleanup:
    return code;
}

int dsep_correlation_open(dsep_context *ctx, int64_t n_rows, int64_t n_variables, int whole,
                          dsep_correlation **correlation) {
    int code = DSEP_OK;
    dsep_correlation *made = dsep_array(1, sizeof *made);
    dsep_correlation_work *work = made ? dsep_array(1, sizeof *work) : NULL;
    *correlation = NULL;
    if (work)
        made->work = work;
    DSEP_AGREE(ctx,
               work ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the correlations"));
    work->whole = whole;
    work->columns_bytes = dsep_bytes(dsep_inner_stride(n_rows), n_variables, sizeof(double));
    DSEP_TRY(dsep_shared_create(ctx, work->columns_bytes, "standardised columns", &work->columns));
    if (whole)
        DSEP_TRY(open_whole(ctx, n_variables, work));
    *correlation = made;
    made = NULL;
cleanup:
    dsep_correlation_destroy(&made);
    return code;
}

double *dsep_correlation_begin(dsep_context *ctx, dsep_correlation *correlation, int64_t n_rows,
                               int64_t n_samples, int64_t n_variables) {
    dsep_correlation_work *work = correlation->work;
    correlation->n_samples = n_samples;
    correlation->n_variables = n_variables;
    correlation->stride = dsep_inner_stride(n_rows);
    correlation->mine = dsep_layout_block(n_variables, dsep_size(ctx), dsep_rank(ctx));
    correlation->values = correlation->columns = NULL;
    dsep_shared_clear(ctx, work->columns);
    if (work->whole)
        dsep_shared_clear(ctx, work->matrix);
    return dsep_shared_data(work->columns);
}

void dsep_correlation_finish(dsep_context *ctx, dsep_correlation *correlation) {
    dsep_correlation_work *work = correlation->work;
    dsep_shared_unite(ctx, work->columns);
    if (work->whole) {
        multiply(ctx, correlation);
        correlation->values = dsep_shared_data(work->matrix);
    } else {
        correlation->columns = dsep_shared_data(work->columns);
    }
}

int dsep_correlation_create(dsep_context *ctx, const dsep_table *table, int whole,
                            dsep_correlation **correlation) {
    int code = DSEP_OK;
    dsep_correlation *made = NULL;
    const int64_t n = table->n_samples, p = table->n_variables;
    *correlation = NULL;
    DSEP_AGREE(ctx, dsep_fault(ctx, "correlation"));
    DSEP_TRY(dsep_correlation_open(ctx, n, p, whole, &made));
    double *columns = dsep_correlation_begin(ctx, made, n, n, p);
    made->mean = dsep_array(made->mine.count, sizeof *made->mean);
    made->sd = dsep_array(made->mine.count, sizeof *made->sd);
    DSEP_AGREE(ctx, made->mean && made->sd
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the correlations"));
    standardise_mine(table, made, columns);
    dsep_correlation_finish(ctx, made);
    release_product(made->work);
    if (whole)
        dsep_shared_destroy(&made->work->columns);
    *correlation = made;
    made = NULL;
cleanup:
    dsep_correlation_destroy(&made);
    return code;
}

void dsep_correlation_drop(dsep_correlation *correlation) {
    release_work(&correlation->work);
    correlation->values = correlation->columns = NULL;
}

void dsep_correlation_destroy(dsep_correlation **correlation) {
    if (!correlation || !*correlation)
        return;
    free((*correlation)->mean);
    free((*correlation)->sd);
    release_work(&(*correlation)->work);
    free(*correlation);
    *correlation = NULL;
}
