#include "io/table_h5.h"

#include "io/column_choice.h"
#include "io/h5matrix.h"
#include "io/h5probe.h"
#include "io/table_environment.h"
#include "io/table_names.h"
#include "io/table_rows.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

enum { SLAB_VALUES = 1 << 20, GAP_MAX = 256 };

typedef struct {
    dsep_context *ctx;
    const dsep_table_settings *settings;
    const dsep_table_path *where;
    dsep_h5_matrix matrix;
    int axis; /* along which variables lie: 0 rows, 1 columns */
    char **names;
    int64_t n_names;
    dsep_column_set chosen;
    dsep_missing missing;
    dsep_labels labels;
    int annotated; /* labels come from a column beside the matrix; rank 0 has them all */
} reader;

/* Kept columns from .. to - 1 of `kept`, close enough to be read at once. */
typedef struct {
    int64_t from, to, first, width;
} run;

static run next_run(const reader *r, int64_t from, int64_t end, int64_t gap) {
    run found = {from, from + 1, r->chosen.kept[from], 1};
    while (found.to < end && r->chosen.kept[found.to] - r->chosen.kept[found.to - 1] <= gap + 1)
        found.to++;
    found.width = r->chosen.kept[found.to - 1] - found.first + 1;
    return found;
}

/* The names of variables, and the labels of samples where they stand beside the matrix. */
static int read_annotation(const reader *r, const dsep_h5_matrix *m, dsep_name_block *names,
                           dsep_labels *labels, int *annotated, dsep_error *error) {
    const char *environment = r->settings->environment;
    const int code = dsep_h5_matrix_names(m, r->axis, names, error);
    return code || !environment ? code
                                : dsep_h5_matrix_labels(m, !r->axis, environment, &r->missing,
                                                        labels, annotated, error);
}

/* --- the trial in a child process ---------------------------------------------------------- */

static int try_file(const char *path, void *argument, dsep_error *error) {
    const reader *r = argument;
    dsep_h5_matrix matrix;
    dsep_name_block names = {0};
    dsep_labels labels = {0};
    int annotated = 0;
    (void)path;
    int code = dsep_h5_matrix_open(r->where, r->settings->path, &matrix, error);
    if (!code)
        code = read_annotation(r, &matrix, &names, &labels, &annotated, error);
    if (!code)
        code = dsep_h5_matrix_try(&matrix, error);
    dsep_h5_matrix_close(&matrix);
    dsep_name_block_clear(&names);
    dsep_labels_clear(&labels);
    return code;
}

/* --- opening -------------------------------------------------------------------------------- */

/* Rank 0 sends a child ahead; then everybody opens the file. Collective. */
static int open_matrix(reader *r, dsep_name_block *names) {
    int code = DSEP_OK, mine = DSEP_OK;
    dsep_error *error = dsep_context_error(r->ctx);
    const int first = dsep_rank(r->ctx) == 0;
    /* The library starts before the fork, so that the child has nothing to set up with MPI. */
    H5open();
    mine = dsep_missing_parse(r->settings->missing, &r->missing, error);
    if (!mine && first)
        mine = dsep_h5_probe(r->where->file, try_file, r, error);
    DSEP_AGREE(r->ctx, mine);
    mine = dsep_h5_matrix_open(r->where, r->settings->path, &r->matrix, error);
    if (!mine && first)
        mine = read_annotation(r, &r->matrix, names, &r->labels, &r->annotated, error);
    DSEP_AGREE(r->ctx, mine);
    dsep_broadcast(r->ctx, &r->annotated, sizeof r->annotated, 0);
cleanup:
    return code;
}

