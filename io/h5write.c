#include "io/h5write.h"

#include "io/disk_space.h"
#include "io/h5queue.h"
#include "io/replace_file.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COMPRESS_FROM = 1 << 20,  /* bytes of a column */
    CHUNK_ELEMENTS = 1 << 16, /* elements compressed together */
    ROUND_BYTES = 1 << 29     /* a rank writes no more at once; MPI counts are 32 bits */
};

struct dsep_h5write {
    dsep_context *ctx;
    char *path, *temporary;
    hid_t file;        /* -1 once closed */
    int descriptor;    /* rank 0: the same file, for reserving space and for fsync; else -1 */
    int failed;        /* the first error, agreed */
    char reason[256];  /* HDF5's, kept because its next call forgets it; "" when all is well */
    int64_t reserved;  /* bytes asked for so far */
    dsep_h5queue late; /* rank 0: what waits for the commit */
    char *table;       /* the table that columns go to, or NULL */
    int64_t rows;
    char **columns; /* [n_columns] its columns so far */
    int64_t n_columns, columns_capacity;
};

/* --- errors ---------------------------------------------------------------------------------- */

static int write_failed(dsep_h5write *file, const char *reason) {
    return dsep_fail(file->ctx, DSEP_ERROR_IO,
                     "cannot write '%s': %s. Nothing was changed there; free some space or choose "
                     "another place with -o",
                     file->path, reason);
}

static void keep_reason(dsep_h5write *file) {
    dsep_h5_reason(file->reason, sizeof file->reason);
}

static int hdf5_failed(dsep_h5write *file) {
    return write_failed(file, file->reason);
}

/* Agrees, and remembers a failure for all later calls. */
static int settle(dsep_h5write *file, int mine) {
    file->failed = dsep_agree(file->ctx, mine);
    return file->failed;
}

/* --- the second phase's queue ------------------------------------------------------------------
 */

static void later(dsep_h5write *file, dsep_h5queue_item item) {
    if (dsep_rank(file->ctx) == 0 && !file->failed)
        dsep_h5queue_add(&file->late, item);
}

void dsep_h5write_group(dsep_h5write *file, const char *path) {
    later(file, (dsep_h5queue_item){.kind = DSEP_H5QUEUE_GROUP, .object = (char *)path});
}

void dsep_h5write_attribute_text(dsep_h5write *file, const char *object, const char *name,
                                 const char *value) {
    later(file, (dsep_h5queue_item){.kind = DSEP_H5QUEUE_TEXT,
                                    .object = (char *)object,
                                    .name = (char *)name,
                                    .texts = (char **)&value,
                                    .count = 1});
}

void dsep_h5write_attribute_integer(dsep_h5write *file, const char *object, const char *name,
                                    int64_t value) {
    later(file, (dsep_h5queue_item){.kind = DSEP_H5QUEUE_INTEGER,
                                    .object = (char *)object,
                                    .name = (char *)name,
                                    .integer = value});
}

void dsep_h5write_attribute_real(dsep_h5write *file, const char *object, const char *name,
                                 double value) {
    later(file, (dsep_h5queue_item){.kind = DSEP_H5QUEUE_REAL,
                                    .object = (char *)object,
                                    .name = (char *)name,
                                    .real = value});
}

void dsep_h5write_attribute_texts(dsep_h5write *file, const char *object, const char *name,
                                  const char *const *values, int64_t count) {
    later(file, (dsep_h5queue_item){.kind = DSEP_H5QUEUE_TEXTS,
                                    .object = (char *)object,
                                    .name = (char *)name,
                                    .texts = (char **)values,
                                    .count = count});
}

static void encode(dsep_h5write *file, const char *object, const char *type) {
    dsep_h5write_attribute_text(file, object, "encoding-type", type);
    dsep_h5write_attribute_text(file, object, "encoding-version", "0.2.0");
}

static void text_dataset(dsep_h5write *file, const char *path, const char *const *values,
                         int64_t count) {
    later(file, (dsep_h5queue_item){.kind = DSEP_H5QUEUE_DATASET,
                                    .object = (char *)path,
                                    .texts = (char **)values,
                                    .count = count});
    encode(file, path, "string-array");
}

