#include "io/h5matrix.h"

#include "mpi/memory.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PIECE = 1 << 19, TRIAL_VALUES = 1 << 23 };

static int unreadable(const dsep_h5_matrix *m, dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "%s: the values of %s cannot be read: the file is damaged or cut off, or "
                          "needs a filter that HDF5 does not have here; write it again",
                          m->shown, m->path);
}

/* A part of a dataset of `n` dimensions into contiguous memory of a native type. */
static int read_part(hid_t dataset, int n, const hsize_t *start, const hsize_t *count, hid_t type,
                     void *values) {
    const hid_t file_space = H5Dget_space(dataset);
    const hid_t memory_space = H5Screate_simple(n, count, NULL);
    const int good =
        file_space >= 0 && memory_space >= 0 &&
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
        H5Dread(dataset, type, memory_space, file_space, H5P_DEFAULT, values) >= 0;
    if (file_space >= 0)
        H5Sclose(file_space);
    if (memory_space >= 0)
        H5Sclose(memory_space);
    return good;
}

int dsep_h5_matrix_block(const dsep_h5_matrix *m, int64_t row, int64_t rows, int64_t column,
                         int64_t columns, double *values, dsep_error *error) {
    const hsize_t start[2] = {(hsize_t)row, (hsize_t)column};
    const hsize_t count[2] = {(hsize_t)rows, (hsize_t)columns};
    if (rows == 0 || columns == 0 ||
        read_part(m->object, 2, start, count, H5T_NATIVE_DOUBLE, values))
        return DSEP_OK;
    return unreadable(m, error);
}

static int read_list(const dsep_h5_matrix *m, hid_t list, int64_t first, int64_t count, hid_t type,
                     void *values, dsep_error *error) {
    const hsize_t start = (hsize_t)first, length = (hsize_t)count;
    if (count == 0 || read_part(list, 1, &start, &length, type, values))
        return DSEP_OK;
    return unreadable(m, error);
}

/* Entries of some lines, piece by piece. */
typedef struct {
    const dsep_h5_matrix *m;
    int64_t *indptr; /* [count + 1] */
    int64_t first, count, length;
    const int64_t *slots;
    int64_t width;
    int64_t *indices; /* [PIECE] */
    double *data;     /* [PIECE] */
    double *values;
    int64_t *bad_line;
    dsep_error *error;
} spread;

static int check_indptr(const spread *s) {
    const int64_t total = s->first + s->count;
    for (int64_t k = 0; k <= s->count; k++) {
        const int64_t at = s->indptr[k], line = s->first + k;
        const int64_t least = k ? s->indptr[k - 1] : 0;
        const int last = line == s->m->shape[s->m->storage == DSEP_H5_CSC];
        *s->bad_line = line < total ? line : total - 1;
        if (at < least || at > s->m->n_stored || (line == 0 && at != 0) ||
            (last && at != s->m->n_stored))
            return dsep_error_set(s->error, DSEP_ERROR_DATA,
                                  "%s: %s/indptr[%" PRId64 "] is %" PRId64
                                  ", expected rising numbers from 0 to %" PRId64
                                  "; the sparse matrix is damaged, write it again",
                                  s->m->shown, s->m->path, line, at, s->m->n_stored);
    }
    return DSEP_OK;
}

static int bad_index(const spread *s, int64_t entry, int64_t index) {
    return dsep_error_set(s->error, DSEP_ERROR_DATA,
                          "%s: %s/indices[%" PRId64 "] is %" PRId64 ", expected 0 to %" PRId64
                          "; the sparse matrix is damaged, write it again",
                          s->m->shown, s->m->path, entry, index, s->length - 1);
}

static int spread_line(const spread *s, int64_t line, int64_t from, int64_t to, int64_t base) {
    double *row = s->values + line * s->width;
    for (int64_t e = from; e < to; e++) {
        const int64_t index = s->indices[e - base];
        if (index < 0 || index >= s->length) {
            *s->bad_line = s->first + line;
            return bad_index(s, e, index);
        }
        const int64_t slot = s->slots ? s->slots[index] : index;
        if (slot >= 0)
            row[slot] += s->data[e - base];
    }
    return DSEP_OK;
}

