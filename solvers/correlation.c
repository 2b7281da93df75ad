#include "solvers/correlation.h"

#include "mpi/counter.h"
#include "mpi/fault.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/standardise.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

enum { TILE = 256 };

static void standardise_mine(const dsep_table *table, dsep_correlation *made, double *units) {
    const int64_t n = table->n_samples;
    for (int64_t j = 0; j < table->mine.count; j++)
        dsep_standardise(table->values + j * n, n, units + (table->mine.first + j) * n,
                         &made->mean[j], &made->sd[j]);
}

static double clamp(double r) {
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* Copies a tile into both halves of the matrix: its columns as they are, its rows eight at a time,
 * so that whole cache lines are read. */
static void store_tile(double *tile, int64_t row, int64_t column, int64_t rows, int64_t columns,
                       int64_t p, double *matrix) {
    enum { STRIP = 8 };
    for (int64_t j = 0; j < columns; j++) {
        for (int64_t i = 0; i < rows; i++)
            tile[j * TILE + i] = clamp(tile[j * TILE + i]);
        memcpy(matrix + (column + j) * p + row, tile + j * TILE, (size_t)rows * sizeof *tile);
    }
    for (int64_t strip = 0; strip < rows; strip += STRIP) {
        const int64_t high = rows - strip < STRIP ? rows - strip : STRIP;
        for (int64_t j = 0; j < columns; j++)
            for (int64_t i = strip; i < strip + high; i++)
                matrix[(row + i) * p + column + j] = tile[j * TILE + i];
    }
}

/* The same on the diagonal, where only the upper half is taken, so that the matrix is symmetric to
 * the bit. */
static void store_diagonal(const double *tile, int64_t row, int64_t rows, int64_t p,
                           double *matrix) {
    for (int64_t j = 0; j < rows; j++)
        for (int64_t i = 0; i <= j; i++) {
            const double r = i == j ? 1 : clamp(tile[j * TILE + i]);
            matrix[(row + i) * p + row + j] = matrix[(row + j) * p + row + i] = r;
        }
}

static void multiply_tile(const double *units, int64_t n, int64_t p, int64_t row, int64_t column,
                          double *tile, double *matrix) {
    const int64_t rows = p - row < TILE ? p - row : TILE;
    const int64_t columns = p - column < TILE ? p - column : TILE;
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)rows, (int)columns, (int)n, 1,
                units + row * n, (int)n, units + column * n, (int)n, 0, tile, TILE);
    if (row == column)
        store_diagonal(tile, row, rows, p, matrix);
    else
        store_tile(tile, row, column, rows, columns, p, matrix);
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

static int multiply(dsep_context *ctx, const double *units, dsep_correlation *made) {
    int code = DSEP_OK;
    dsep_counter *counter = NULL;
    const int64_t p = made->n_variables, tiles = (p + TILE - 1) / TILE;
    const int64_t tasks = tiles * (tiles + 1) / 2;
    double *tile = dsep_array(TILE * TILE, sizeof *tile);
    int mine = dsep_fault(ctx, "correlation");
    if (!tile)
        mine = dsep_out_of_memory(dsep_context_error(ctx), "a tile");
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(dsep_counter_create(ctx, &counter));
    dsep_counter_reset(ctx, counter, tasks);
    for (int64_t task; (task = dsep_counter_next(counter)) >= 0;) {
        int64_t row, column;
        locate_tile(task, tiles, &row, &column);
        multiply_tile(units, made->n_samples, p, row, column, tile, dsep_shared_data(made->shared));
        dsep_log_progress(ctx, "correlation", (double)dsep_counter_taken(counter), (double)tasks,
                          "tiles");
    }
    dsep_counter_finish(ctx, counter);
    dsep_shared_unite(ctx, made->shared);
cleanup:
    dsep_counter_destroy(&counter);
    free(tile);
    return code;
}

int dsep_correlation_create(dsep_context *ctx, const dsep_table *table,
                            dsep_correlation **correlation) {
    int code = DSEP_OK;
    dsep_shared *units = NULL;
    const int64_t n = table->n_samples, p = table->n_variables;
    *correlation = NULL;
    dsep_correlation *made = dsep_array(1, sizeof *made);
    if (made) {
        made->n_samples = n;
        made->n_variables = p;
        made->mine = table->mine;
        made->mean = dsep_array(table->mine.count, sizeof *made->mean);
        made->sd = dsep_array(table->mine.count, sizeof *made->sd);
    }
    DSEP_AGREE(ctx, made && made->mean && made->sd && n <= INT32_MAX
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the correlations"));
    DSEP_TRY(
        dsep_shared_create(ctx, dsep_bytes(n, p, sizeof(double)), "standardised columns", &units));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(p, p, sizeof(double)), "the correlation matrix",
                                &made->shared));
    made->values = dsep_shared_data(made->shared);
    standardise_mine(table, made, dsep_shared_data(units));
    dsep_shared_unite(ctx, units);
    DSEP_TRY(multiply(ctx, dsep_shared_data(units), made));
    *correlation = made;
    made = NULL;
cleanup:
    dsep_shared_destroy(&units);
    dsep_correlation_destroy(&made);
    return code;
}

void dsep_correlation_destroy(dsep_correlation **correlation) {
    if (!correlation || !*correlation)
        return;
    free((*correlation)->mean);
    free((*correlation)->sd);
    dsep_shared_destroy(&(*correlation)->shared);
    free(*correlation);
    *correlation = NULL;
}