/* --- space -------------------------------------------------------------------------------------
 */

/* Takes the space before HDF5 needs it: when a disk fills up inside a collective write of
 * metadata, HDF5 1.10 leaves ranks waiting for each other, or crashes. Rank 0 acts. */
static int reserve(dsep_h5write *file, int64_t bytes) {
    file->reserved += bytes;
    const int reason =
        dsep_rank(file->ctx) == 0 ? dsep_disk_reserve(file->descriptor, file->reserved) : 0;
    return reason ? write_failed(file, strerror(reason)) : DSEP_OK;
}

/* --- opening and closing -----------------------------------------------------------------------
 */

static void release(dsep_h5write **file) {
    dsep_h5write *gone = *file;
    dsep_h5queue_clear(&gone->late);
    for (int64_t i = 0; i < gone->n_columns; i++)
        free(gone->columns[i]);
    free(gone->columns);
    free(gone->table);
    free(gone->temporary);
    free(gone->path);
    free(gone);
    *file = NULL;
}

static dsep_h5write *allocate(dsep_context *ctx, const char *path) {
    dsep_h5write *file = dsep_array(1, sizeof *file);
    if (!file)
        return NULL;
    file->ctx = ctx;
    file->file = file->descriptor = -1;
    file->path = strdup(path);
    if (!file->path)
        release(&file);
    return file;
}

/* The plain open comes first because its reasons are the system's, which users know. */
static int open_alone(dsep_h5write *file) {
    struct stat found;
    if (stat(file->path, &found) == 0 && S_ISDIR(found.st_mode))
        return write_failed(file, "it is a folder");
    file->descriptor = open(file->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return file->descriptor < 0 ? write_failed(file, strerror(errno)) : DSEP_OK;
}

static int open_together(dsep_h5write *file) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    /* A rank alone needs no MPI-IO, which keeps a file of its own in a place that such programs
     * share. */
    if (dsep_size(file->ctx) == 1 ||
        H5Pset_fapl_mpio(access, dsep_comm(file->ctx), MPI_INFO_NULL) >= 0)
        file->file = H5Fcreate(file->temporary, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (file->file < 0)
        keep_reason(file);
    H5Pclose(access);
    return file->file < 0 ? hdf5_failed(file) : DSEP_OK;
}

int dsep_h5write_create(dsep_context *ctx, const char *path, dsep_h5write **file) {
    int code = DSEP_OK;
    *file = NULL;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    dsep_h5write *made = allocate(ctx, path);
    code = made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a result file");
    if ((code = dsep_agree(ctx, code)) != DSEP_OK) {
        if (made)
            release(&made);
        return code;
    }
    DSEP_TRY(dsep_replace_begin(ctx, path, &made->temporary));
    code = dsep_fault(ctx, "write-open");
    if (!code && dsep_rank(ctx) == 0)
        code = open_alone(made);
    DSEP_AGREE(ctx, code);
    DSEP_AGREE(ctx, reserve(made, 1 << 16));
    DSEP_AGREE(ctx, open_together(made));
    *file = made;
    return DSEP_OK;
cleanup:
    dsep_h5write_abandon(&made);
    return code;
}

void dsep_h5write_abandon(dsep_h5write **file) {
    if (!file || !*file)
        return;
    if ((*file)->file >= 0)
        H5Fclose((*file)->file);
    if ((*file)->descriptor >= 0) {
        close((*file)->descriptor);
        unlink((*file)->temporary);
    }
    dsep_barrier((*file)->ctx); /* on return it is gone, for every rank */
    release(file);
}

/* --- numbers -----------------------------------------------------------------------------------
 */

static hid_t native(dsep_h5_type type) {
    switch (type) {
    case DSEP_H5_INT8:
        return H5T_NATIVE_INT8;
    case DSEP_H5_INT32:
        return H5T_NATIVE_INT32;
    case DSEP_H5_INT64:
        return H5T_NATIVE_INT64;
    default:
        return H5T_NATIVE_DOUBLE;
    }
}

static int64_t elements(const dsep_h5write_slab *slab, const int64_t *extent) {
    int64_t product = 1;
    for (int d = 0; d < slab->dimensions; d++)
        product = dsep_bytes(product, extent[d], 1);
    return product;
}

static hid_t creation(const dsep_h5write_slab *slab, int64_t bytes) {
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY); /* one rank as many: the same bytes */
    H5Pset_obj_track_times(properties, 0);               /* the same run gives the same bytes */
    if (slab->dimensions != 1 || bytes < COMPRESS_FROM)
        return properties;
    const hsize_t chunk = CHUNK_ELEMENTS;
    H5Pset_chunk(properties, 1, &chunk);
    H5Pset_shuffle(properties);
    H5Pset_deflate(properties, 1);
    return properties;
}