static int spread_lines(const spread *s) {
    int64_t line = 0;
    const int64_t end = s->indptr[s->count];
    for (int64_t base = s->indptr[0]; base < end; base += PIECE) {
        const int64_t now = end - base < PIECE ? end - base : PIECE;
        *s->bad_line = s->first;
        int code =
            read_list(s->m, s->m->indices, base, now, H5T_NATIVE_INT64, s->indices, s->error);
        if (!code)
            code = read_list(s->m, s->m->data, base, now, H5T_NATIVE_DOUBLE, s->data, s->error);
        while (!code && line < s->count) {
            const int64_t from = s->indptr[line] > base ? s->indptr[line] : base;
            const int64_t to = s->indptr[line + 1] < base + now ? s->indptr[line + 1] : base + now;
            code = spread_line(s, line, from, to, base);
            if (s->indptr[line + 1] > base + now)
                break;
            line++;
        }
        if (code)
            return code;
    }
    return DSEP_OK;
}

int dsep_h5_matrix_lines(const dsep_h5_matrix *m, int64_t first, int64_t count,
                         const int64_t *slots, int64_t width, double *values, int64_t *bad_line,
                         dsep_error *error) {
    spread s = {.m = m,
                .first = first,
                .count = count,
                .length = m->shape[m->storage == DSEP_H5_CSR],
                .slots = slots,
                .width = width,
                .values = values,
                .bad_line = bad_line,
                .error = error};
    *bad_line = first;
    if (count == 0)
        return DSEP_OK;
    s.indptr = dsep_array(count + 1, sizeof *s.indptr);
    s.indices = dsep_array(PIECE, sizeof *s.indices);
    s.data = dsep_array(PIECE, sizeof *s.data);
    int code =
        s.indptr && s.indices && s.data ? DSEP_OK : dsep_out_of_memory(error, "a sparse matrix");
    if (!code)
        code = read_list(m, m->indptr, first, count + 1, H5T_NATIVE_INT64, s.indptr, error);
    if (!code)
        code = check_indptr(&s);
    if (!code)
        code = spread_lines(&s);
    free(s.indptr);
    free(s.indices);
    free(s.data);
    return code;
}

/* Reads a list of `length` numbers to see whether the library survives it. */
static int try_list(const dsep_h5_matrix *m, hid_t list, int64_t length, double *buffer,
                    dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t at = 0; at < length && !code;) {
        const int64_t now = length - at < PIECE ? length - at : PIECE;
        code = read_list(m, list, at, now, H5T_NATIVE_DOUBLE, buffer, error);
        at = length > TRIAL_VALUES && at == 0 && length - PIECE > PIECE ? length - PIECE : at + now;
    }
    return code;
}

static int try_dense(const dsep_h5_matrix *m, double *buffer, dsep_error *error) {
    const int64_t n = m->shape[0], p = m->shape[1];
    const int64_t columns = p < PIECE ? p : PIECE, rows = columns ? PIECE / columns : 1;
    const int whole = n == 0 || p <= TRIAL_VALUES / n;
    int code = DSEP_OK;
    for (int64_t i = 0; i < n && !code;) {
        const int64_t now = n - i < rows ? n - i : rows;
        code = dsep_h5_matrix_block(m, i, now, 0, columns, buffer, error);
        if (!code && columns < p)
            code = dsep_h5_matrix_block(m, i, now, p - columns, columns, buffer, error);
        i = !whole && i == 0 && n - rows > rows ? n - rows : i + now;
    }
    return code;
}

int dsep_h5_matrix_try(const dsep_h5_matrix *m, dsep_error *error) {
    double *buffer = dsep_array(PIECE, sizeof *buffer);
    if (!buffer)
        return dsep_out_of_memory(error, "a trial");
    const int64_t lines = m->shape[m->storage == DSEP_H5_CSC];
    int code = DSEP_OK;
    if (m->storage == DSEP_H5_DENSE)
        code = try_dense(m, buffer, error);
    else if (!(code = try_list(m, m->indptr, lines + 1, buffer, error)) &&
             !(code = try_list(m, m->indices, m->n_stored, buffer, error)))
        code = try_list(m, m->data, m->n_stored, buffer, error);
    free(buffer);
    return code;
}
