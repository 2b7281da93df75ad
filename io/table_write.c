#include "io/table_write.h"

#include "io/edge_csv_write.h"
#include "io/replace_file.h"
#include "io/table_write_h5.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

typedef enum { FORMAT_TEXT, FORMAT_NPY, FORMAT_HDF5 } format_kind;

typedef struct {
    const char *suffix;
    format_kind kind;
    char separator;
    int compressed;
} format;

static const format formats[] = {
    {".csv", FORMAT_TEXT, ',', 0},    {".tsv", FORMAT_TEXT, '\t', 0},
    {".csv.gz", FORMAT_TEXT, ',', 1}, {".tsv.gz", FORMAT_TEXT, '\t', 1},
    {".npy", FORMAT_NPY, 0, 0},       {".h5", FORMAT_HDF5, 0, 0},
};

static const format *find_format(const char *path) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const size_t length = strlen(path), tail = strlen(formats[i].suffix);
        if (length > tail && strcmp(path + length - tail, formats[i].suffix) == 0)
            return &formats[i];
    }
    return NULL;
}

int dsep_table_write_check(const char *path, dsep_error *error) {
    if (find_format(path))
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "cannot tell from '%s' how to write the table; end the name in .csv, "
                          ".tsv, .csv.gz, .tsv.gz, .npy or .h5",
                          path);
}

/* Rows of a piece: about 64 Ki numbers, at least one row. */
static int64_t piece_rows(int64_t n_variables) {
    const int64_t rows = n_variables > 0 ? 65536 / n_variables : 65536;
    return rows > 0 ? rows : 1;
}

enum { NUMBER_WIDTH = 26 }; /* -1.2345678901234567e-308 and a separator */

double dsep_table_write_bytes(int64_t n_variables) {
    const double cells = (double)piece_rows(n_variables) * (double)n_variables;
    return cells * (8 + 2 * NUMBER_WIDTH) + 4096;
}

/* What one rank needs while it writes. */
typedef struct {
    const format *format;
    const dsep_row_source *source;
    int file;
    double *rows; /* one piece */
    char *text, *packed;
    int64_t text_room, packed_room;
} writer;

static int allocate(writer *w, dsep_context *ctx) {
    const int64_t p = w->source->n_variables;
    const int64_t cells = dsep_bytes(piece_rows(p), p, 1);
    w->rows = dsep_array(cells, sizeof *w->rows);
    if (w->format->kind == FORMAT_TEXT) {
        w->text_room = cells * NUMBER_WIDTH + 1;
        w->text = dsep_array(w->text_room, 1);
        w->packed_room =
            w->format->compressed ? (int64_t)compressBound((uLong)w->text_room) + 64 : 0;
        w->packed = dsep_array(w->packed_room, 1);
    }
    const int whole = w->rows && (w->format->kind != FORMAT_TEXT || (w->text && w->packed));
    return whole ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "rows to write");
}

static void release(writer *w) {
    free(w->rows);
    free(w->text);
    free(w->packed);
}

static int write_at(dsep_context *ctx, int file, const char *bytes, int64_t count, int64_t offset) {
    while (count > 0) {
        const size_t now = count < (1 << 30) ? (size_t)count : (size_t)1 << 30;
        const ssize_t done = pwrite(file, bytes, now, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return dsep_fail(ctx, DSEP_ERROR_IO, "writing the table failed: %m; is the disk full?");
        bytes += done;
        count -= done;
        offset += done;
    }
    return DSEP_OK;
}

static int64_t format_rows(const double *rows, int64_t count, int64_t n_variables, char separator,
                           char *text) {
    char *at = text;
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < n_variables; j++) {
            char number[32];
            const int length = dsep_csv_format_number(rows[i * n_variables + j], number);
            memcpy(at, number, (size_t)length);
            at += length;
            *at++ = j + 1 < n_variables ? separator : '\n';
        }
    return at - text;
}

/* One gzip member. No time of day is in it, so equal text gives equal bytes. */
static int64_t compress_member(const char *text, int64_t count, char *packed, int64_t room) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (count > UINT32_MAX || room > UINT32_MAX ||
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
        return -1;
    stream.next_in = (unsigned char *)(uintptr_t)text;
    stream.avail_in = (uInt)count;
    stream.next_out = (unsigned char *)packed;
    stream.avail_out = (uInt)room;
    const int state = deflate(&stream, Z_FINISH);
    const int64_t length = state == Z_STREAM_END ? (int64_t)stream.total_out : -1;
    deflateEnd(&stream);
    return length;
}

/* Makes the bytes of rows first .. first + count - 1; *bytes is lent until the next call. */
static int make_piece(writer *w, dsep_context *ctx, int64_t first, int64_t count,
                      const char **bytes, int64_t *length) {
    const int64_t p = w->source->n_variables;
    *bytes = (const char *)w->rows;
    *length = 0;
    if (count == 0)
        return DSEP_OK;
    w->source->fill(w->source->state, first, count, w->rows);
    *length = count * p * (int64_t)sizeof(double);
    if (w->format->kind == FORMAT_TEXT) {
        *length = format_rows(w->rows, count, p, w->format->separator, w->text);
        *bytes = w->text;
    }
    if (w->format->compressed) {
        *length = compress_member(w->text, *length, w->packed, w->packed_room);
        *bytes = w->packed;
    }
    return *length < 0 ? dsep_fail(ctx, DSEP_ERROR_INTERNAL, "compressing rows failed") : DSEP_OK;
}

