#include "io/table_npy.h"

#include "io/column_choice.h"
#include "io/table_environment.h"
#include "io/table_names.h"
#include "io/table_rows.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 22, BATCH_BYTES = 1 << 26 };

typedef struct {
    dsep_context *ctx;
    const dsep_table_settings *settings;
    dsep_npy_header header;
    int file;
    dsep_column_set chosen;
} reader;

#define CONVERT(type)                                                                              \
    do {                                                                                           \
        type item;                                                                                 \
        for (int64_t i = 0; i < count; i++) {                                                      \
            memcpy(&item, bytes + i * (int64_t)sizeof item, sizeof item);                          \
            values[i] = (double)item;                                                              \
        }                                                                                          \
    } while (0)

static void convert_native(const dsep_npy_header *header, const unsigned char *bytes, int64_t count,
                           double *values) {
    switch (header->type * 16 + header->item) {
    case 'f' * 16 + 8:
        CONVERT(double);
        break;
    case 'f' * 16 + 4:
        CONVERT(float);
        break;
    case 'i' * 16 + 8:
        CONVERT(int64_t);
        break;
    case 'i' * 16 + 4:
        CONVERT(int32_t);
        break;
    case 'i' * 16 + 2:
        CONVERT(int16_t);
        break;
    case 'i' * 16 + 1:
        CONVERT(int8_t);
        break;
    case 'u' * 16 + 8:
        CONVERT(uint64_t);
        break;
    case 'u' * 16 + 4:
        CONVERT(uint32_t);
        break;
    case 'u' * 16 + 2:
        CONVERT(uint16_t);
        break;
    case 'u' * 16 + 1:
        CONVERT(uint8_t);
        break;
    default: /* booleans */
        for (int64_t i = 0; i < count; i++)
            values[i] = bytes[i] != 0;
    }
}

/* Turns `count` items as stored into doubles. */
static void convert(const dsep_npy_header *header, const void *items, int64_t count,
                    double *values) {
    const unsigned char *bytes = items;
    unsigned char swapped[8];
    for (int64_t i = 0; header->swap && i < count; i++, bytes += header->item) {
        for (int b = 0; b < header->item; b++)
            swapped[b] = bytes[header->item - 1 - b];
        convert_native(header, swapped, 1, values + i);
    }
    if (!header->swap)
        convert_native(header, bytes, count, values);
}

/* Values first .. first + count - 1 in the order of the file. */
static int read_values(const reader *r, int64_t first, int64_t count, void *items, double *values) {
    const int64_t bytes = count * r->header.item, at = r->header.start + first * r->header.item;
    int64_t done = 0;
    while (done < bytes) {
        const ssize_t now = pread(r->file, (char *)items + done, (size_t)(bytes - done), at + done);
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0)
            return dsep_fail(r->ctx, DSEP_ERROR_IO, "%s: reading failed: %s", r->settings->path,
                             now < 0 ? strerror(errno) : "the file became shorter");
        done += now;
    }
    convert(&r->header, items, count, values);
    return DSEP_OK;
}

/* A buffer for pieces of `line` values, at least one line. */
static void *piece_buffer(const reader *r, int64_t line, int64_t *lines) {
    const int64_t line_bytes = dsep_bytes(line, r->header.item, 1);
    *lines = line_bytes > 0 && line_bytes < PIECE_BYTES ? PIECE_BYTES / line_bytes : 1;
    return line_bytes < 0 ? NULL : dsep_array(*lines * line_bytes, 1);
}

/* Rows first .. first + count - 1, without the columns that are not kept. Not collective. */
static int read_rows(const reader *r, int64_t first, int64_t count, int64_t width, double *rows) {
    int64_t lines = 0;
    void *items = piece_buffer(r, width, &lines);
    double *all = dsep_array(dsep_bytes(lines, width, 1), sizeof *all);
    int code = items && all ? DSEP_OK
                            : dsep_out_of_memory(dsep_context_error(r->ctx), "rows of the table");
    for (int64_t i = 0; i < count && !code; i += lines) {
        const int64_t now = count - i < lines ? count - i : lines;
        code = read_values(r, (first + i) * width, now * width, items, all);
        for (int64_t k = 0; k < now && !code; k++)
            for (int64_t j = 0; j < r->chosen.n_kept; j++)
                rows[(i + k) * r->chosen.n_kept + j] = all[k * width + r->chosen.kept[j]];
    }
    free(items);
    free(all);
    return code;
}

