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

static int multiply(dsep_context *ctx, const double *columns, dsep_correlation *made) {
    int code = DSEP_OK;
    dsep_counter *counter = NULL;
    const int64_t p = made->n_variables, tiles = (p + TILE - 1) / TILE;
    const int64_t tasks = tiles * (tiles + 1) / 2;
    double *tile = dsep_array(TILE * TILE, sizeof *tile);
    DSEP_AGREE(ctx, tile ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a tile"));
    DSEP_TRY(dsep_counter_create(ctx, &counter));
    dsep_counter_reset(ctx, counter, tasks);
    for (int64_t task; (task = dsep_counter_next(counter)) >= 0;) {
        int64_t row, column;
        locate_tile(task, tiles, &row, &column);
        multiply_tile(made, columns, row, column, tile, dsep_shared_data(made->memory));
        dsep_log_progress(ctx, "correlation", (double)dsep_counter_taken(counter), (double)tasks,
                          "tiles");
    }
    dsep_counter_finish(ctx, counter);
    dsep_shared_unite(ctx, made->memory);
    made->values = dsep_shared_data(made->memory);
cleanup:
    dsep_counter_destroy(&counter);
    free(tile);
    return code;
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

static int allocate(dsep_context *ctx, const dsep_table *table, dsep_correlation **correlation) {
    dsep_correlation *made = dsep_array(1, sizeof *made);
    *correlation = made;
    if (made) {
        made->n_samples = table->n_samples;
        made->n_variables = table->n_variables;
        made->stride = dsep_inner_stride(table->n_samples);
        made->mine = table->mine;
        made->mean = dsep_array(table->mine.count, sizeof *made->mean);
        made->sd = dsep_array(table->mine.count, sizeof *made->sd);
    }
    int mine = dsep_fault(ctx, "correlation");
    if (!mine && !(made && made->mean && made->sd))
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the correlations");
    return dsep_agree(ctx, mine);
}

int dsep_correlation_create(dsep_context *ctx, const dsep_table *table, int whole,
                            dsep_correlation **correlation) {
    int code = DSEP_OK;
    dsep_correlation *made = NULL;
    dsep_shared *columns = NULL;
    const int64_t p = table->n_variables;
    *correlation = NULL;
    DSEP_TRY(allocate(ctx, table, &made));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(made->stride, p, sizeof(double)),
                                "standardised columns", &columns));
    standardise_mine(table, made, dsep_shared_data(columns));
    dsep_shared_unite(ctx, columns);
    if (whole) {
        DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(p, p, sizeof(double)), "the correlation matrix",
                                    &made->memory));
        DSEP_TRY(multiply(ctx, dsep_shared_data(columns), made));
    } else {
        made->memory = columns;
        made->columns = dsep_shared_data(columns);
        columns = NULL;
    }
    *correlation = made;
    made = NULL;
cleanup:
    dsep_shared_destroy(&columns);
    dsep_correlation_destroy(&made);
    return code;
}

void dsep_correlation_destroy(dsep_correlation **correlation) {
    if (!correlation || !*correlation)
        return;
    free((*correlation)->mean);
    free((*correlation)->sd);
    dsep_shared_destroy(&(*correlation)->memory);
    free(*correlation);
    *correlation = NULL;
}