static int text_header(const writer *w, dsep_context *ctx, char **bytes, int64_t *length) {
    size_t size = 0;
    FILE *stream = open_memstream(bytes, &size);
    if (!stream)
        return dsep_out_of_memory(dsep_context_error(ctx), "the header");
    for (int64_t j = 0; j < w->source->n_variables; j++) {
        if (j > 0)
            fputc(w->format->separator, stream);
        dsep_csv_print_field(stream, w->source->names[j], w->format->separator);
    }
    fputc('\n', stream);
    if (fclose(stream))
        return dsep_out_of_memory(dsep_context_error(ctx), "the header");
    *length = (int64_t)size;
    if (!w->format->compressed)
        return DSEP_OK;
    const int64_t room = (int64_t)compressBound((uLong)size) + 64;
    char *packed = dsep_array(room, 1);
    *length = packed ? compress_member(*bytes, (int64_t)size, packed, room) : -1;
    free(*bytes);
    *bytes = packed;
    return *length < 0 ? dsep_out_of_memory(dsep_context_error(ctx), "the header") : DSEP_OK;
}

/* NumPy's format, version 1.0: 10 bytes, then a dictionary padded to a multiple of 64. */
static int npy_header(const writer *w, dsep_context *ctx, char **bytes, int64_t *length) {
    enum { SIZE = 128 };
    char *made = malloc(SIZE + 1);
    *bytes = made;
    *length = SIZE;
    if (!made)
        return dsep_out_of_memory(dsep_context_error(ctx), "the header");
    memset(made, ' ', SIZE);
    memcpy(made, "\x93NUMPY\x01\x00\x76\x00", 10); /* 0x76 = 128 - 10 */
    const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    const int used = snprintf(
        made + 10, SIZE - 10, "{'descr': '%cf8', 'fortran_order': False, 'shape': (%lld, %lld), }",
        order, (long long)w->source->n_samples, (long long)w->source->n_variables);
    made[10 + used] = ' ';
    made[SIZE - 1] = '\n';
    return DSEP_OK;
}

/* Rank 0 makes the file and its header; the others open it. *start: where rows begin. */
static int open_file(writer *w, dsep_context *ctx, const char *path, int64_t *start) {
    char *header = NULL;
    int mine = dsep_fault(ctx, "write-open");
    *start = 0;
    if (!mine && dsep_rank(ctx) == 0) {
        w->file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
        if (w->file < 0)
            mine =
                dsep_fail(ctx, DSEP_ERROR_IO,
                          "cannot write '%s': %m; choose another path, or make the folder", path);
        else
            mine = w->format->kind == FORMAT_NPY ? npy_header(w, ctx, &header, start)
                                                 : text_header(w, ctx, &header, start);
        if (!mine)
            mine = write_at(ctx, w->file, header, *start, 0);
        free(header);
    }
    int code = dsep_agree(ctx, mine);
    if (code)
        return code;
    dsep_broadcast(ctx, start, sizeof *start, 0);
    if (dsep_rank(ctx) != 0)
        w->file = open(path, O_WRONLY | O_CLOEXEC);
    if (w->file < 0)
        mine = dsep_fail(ctx, DSEP_ERROR_IO,
                         "'%s' cannot be opened on another node: %m; write to a file system that "
                         "all nodes share",
                         path);
    return dsep_agree(ctx, mine);
}

/* Round after round each rank takes the next piece; its place follows from the sizes of those
 * before it. */
static int write_rows(writer *w, dsep_context *ctx, int64_t start) {
    const int64_t n = w->source->n_samples, piece = piece_rows(w->source->n_variables);
    const int64_t pieces = (n + piece - 1) / piece;
    int mine = dsep_fault(ctx, "write-data");
    for (int64_t round = 0; round * dsep_size(ctx) < pieces; round++) {
        const char *bytes = NULL;
        int64_t first = (round * dsep_size(ctx) + dsep_rank(ctx)) * piece, length = 0;
        first = first < n ? first : n;
        const int64_t count = n - first < piece ? n - first : piece;
        if (!mine)
            mine = make_piece(w, ctx, first, count, &bytes, &length);
        const int code = dsep_agree(ctx, mine);
        if (code)
            return code;
        const int64_t place = start + dsep_sum_before(ctx, length);
        int64_t total = length;
        dsep_sum_i64(ctx, &total, 1);
        mine = write_at(ctx, w->file, bytes, length, place);
        start += total;
    }
    return dsep_agree(ctx, mine);
}

static int close_file(writer *w, dsep_context *ctx, int mine) {
    if (w->file < 0)
        return mine;
    const int failed = fsync(w->file);
    if ((close(w->file) || failed) && !mine)
        mine = dsep_fail(ctx, DSEP_ERROR_IO, "flushing the table to disk failed: %m");
    w->file = -1;
    return mine;
}

static int write_plain(dsep_context *ctx, const format *how, const char *temporary,
                       const dsep_row_source *source) {
    writer w = {.format = how, .source = source, .file = -1};
    int64_t start = 0;
    int code = dsep_agree(ctx, allocate(&w, ctx));
    if (!code)
        code = open_file(&w, ctx, temporary, &start);
    if (!code)
        code = write_rows(&w, ctx, start);
    if (!code)
        code = dsep_fault(ctx, "write-close");
    code = close_file(&w, ctx, code);
    release(&w);
    return code;
}

int dsep_table_write(dsep_context *ctx, const char *path, const dsep_row_source *source) {
    const format *how = find_format(path);
    char *temporary = NULL;
    int code = dsep_agree(ctx, dsep_table_write_check(path, dsep_context_error(ctx)));
    if (!code)
        code = dsep_replace_begin(ctx, path, &temporary);
    if (!code) {
        const int mine =
            how->kind == FORMAT_HDF5
                ? dsep_table_write_h5(ctx, temporary, source, piece_rows(source->n_variables))
                : write_plain(ctx, how, temporary, source);
        code = dsep_replace_finish(ctx, mine, temporary, path);
    }
    free(temporary);
    return code;
}