/* This rank's columns where columns are contiguous. Not collective. */
static int read_columns(const reader *r, dsep_table *table) {
    const int64_t n = table->n_samples;
    void *items = dsep_array(dsep_bytes(n, r->header.item, 1), 1);
    int code =
        items ? DSEP_OK : dsep_out_of_memory(dsep_context_error(r->ctx), "columns of the table");
    for (int64_t j = 0; j < table->mine.count && !code; j++)
        code = read_values(r, r->chosen.kept[table->mine.first + j] * n, n, items,
                           table->values + j * n);
    free(items);
    return code;
}

/* Rows that a rank reads at once, so that wide tables do not stand in memory twice. */
static int64_t batch_rows(const reader *r) {
    const int64_t fit = r->chosen.n_kept > 0 ? BATCH_BYTES / (8 * r->chosen.n_kept) : BATCH_BYTES;
    return fit > 0 ? fit : 1;
}

/* Rows first .. first + count - 1, shared out over the ranks, become columns. Collective. */
static int read_batch(reader *r, int64_t first, int64_t count, int64_t width, double *rows,
                      dsep_row_segments *segments, dsep_table *table) {
    const int64_t size = dsep_size(r->ctx);
    const dsep_block block = dsep_layout_block(count, size, dsep_rank(r->ctx));
    for (int64_t s = 0; s <= size; s++)
        segments->first[s] = first + (s < size ? dsep_layout_block(count, size, s).first : count);
    const int code =
        dsep_agree(r->ctx, read_rows(r, first + block.first, block.count, width, rows));
    return code ? code : dsep_rows_to_columns(r->ctx, segments, rows, table);
}

/* Batch by batch every rank reads a block of rows, then rows become columns. Collective. */
static int read_by_rows(reader *r, int64_t width, dsep_table *table) {
    int code = DSEP_OK;
    const int64_t n = table->n_samples, each = batch_rows(r);
    const int64_t batch = n / dsep_size(r->ctx) < each ? n : each * dsep_size(r->ctx);
    const int64_t most = dsep_layout_block(batch, dsep_size(r->ctx), 0).count;
    dsep_row_segments segments = {0};
    double *rows = dsep_array(dsep_bytes(most, r->chosen.n_kept, 1), sizeof *rows);
    DSEP_TRY(dsep_row_segments_even(r->ctx, n, &segments));
    DSEP_AGREE(r->ctx, rows ? DSEP_OK
                            : dsep_out_of_memory(dsep_context_error(r->ctx), "rows of the table"));
    for (int64_t first = 0; first < n; first += batch)
        DSEP_TRY(read_batch(r, first, n - first < batch ? n - first : batch, width, rows, &segments,
                            table));
cleanup:
    free(segments.first);
    free(rows);
    return code;
}

/* Rank 0 reads the header, the others hear of it; everybody opens the file. Collective. */
static int open_file(reader *r, const dsep_table_path *where) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(r->ctx);
    int mine = DSEP_OK;
    r->file = open(where->file, O_RDONLY | O_CLOEXEC);
    if (r->file < 0)
        mine = dsep_error_set(error, DSEP_ERROR_IO, "%s: cannot open: %s", r->settings->path,
                              strerror(errno));
    else if (dsep_rank(r->ctx) == 0)
        mine = dsep_npy_read_header(r->file, where->bytes, r->settings->path, &r->header, error);
    DSEP_AGREE(r->ctx, mine);
    dsep_broadcast(r->ctx, &r->header, sizeof r->header, 0);
cleanup:
    return code;
}