static hid_t make_dataset(dsep_h5write *file, const char *path, dsep_h5_type type,
                          const dsep_h5write_slab *slab, int64_t bytes) {
    hsize_t shape[DSEP_H5WRITE_DIMENSIONS];
    for (int d = 0; d < slab->dimensions; d++)
        shape[d] = (hsize_t)slab->shape[d];
    const hid_t space = H5Screate_simple(slab->dimensions, shape, NULL);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), properties = creation(slab, bytes);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t dataset =
        H5Dcreate2(file->file, path, native(type), space, links, properties, H5P_DEFAULT);
    if (dataset < 0)
        keep_reason(file);
    H5Pclose(properties);
    H5Pclose(links);
    H5Sclose(space);
    return dataset;
}

/* Writes rows first .. first + count - 1 of this rank's block. */
static herr_t write_rows(dsep_h5write *file, hid_t dataset, dsep_h5_type type,
                         const dsep_h5write_slab *slab, int64_t first, int64_t count,
                         const char *values) {
    hsize_t start[DSEP_H5WRITE_DIMENSIONS], extent[DSEP_H5WRITE_DIMENSIONS];
    for (int d = 0; d < slab->dimensions; d++) {
        const int64_t corner = slab->first[d] + (d == 0 ? first : 0);
        start[d] = (hsize_t)corner;
        extent[d] = (hsize_t)(d == 0 ? count : slab->count[d]);
    }
    const hid_t transfer = H5Pcreate(H5P_DATASET_XFER), disk = H5Dget_space(dataset);
    const hid_t memory = H5Screate_simple(slab->dimensions, extent, NULL);
    if (dsep_size(file->ctx) > 1)
        H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
    if (count == 0) {
        H5Sselect_none(disk);
        H5Sselect_none(memory);
    } else {
        H5Sselect_hyperslab(disk, H5S_SELECT_SET, start, NULL, extent, NULL);
    }
    const herr_t status = H5Dwrite(dataset, native(type), memory, disk, transfer, values);
    if (status < 0)
        keep_reason(file);
    H5Sclose(memory);
    H5Sclose(disk);
    H5Pclose(transfer);
    return status;
}

/* As many collective rounds on every rank as the largest block needs. */
static int write_rounds(dsep_h5write *file, hid_t dataset, dsep_h5_type type,
                        const dsep_h5write_slab *slab, const char *values) {
    int code = DSEP_OK;
    const int64_t mine = elements(slab, slab->count), rows = mine ? slab->count[0] : 0;
    const int64_t row_bytes = rows ? mine / rows * (int64_t)H5Tget_size(native(type)) : 1;
    const int64_t step = row_bytes < ROUND_BYTES ? ROUND_BYTES / row_bytes : 1;
    int64_t rounds = (rows + step - 1) / step;
    dsep_max_i64(file->ctx, &rounds, 1);
    for (int64_t i = 0; !code && i < rounds; i++) {
        const int64_t first = i * step < rows ? i * step : rows;
        const int64_t count = rows - first < step ? rows - first : step;
        const herr_t status = write_rows(file, dataset, type, slab, first, count,
                                         values ? values + first * row_bytes : "");
        code = dsep_agree(file->ctx, status < 0 ? hdf5_failed(file) : DSEP_OK);
    }
    return code;
}

