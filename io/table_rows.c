#include "io/table_rows.h"

#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 1 << 26, NAME_BYTES = 128, TILE = 32 };

int dsep_row_segments_even(dsep_context *ctx, int64_t n_rows, dsep_row_segments *segments) {
    const int64_t size = dsep_size(ctx);
    *segments = (dsep_row_segments){size, dsep_array(size + 1, sizeof(int64_t))};
    if (segments->first)
        for (int64_t s = 0; s <= size; s++)
            segments->first[s] = s < size ? dsep_layout_block(n_rows, size, s).first : n_rows;
    return dsep_agree(ctx, segments->first
                               ? DSEP_OK
                               : dsep_out_of_memory(dsep_context_error(ctx), "the rows' owners"));
}

/* Columns that one batch moves from or to a rank: local numbers from .. from + width - 1. */
typedef struct {
    int64_t from, width;
} batch;

static int64_t batch_width(const dsep_table *table, batch part, int64_t ranks, int64_t rank) {
    const int64_t left = dsep_layout_block(table->n_variables, ranks, rank).count - part.from;
    return left < 0 ? 0 : left < part.width ? left : part.width;
}

/* Packs each owner's columns of this batch, column after column; tiles keep both sides in cache. */
static void pack(const dsep_table *table, batch part, int64_t ranks, const double *rows,
                 int64_t n_rows, double *packed) {
    for (int64_t r = 0; r < ranks; r++) {
        const int64_t width = batch_width(table, part, ranks, r);
        const int64_t column = dsep_layout_block(table->n_variables, ranks, r).first + part.from;
        for (int64_t i0 = 0; i0 < n_rows; i0 += TILE) {
            const int64_t i1 = i0 + TILE < n_rows ? i0 + TILE : n_rows;
            for (int64_t j = 0; j < width; j++)
                for (int64_t i = i0; i < i1; i++)
                    packed[j * n_rows + i] = rows[i * table->n_variables + column + j];
        }
        packed += width * n_rows;
    }
}

/* Puts what rank `from` sent, [width x its rows], into its segments' places. */
static void unpack(const dsep_row_segments *segments, int64_t ranks, int64_t from,
                   const double *received, batch part, int64_t width, dsep_table *table) {
    for (int64_t j = 0; j < width; j++) {
        double *column = table->values + (part.from + j) * table->n_samples;
        for (int64_t s = from; s < segments->count; s += ranks) {
            const int64_t first = segments->first[s], n = segments->first[s + 1] - first;
            if (n > 0)
                memcpy(column + first, received, (size_t)n * sizeof *column);
            received += n;
        }
    }
}

typedef struct {
    double *out, *in;
    int64_t *out_counts, *in_counts, *rows_of; /* [ranks] */
} buffers;

static int64_t rows_of_all(const dsep_row_segments *segments) {
    return segments->first[segments->count] - segments->first[0];
}

static int make_buffers(dsep_context *ctx, const dsep_row_segments *segments, int64_t width,
                        buffers *made) {
    const int64_t ranks = dsep_size(ctx);
    made->out_counts = dsep_array(ranks, sizeof(int64_t));
    made->in_counts = dsep_array(ranks, sizeof(int64_t));
    made->rows_of = dsep_array(ranks, sizeof(int64_t));
    if (made->rows_of)
        for (int64_t s = 0; s < segments->count; s++)
            made->rows_of[s % ranks] += segments->first[s + 1] - segments->first[s];
    const int64_t mine = made->rows_of ? made->rows_of[dsep_rank(ctx)] : 0;
    const int64_t out = dsep_bytes(mine, width, ranks),
                  in = dsep_bytes(rows_of_all(segments), width, 1);
    made->out = out < 0 ? NULL : dsep_array(out, sizeof(double));
    made->in = in < 0 ? NULL : dsep_array(in, sizeof(double));
    if (!made->out_counts || !made->in_counts || !made->rows_of || !made->out || !made->in)
        return dsep_out_of_memory(dsep_context_error(ctx), "the exchange of rows for columns");
    return DSEP_OK;
}

static void free_buffers(buffers *made) {
    free(made->out);
    free(made->in);
    free(made->out_counts);
    free(made->in_counts);
    free(made->rows_of);
}

static int exchange_batch(dsep_context *ctx, const dsep_row_segments *segments, const double *rows,
                          batch part, buffers *use, dsep_table *table) {
    const int64_t ranks = dsep_size(ctx), rank = dsep_rank(ctx), n_rows = use->rows_of[rank];
    const int64_t width = batch_width(table, part, ranks, rank);
    for (int64_t r = 0; r < ranks; r++) {
        use->out_counts[r] = n_rows * batch_width(table, part, ranks, r);
        use->in_counts[r] = use->rows_of[r] * width;
    }
    pack(table, part, ranks, rows, n_rows, use->out);
    const int code =
        dsep_exchange(ctx, use->out, use->out_counts, use->in, use->in_counts, sizeof(double));
    if (code)
        return code;
    const double *received = use->in;
    for (int64_t r = 0; r < ranks; r++) {
        unpack(segments, ranks, r, received, part, width, table);
        received += use->in_counts[r];
    }
    return DSEP_OK;
}