static int choose(reader *r, const dsep_name_block *block) {
    int code = DSEP_OK;
    const char *path = r->settings->path;
    dsep_error *error = dsep_context_error(r->ctx);
    const dsep_column_wishes wishes = {r->settings->columns, r->settings->drop,
                                       r->annotated ? NULL : r->settings->environment,
                                       r->matrix.h5ad ? " (and none beside the matrix)" : NULL};
    r->n_names = r->matrix.shape[r->axis];
    DSEP_AGREE(r->ctx, dsep_table_fits(r->ctx, path, 0, r->n_names, error));
    DSEP_TRY(dsep_names_share(r->ctx, block, r->n_names, &r->names));
    DSEP_AGREE(r->ctx, dsep_column_choice(path, r->names, r->n_names, &wishes, &r->chosen, error));
    DSEP_AGREE(r->ctx, dsep_names_check(path, r->names, r->chosen.kept, r->chosen.n_kept, error));
    DSEP_AGREE(r->ctx,
               dsep_table_fits(r->ctx, path, r->matrix.shape[!r->axis], r->chosen.n_kept, error));
cleanup:
    return code;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Copies the kept columns of a slab of rows to where they belong. */
static void scatter(const reader *r, const run *part, const double *slab, int64_t row, int64_t rows,
                    dsep_table *table) {
    for (int64_t k = part->from; k < part->to; k++) {
        double *to = table->values + (k - table->mine.first) * table->n_samples + row;
        const double *from = slab + r->chosen.kept[k] - part->first;
        for (int64_t i = 0; i < rows; i++)
            to[i] = from[i * part->width];
    }
}

/* Rows of a slab: whole chunks, about 8 MB; of wide ones 8 rows, so that a column gets a cache
 * line at a time. */
static int64_t slab_rows(const reader *r, int64_t width, int64_t n) {
    enum { LINE = 8 };
    const int64_t chunk = r->matrix.chunk_rows < n ? r->matrix.chunk_rows : n;
    const int64_t fit = SLAB_VALUES / width / (chunk ? chunk : 1) * chunk;
    const int64_t least = chunk > LINE ? chunk : LINE < n ? LINE : n;
    const int64_t rows = fit > least ? fit : least;
    return rows * width <= 16 * SLAB_VALUES ? rows : 1 + SLAB_VALUES / width;
}

/* Columns of a slab: where a chunk is high, fewer, so that none has to be unpacked twice. */
static int64_t slab_columns(const reader *r, int64_t n) {
    const int64_t chunk = r->matrix.chunk_rows < n ? r->matrix.chunk_rows : n;
    const int64_t fit = 16 * SLAB_VALUES / (chunk > 0 ? chunk : 1);
    return fit > 64 ? fit : 64;
}

/* This rank's columns of a dense matrix, a slab of rows at a time. */
static int read_columns(const reader *r, dsep_table *table) {
    const int64_t n = table->n_samples, end = table->mine.first + table->mine.count;
    const int64_t columns = slab_columns(r, n);
    int code = DSEP_OK;
    for (int64_t k = table->mine.first; k < end && !code;) {
        const run part = next_run(r, k, end - k < columns ? end : k + columns, GAP_MAX);
        const int64_t most = slab_rows(r, part.width, n);
        double *slab = dsep_array(dsep_bytes(most, part.width, 1), sizeof *slab);
        if (!slab)
            return dsep_out_of_memory(dsep_context_error(r->ctx), "a part of the matrix");
        for (int64_t row = 0; row < n && !code; row += most) {
            const int64_t rows = n - row < most ? n - row : most;
            code = dsep_h5_matrix_block(&r->matrix, row, rows, part.first, part.width, slab,
                                        dsep_context_error(r->ctx));
            if (!code)
                scatter(r, &part, slab, row, rows, table);
        }
        free(slab);
        k = part.to;
    }
    return code;
}

/* This rank's variables where each is a row, dense, or a line of a sparse matrix. */
static int read_own_lines(const reader *r, dsep_table *table, int64_t *bad_line) {
    const int64_t n = table->n_samples, end = table->mine.first + table->mine.count;
    dsep_error *error = dsep_context_error(r->ctx);
    int code = DSEP_OK;
    for (int64_t k = table->mine.first; k < end && !code;) {
        const run part = next_run(r, k, end, 0);
        double *values = table->values + (k - table->mine.first) * n;
        code = r->matrix.storage == DSEP_H5_DENSE
                   ? dsep_h5_matrix_block(&r->matrix, part.first, part.width, 0, n, values, error)
                   : dsep_h5_matrix_lines(&r->matrix, part.first, part.width, NULL, n, values,
                                          bad_line, error);
        k = part.to;
    }
    return code;
}

/* This rank's block of samples, where each is a line of a sparse matrix. */
static int read_sample_lines(const reader *r, dsep_block block, double *rows, int64_t *bad_line) {
    dsep_error *error = dsep_context_error(r->ctx);
    int64_t *slots = dsep_array(r->n_names, sizeof *slots);
    if (!slots)
        return dsep_out_of_memory(error, "the choice of columns");
    for (int64_t j = 0; j < r->n_names; j++)
        slots[j] = -1;
    for (int64_t k = 0; k < r->chosen.n_kept; k++)
        slots[r->chosen.kept[k]] = k;
    const int code = dsep_h5_matrix_lines(&r->matrix, block.first, block.count, slots,
                                          r->chosen.n_kept, rows, bad_line, error);
    free(slots);
    return code;
}

/* Blocks of samples by rank, then rows become columns. Collective. */
static int read_by_samples(reader *r, dsep_table *table) {
    int code = DSEP_OK;
    int64_t bad_line = 0;
    dsep_row_segments segments = {0};
    const dsep_block block =
        dsep_layout_block(table->n_samples, dsep_size(r->ctx), dsep_rank(r->ctx));
    double *rows = dsep_array(dsep_bytes(block.count, r->chosen.n_kept, 1), sizeof *rows);
    DSEP_TRY(dsep_row_segments_even(r->ctx, table->n_samples, &segments));
    int mine = rows ? read_sample_lines(r, block, rows, &bad_line)
                    : dsep_out_of_memory(dsep_context_error(r->ctx), "rows of the table");
    DSEP_TRY(dsep_agree_first(r->ctx, mine, bad_line));
    DSEP_TRY(dsep_rows_to_columns(r->ctx, &segments, rows, table));
cleanup:
    free(segments.first);
    free(rows);
    return code;
}

/* Lines of storage are variables, or samples, or (dense) rows cut by columns. Collective. */
static int read_values(reader *r, dsep_table *table) {
    int64_t bad_line = 0;
    int code = dsep_agree(r->ctx, dsep_fault(r->ctx, "table-read"));
    if (code)
        return code;
    const int line_axis = r->matrix.storage == DSEP_H5_CSC;
    if (r->axis == line_axis)
        return dsep_agree_first(r->ctx, read_own_lines(r, table, &bad_line), bad_line);
    if (r->matrix.storage != DSEP_H5_DENSE)
        return read_by_samples(r, table);
    return dsep_agree(r->ctx, read_columns(r, table));
}

/* --- environments --------------------------------------------------------------------------- */

/* A block of the environment's column of the matrix, [block.count]. Not collective. */
static int read_label_values(const reader *r, dsep_block block, double *values, int64_t *bad_line) {
    const dsep_h5_matrix *m = &r->matrix;
    const int64_t n = m->shape[!r->axis], at = r->chosen.environment;
    dsep_error *error = dsep_context_error(r->ctx);
    if (m->storage == DSEP_H5_DENSE)
        return r->axis ? dsep_h5_matrix_block(m, block.first, block.count, at, 1, values, error)
                       : dsep_h5_matrix_block(m, at, 1, block.first, block.count, values, error);
    /* A line of a sparse matrix is a variable, or a sample of which one value counts. */
    const int whole = r->axis == (m->storage == DSEP_H5_CSC);
    const int64_t length = whole ? n : r->n_names;
    int64_t *slots = dsep_array(length, sizeof *slots);
    if (!slots)
        return dsep_out_of_memory(error, "environments");
    for (int64_t i = 0; i < length; i++)
        slots[i] = -1;
    for (int64_t i = 0; whole && i < block.count; i++)
        slots[block.first + i] = i;
    if (!whole)
        slots[at] = 0;
    const int code = dsep_h5_matrix_lines(m, whole ? at : block.first, whole ? 1 : block.count,
                                          slots, whole ? block.count : 1, values, bad_line, error);
    free(slots);
    return code;
}

/* Each rank reads the labels of a block of samples from the matrix. Collective. */
static int read_matrix_labels(reader *r, dsep_table *table) {
    int code = DSEP_OK;
    int64_t bad_line = 0;
    dsep_row_segments segments = {0};
    dsep_error *error = dsep_context_error(r->ctx);
    const dsep_block block =
        dsep_layout_block(table->n_samples, dsep_size(r->ctx), dsep_rank(r->ctx));
    double *values = dsep_array(block.count, sizeof *values);
    DSEP_TRY(dsep_row_segments_even(r->ctx, table->n_samples, &segments));
    int mine = values ? read_label_values(r, block, values, &bad_line)
                      : dsep_out_of_memory(error, "environments");
    if (!mine)
        mine = dsep_labels_add_values(&r->labels, &r->missing, values, block.count, error);
    DSEP_TRY(dsep_agree_first(r->ctx, mine, bad_line));
    DSEP_TRY(dsep_environments_unite(r->ctx, r->settings, &r->labels, &segments, table));
cleanup:
    free(segments.first);
    free(values);
    return code;
}

static int read_h5(reader *r, dsep_table **table) {
    int code = DSEP_OK;
    dsep_name_block names = {0};
    DSEP_TRY(open_matrix(r, &names));
    DSEP_TRY(choose(r, &names));
    DSEP_TRY(dsep_table_create(r->ctx, r->matrix.shape[!r->axis], r->chosen.n_kept, table));
    DSEP_TRY(read_values(r, *table));
    if (r->annotated)
        DSEP_TRY(dsep_environments_unite(r->ctx, r->settings, &r->labels, NULL, *table));
    else if (r->settings->environment)
        DSEP_TRY(read_matrix_labels(r, *table));
    for (int64_t k = 0; k < r->chosen.n_kept; k++) {
        (*table)->names[k] = r->names[r->chosen.kept[k]];
        r->names[r->chosen.kept[k]++] = NULL;
    }
cleanup:
    dsep_name_block_clear(&names);
    return code;
}

int dsep_table_read_h5(dsep_context *ctx, const dsep_table_settings *settings,
                       const dsep_table_path *where, dsep_table **table, int64_t **positions) {
    reader *r = calloc(1, sizeof *r);
    *table = NULL;
    *positions = NULL;
    int code =
        dsep_agree(ctx, r ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a reader"));
    if (!code) {
        *r = (reader){.ctx = ctx, .settings = settings, .where = where};
        r->axis = !settings->transpose;
        code = read_h5(r, table);
    }
    if (code)
        dsep_table_destroy(table);
    if (r) {
        dsep_h5_matrix_close(&r->matrix);
        dsep_names_free(&r->names, r->n_names);
        dsep_missing_clear(&r->missing);
        dsep_labels_clear(&r->labels);
        *positions = code ? NULL : r->chosen.kept;
        if (code)
            free(r->chosen.kept);
    }
    free(r);
    return code;
}