/* Blocks that do not cover the array are a fault of the caller that no reader could see. */
static int check_slab(dsep_h5write *file, const char *path, const dsep_h5write_slab *slab) {
    int64_t sum = elements(slab, slab->count), inside = 1;
    const int64_t total = elements(slab, slab->shape);
    for (int d = 0; d < slab->dimensions; d++)
        inside &= slab->count[d] >= 0 && slab->first[d] >= 0 &&
                  slab->count[d] <= slab->shape[d] - slab->first[d];
    const int64_t mine = sum;
    dsep_sum_i64(file->ctx, &sum, 1);
    if (total < 0 || sum != total || (mine && !inside))
        return dsep_fail(file->ctx, DSEP_ERROR_INTERNAL, "the parts of '%s' do not cover it", path);
    return DSEP_OK;
}

static int write_slab(dsep_h5write *file, const char *path, dsep_h5_type type,
                      const dsep_h5write_slab *slab, const void *values) {
    int code = file->failed;
    hid_t dataset = -1;
    if (code)
        return code;
    const int64_t size = (int64_t)H5Tget_size(native(type));
    DSEP_TRY(settle(file, check_slab(file, path, slab)));
    const int64_t bytes = elements(slab, slab->shape) * size;
    code = dsep_fault(file->ctx, "write-data");
    DSEP_TRY(settle(file, code ? code : reserve(file, bytes + 4096)));
    dataset = make_dataset(file, path, type, slab, bytes);
    DSEP_TRY(settle(file, dataset < 0 ? hdf5_failed(file) : DSEP_OK));
    code = write_rounds(file, dataset, type, slab, values);
    if (H5Dclose(dataset) < 0 && !code) {
        keep_reason(file);
        code = hdf5_failed(file);
    }
    DSEP_TRY(settle(file, code));
cleanup:
    return code;
}

dsep_h5write_slab dsep_h5write_line(int64_t total, dsep_block mine) {
    return (dsep_h5write_slab){1, {total}, {mine.first}, {mine.count}};
}

int dsep_h5write_array(dsep_h5write *file, const char *path, dsep_h5_type type,
                       const dsep_h5write_slab *slab, const void *values) {
    encode(file, path, "array");
    return write_slab(file, path, type, slab, values);
}

/* --- tables ------------------------------------------------------------------------------------
 */

static void path_in_table(const dsep_h5write *file, const char *name, char path[1024]) {
    snprintf(path, 1024, "%s/%s", file->table ? file->table : "", name);
}

/* The order of columns is known when the table ends. */
static void end_table(dsep_h5write *file) {
    if (file->table)
        dsep_h5write_attribute_texts(file, file->table, "column-order",
                                     (const char *const *)file->columns, file->n_columns);
    for (int64_t i = 0; i < file->n_columns; i++)
        free(file->columns[i]);
    file->n_columns = 0;
    free(file->table);
    file->table = NULL;
}

static void add_column(dsep_h5write *file, const char *name) {
    char *copy = strdup(name);
    if (!copy || dsep_array_reserve((void **)&file->columns, &file->columns_capacity,
                                    file->n_columns + 1, sizeof *file->columns, NULL)) {
        free(copy);
        file->late.failed = 1;
        return;
    }
    file->columns[file->n_columns++] = copy;
}

static int number_rows(dsep_h5write *file, const char *path) {
    const dsep_block mine =
        dsep_layout_block(file->rows, dsep_size(file->ctx), dsep_rank(file->ctx));
    int64_t *numbers = dsep_array(mine.count, sizeof *numbers);
    int code = settle(file, numbers ? DSEP_OK
                                    : dsep_out_of_memory(dsep_context_error(file->ctx),
                                                         "the row numbers of a table"));
    for (int64_t i = 0; !code && i < mine.count; i++)
        numbers[i] = mine.first + i;
    const dsep_h5write_slab slab = dsep_h5write_line(file->rows, mine);
    if (!code)
        code = dsep_h5write_array(file, path, DSEP_H5_INT64, &slab, numbers);
    free(numbers);
    return code;
}