int dsep_rows_to_columns(dsep_context *ctx, const dsep_row_segments *segments, const double *rows,
                         dsep_table *table) {
    int code = DSEP_OK;
    const int64_t widest = dsep_layout_block(table->n_variables, dsep_size(ctx), 0).count;
    const int64_t column_bytes = 8 * (rows_of_all(segments) + 1);
    batch part = {0, BATCH_BYTES / column_bytes + 1};
    buffers use = {0};
    if (part.width > widest)
        part.width = widest;
    DSEP_AGREE(ctx, dsep_fault(ctx, "table-exchange"));
    DSEP_AGREE(ctx, make_buffers(ctx, segments, part.width, &use));
    for (; part.from < widest; part.from += part.width)
        DSEP_TRY(exchange_batch(ctx, segments, rows, part, &use, table));
cleanup:
    free_buffers(&use);
    return code;
}

/* How many columns go to each rank, and which ones come from each. */
static int exchange_targets(dsep_context *ctx, const int64_t *targets, int64_t count,
                            const dsep_table *table, int64_t *out, int64_t *in, int64_t *coming) {
    int code = DSEP_OK;
    const int64_t ranks = dsep_size(ctx);
    int64_t *ones = dsep_array(ranks, sizeof *ones);
    DSEP_AGREE(ctx, ones && out && in && coming
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the exchange of columns"));
    for (int64_t r = 0; r < ranks; r++)
        ones[r] = 1;
    for (int64_t i = 0; i < count; i++)
        out[dsep_layout_owner(table->n_variables, ranks, targets[i])]++;
    DSEP_TRY(dsep_exchange(ctx, out, ones, in, ones, sizeof *out));
    DSEP_TRY(dsep_exchange(ctx, targets, out, coming, in, sizeof *targets));
cleanup:
    free(ones);
    return code;
}

int dsep_columns_to_owners(dsep_context *ctx, const double *columns, const int64_t *targets,
                           int64_t count, dsep_table *table) {
    int code = DSEP_OK;
    const int64_t ranks = dsep_size(ctx), n = table->n_samples, mine = table->mine.count;
    int64_t *out = dsep_array(ranks, sizeof *out), *in = dsep_array(ranks, sizeof *in);
    int64_t *coming = dsep_array(mine, sizeof *coming);
    double *received = dsep_array(dsep_bytes(mine, n, 1), sizeof *received);
    DSEP_AGREE(ctx, dsep_fault(ctx, "table-exchange"));
    DSEP_AGREE(ctx, received
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the exchange of columns"));
    /* A rank without columns may have no arrays at all. */
    const double no_column = 0;
    const int64_t no_target = 0;
    DSEP_TRY(exchange_targets(ctx, targets ? targets : &no_target, count, table, out, in, coming));
    DSEP_TRY(dsep_exchange(ctx, columns ? columns : &no_column, out, received, in,
                           n * (int64_t)sizeof *columns));
    for (int64_t i = 0; i < mine && n > 0; i++)
        memcpy(table->values + (coming[i] - table->mine.first) * n, received + i * n,
               (size_t)n * sizeof *received);
cleanup:
    free(out);
    free(in);
    free(coming);
    free(received);
    return code;
}

int dsep_table_fits(dsep_context *ctx, const char *path, int64_t n_samples, int64_t n_variables,
                    dsep_error *error) {
    const int64_t share = dsep_layout_block(n_variables, dsep_size(ctx), 0).count;
    const int64_t values = dsep_bytes(n_samples, share, 2 * (int64_t)sizeof(double));
    const int64_t names = dsep_bytes(n_variables, NAME_BYTES, 1);
    const int64_t here = dsep_node_size(ctx), there = dsep_memory_available();
    if (values >= 0 && names >= 0 && values <= INT64_MAX / 2 && names <= INT64_MAX / 2 &&
        dsep_bytes(values + names, here, 1) >= 0 && (values + names) * here <= there)
        return DSEP_OK;
    return dsep_error_set(
        error, DSEP_ERROR_RESOURCES,
        "%s: a table of %" PRId64 " samples x %" PRId64
        " variables needs about %.1f GB for reading, more than the memory of its nodes; use more "
        "nodes, or choose columns with --columns",
        path, n_samples, n_variables, 16e-9 * (double)n_samples * (double)n_variables);
}

int64_t dsep_table_reading_bytes(int64_t n_samples, int64_t n_variables, int64_t ranks,
                                 int parsed) {
    const double part =
        8 * (double)n_samples * (double)dsep_layout_block(n_variables, ranks, 0).count;
    const double most = BATCH_BYTES + 8 * (double)n_samples;
    const double moved = part < most ? part : most;
    return (int64_t)((parsed || part < BATCH_BYTES ? part : BATCH_BYTES) + 2 * moved);
}