static int choose(reader *r, int64_t n, int64_t p, char ***names) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(r->ctx);
    DSEP_AGREE(r->ctx, dsep_table_fits(r->ctx, r->settings->path, 0, p, error));
    DSEP_AGREE(r->ctx, dsep_names_numbered(p, names, error));
    const dsep_column_wishes wishes = {r->settings->columns, r->settings->drop,
                                       r->settings->environment, NULL};
    DSEP_AGREE(r->ctx,
               dsep_column_choice(r->settings->path, *names, p, &wishes, &r->chosen, error));
    DSEP_AGREE(r->ctx, dsep_table_fits(r->ctx, r->settings->path, n, r->chosen.n_kept, error));
cleanup:
    return code;
}

/* A block of the environment's column. Not collective. */
static int read_labels(const reader *r, dsep_block block, dsep_labels *labels) {
    dsep_error *error = dsep_context_error(r->ctx);
    const int flip = r->settings->transpose != 0, contiguous = r->header.fortran != flip;
    const int64_t stride = contiguous ? 1 : r->header.shape[!flip];
    const int64_t start = r->chosen.environment * (contiguous ? r->header.shape[flip] : 1);
    const int64_t each = contiguous ? block.count : 1;
    dsep_missing missing = {0};
    void *items = dsep_array(dsep_bytes(block.count, r->header.item, 1), 1);
    double *values = dsep_array(block.count, sizeof *values);
    int code = items && values ? dsep_missing_parse(r->settings->missing, &missing, error)
                               : dsep_out_of_memory(error, "environments");
    for (int64_t i = 0; i < block.count && !code; i += each)
        code = read_values(r, start + (block.first + i) * stride, each, items, values + i);
    if (!code)
        code = dsep_labels_add_values(labels, &missing, values, block.count, error);
    dsep_missing_clear(&missing);
    free(items);
    free(values);
    return code;
}

/* Each rank reads the labels of a block of samples. Collective. */
static int read_environment(const reader *r, dsep_table *table) {
    int code = DSEP_OK;
    dsep_labels labels = {0};
    dsep_row_segments segments = {0};
    const int64_t n = table->n_samples;
    const dsep_block block = dsep_layout_block(n, dsep_size(r->ctx), dsep_rank(r->ctx));
    DSEP_TRY(dsep_row_segments_even(r->ctx, n, &segments));
    DSEP_AGREE(r->ctx, read_labels(r, block, &labels));
    DSEP_TRY(dsep_environments_unite(r->ctx, r->settings, &labels, &segments, table));
cleanup:
    free(segments.first);
    dsep_labels_clear(&labels);
    return code;
}

static int read_npy(reader *r, const dsep_table_path *where, dsep_table **table) {
    int code = DSEP_OK;
    char **names = NULL;
    int64_t p = 0;
    DSEP_TRY(open_file(r, where));
    const int flip = r->settings->transpose != 0;
    const int64_t n = r->header.shape[flip];
    p = r->header.shape[!flip];
    DSEP_TRY(choose(r, n, p, &names));
    DSEP_TRY(dsep_table_create(r->ctx, n, r->chosen.n_kept, table));
    DSEP_AGREE(r->ctx, dsep_fault(r->ctx, "table-read"));
    if (r->header.fortran != flip)
        DSEP_AGREE(r->ctx, read_columns(r, *table));
    else
        DSEP_TRY(read_by_rows(r, p, *table));
    if (r->settings->environment)
        DSEP_TRY(read_environment(r, *table));
    for (int64_t k = 0; k < r->chosen.n_kept; k++) {
        (*table)->names[k] = names[r->chosen.kept[k]];
        names[r->chosen.kept[k]++] = NULL;
    }
cleanup:
    dsep_names_free(&names, p);
    return code;
}

int dsep_table_read_npy(dsep_context *ctx, const dsep_table_settings *settings,
                        const dsep_table_path *where, dsep_table **table, int64_t **positions) {
    reader r = {.ctx = ctx, .settings = settings, .file = -1};
    *table = NULL;
    *positions = NULL;
    const int code = read_npy(&r, where, table);
    if (code) {
        dsep_table_destroy(table);
        free(r.chosen.kept);
    } else {
        *positions = r.chosen.kept;
    }
    if (r.file >= 0)
        close(r.file);
    return code;
}