int dsep_h5write_table(dsep_h5write *file, const char *path, int64_t rows, int named,
                       const char *const *index) {
    char at[1024];
    if (file->failed)
        return file->failed;
    end_table(file);
    file->rows = rows;
    file->table = strdup(path);
    if (settle(file, file->table ? DSEP_OK
                                 : dsep_out_of_memory(dsep_context_error(file->ctx), "a table")))
        return file->failed;
    encode(file, path, "dataframe");
    dsep_h5write_attribute_text(file, path, "_index", "_index");
    path_in_table(file, "_index", at);
    if (!named)
        return number_rows(file, at);
    text_dataset(file, at, index, rows);
    return DSEP_OK;
}

int dsep_h5write_column(dsep_h5write *file, const char *name, dsep_h5_type type, dsep_block mine,
                        const void *values) {
    char at[1024];
    const dsep_h5write_slab slab = dsep_h5write_line(file->rows, mine);
    path_in_table(file, name, at);
    add_column(file, name);
    return dsep_h5write_array(file, at, type, &slab, values);
}

int dsep_h5write_categories(dsep_h5write *file, const char *name, const char *const *categories,
                            int64_t n_categories, dsep_block mine, const int8_t *codes) {
    char at[1024], part[1100];
    const dsep_h5write_slab slab = dsep_h5write_line(file->rows, mine);
    path_in_table(file, name, at);
    add_column(file, name);
    encode(file, at, "categorical");
    later(file, (dsep_h5queue_item){
                    .kind = DSEP_H5QUEUE_FLAG, .object = at, .name = "ordered", .integer = 0});
    snprintf(part, sizeof part, "%s/categories", at);
    text_dataset(file, part, categories, n_categories);
    snprintf(part, sizeof part, "%s/codes", at);
    return dsep_h5write_array(file, part, DSEP_H5_INT8, &slab, codes);
}

void dsep_h5write_texts(dsep_h5write *file, const char *name, const char *const *values) {
    char at[1024];
    path_in_table(file, name, at);
    add_column(file, name);
    text_dataset(file, at, values, file->rows);
}

/* --- the commit --------------------------------------------------------------------------------
 */

static int close_together(dsep_h5write *file) {
    const herr_t status = H5Fclose(file->file);
    if (status < 0)
        keep_reason(file);
    file->file = -1;
    return status < 0 ? hdf5_failed(file) : DSEP_OK;
}

/* Rank 0: texts and attributes; the truncation gives back what was reserved too much. */
static int finish_alone(dsep_h5write *file) {
    dsep_error error = {0};
    struct stat found;
    if (file->late.failed)
        return dsep_out_of_memory(dsep_context_error(file->ctx), "the texts of a result file");
    if (reserve(file, file->late.bytes + (1 << 16)))
        return DSEP_ERROR_IO;
    if (dsep_h5queue_write(&file->late, file->temporary, &error))
        return write_failed(file, error.text);
    if (fstat(file->descriptor, &found) != 0 || ftruncate(file->descriptor, found.st_size) != 0)
        return write_failed(file, strerror(errno));
    return DSEP_OK;
}

int dsep_h5write_commit(dsep_h5write **file) {
    dsep_h5write *done = *file;
    dsep_context *ctx = done->ctx;
    int code = done->failed;
    if (code)
        goto cleanup;
    end_table(done);
    DSEP_AGREE(ctx, dsep_fault(ctx, "write-close"));
    DSEP_AGREE(ctx, close_together(done));
    code = dsep_rank(ctx) == 0 ? finish_alone(done) : DSEP_OK;
    if (done->descriptor >= 0)
        close(done->descriptor);
    done->descriptor = -1;
    code = dsep_replace_finish(ctx, code, done->temporary, done->path);
cleanup:
    dsep_h5write_abandon(file);
    return code;
}
