#include "io/h5matrix.h"

#include "io/h5strings.h"
#include "mpi/amount.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32, OBJECTS_MAX = 100000, LISTED_MAX = 10, LIST_BYTES = 1024 };
enum { CACHE_SLOTS = 12421, CACHE_BYTES = 1 << 26 };

static int wrong(const dsep_h5_matrix *m, const char *what, dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_DATA, "%s: %s: %s", m->shown, m->path, what);
}

/* Number of dimensions and their lengths, -1 where that fails or one is too long. */
static int extent(hid_t dataset, int64_t *lengths, int most) {
    hsize_t dims[H5S_MAX_RANK];
    const hid_t space = H5Dget_space(dataset);
    const int n = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    const int known =
        n >= 0 && n <= H5S_MAX_RANK && H5Sget_simple_extent_dims(space, dims, NULL) == n;
    if (space >= 0)
        H5Sclose(space);
    for (int i = 0; known && i < n && i < most; i++) {
        lengths[i] = (int64_t)dims[i];
        if (dims[i] > INT64_MAX / 16)
            return -1;
    }
    return known ? n : -1;
}

static H5T_class_t class_of(hid_t dataset, int64_t *bytes) {
    const hid_t type = H5Dget_type(dataset);
    const H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    *bytes = type < 0 ? 0 : (int64_t)H5Tget_size(type);
    if (type >= 0)
        H5Tclose(type);
    return class;
}

/* --- the only matrix of a file ----------------------------------------------------------- */

typedef struct {
    int64_t seen, found;
    char first[4096];
    char list[LIST_BYTES];
} search;

static int is_matrix(hid_t object) {
    int64_t lengths[2], bytes = 0;
    const H5T_class_t class = class_of(object, &bytes);
    return (class == H5T_INTEGER || class == H5T_FLOAT) && extent(object, lengths, 2) == 2;
}

static void note_matrix(search *s, const char *path) {
    if (s->found++ == 0)
        snprintf(s->first, sizeof s->first, "%s", path);
    const size_t used = strlen(s->list);
    if (s->found <= LISTED_MAX)
        snprintf(s->list + used, sizeof s->list - used, "%s%s", used ? ", " : "", path);
}

static void search_group(hid_t group, const char *path, int depth, search *s) {
    H5G_info_t info;
    if (depth > DEPTH_MAX || H5Gget_info(group, &info) < 0)
        return;
    for (hsize_t i = 0; i < info.nlinks && s->seen++ < OBJECTS_MAX; i++) {
        char name[512], child[4096];
        if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name,
                               H5P_DEFAULT) < 0)
            continue;
        const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
        if (object < 0)
            continue;
        if (snprintf(child, sizeof child, "%s/%s", path, name) < (int)sizeof child) {
            if (H5Iget_type(object) == H5I_GROUP)
                search_group(object, child, depth + 1, s);
            else if (H5Iget_type(object) == H5I_DATASET && is_matrix(object))
                note_matrix(s, child);
        }
        H5Oclose(object);
    }
}

static int find_only_matrix(dsep_h5_matrix *m, dsep_error *error) {
    search *s = calloc(1, sizeof *s);
    if (!s)
        return dsep_out_of_memory(error, "a search in a file");
    int code = DSEP_OK;
    search_group(m->file, "", 0, s);
    if (s->found == 1)
        snprintf(m->path, sizeof m->path, "%s", s->first);
    else if (s->found == 0)
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: found no two-dimensional dataset of numbers, expected one; name "
                              "the matrix as %s:/path",
                              m->shown, m->shown);
    else
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: found %" PRId64 " two-dimensional datasets (%s%s), expected "
                              "one; say which as %s:%s",
                              m->shown, s->found, s->list, s->found > LISTED_MAX ? ", ..." : "",
                              m->shown, s->first);
    free(s);
    return code;
}

/* --- opening ------------------------------------------------------------------------------- */

/* Refuses a dataset whose values are not all in the file: a declared shape is only a claim. */
static int check_stored(const dsep_h5_matrix *m, hid_t dataset, const int64_t *lengths, int n,
                        int64_t file_bytes, int64_t *chunk_rows, dsep_error *error) {
    int64_t item = 0, needed = 1, values = 1;
    hsize_t chunk[2] = {1, 1}, written = 0;
    class_of(dataset, &item);
    for (int i = 0; i < n; i++)
        values = dsep_bytes(values, lengths[i], 1);
    const hid_t plan = H5Dget_create_plist(dataset);
    const H5D_layout_t layout = plan < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(plan);
    const int chunked = layout == H5D_CHUNKED && H5Pget_chunk(plan, n, chunk) == n;
    if (plan >= 0)
        H5Pclose(plan);
    *chunk_rows = chunked && chunk[0] > 0 ? (int64_t)chunk[0] : 1;
    if (layout == H5D_LAYOUT_ERROR || (layout == H5D_CHUNKED && !chunked))
        return wrong(m, "its storage cannot be read: the file is damaged", error);
    if (!chunked && layout != H5D_VIRTUAL &&
        (values < 0 || dsep_bytes(values, item, 1) < 0 || values * item > file_bytes))
        return wrong(m, "its shape is larger than the file: the file is damaged", error);
    if (!chunked || values == 0)
        return DSEP_OK;
    for (int i = 0; i < n; i++) {
        if (chunk[i] == 0 || chunk[i] > INT64_MAX / 2)
            return wrong(m, "its chunks are damaged", error);
        needed = dsep_bytes(needed, (lengths[i] + (int64_t)chunk[i] - 1) / (int64_t)chunk[i], 1);
    }
    const hid_t space = H5Dget_space(dataset);
    const herr_t counted = H5Dget_num_chunks(dataset, space, &written);
    if (space >= 0)
        H5Sclose(space);
    if (counted < 0)
        return wrong(m, "its chunks cannot be listed: the file is damaged", error);
    if (needed < 0 || (uint64_t)needed > written)
        return wrong(m,
                     "parts of it were never written: its writer was stopped, or its shape is "
                     "damaged; write it again",
                     error);
    return DSEP_OK;
}

static int open_dense(dsep_h5_matrix *m, int64_t file_bytes, dsep_error *error) {
    int64_t bytes = 0;
    const H5T_class_t class = class_of(m->object, &bytes);
    const int n = extent(m->object, m->shape, 2);
    if (n != 2)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s has %d dimension%s, expected 2 (samples x variables); name "
                              "another dataset as FILE:/path",
                              m->shown, m->path, n, dsep_plural(n));
    if (class != H5T_INTEGER && class != H5T_FLOAT)
        return wrong(m, "holds no numbers, expected integers or floats; store it as float64",
                     error);
    return check_stored(m, m->object, m->shape, 2, file_bytes, &m->chunk_rows, error);
}

/* One of the three arrays of a sparse matrix, one-dimensional and of numbers. */
static int open_array(dsep_h5_matrix *m, const char *name, int whole, int64_t expected,
                      int64_t file_bytes, hid_t *array, dsep_error *error) {
    int64_t length = -1, bytes = 0, ignored = 0;
    *array = H5Lexists(m->object, name, H5P_DEFAULT) > 0 ? H5Dopen2(m->object, name, H5P_DEFAULT)
                                                         : H5I_INVALID_HID;
    const int dimensions = *array < 0 ? -1 : extent(*array, &length, 1);
    const H5T_class_t class = *array < 0 ? H5T_NO_CLASS : class_of(*array, &bytes);
    if (dimensions != 1 || !(class == H5T_INTEGER || (class == H5T_FLOAT && !whole)))
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s/%s is missing or no list of %s; the sparse matrix is "
                              "damaged, write it again",
                              m->shown, m->path, name, whole ? "whole numbers" : "numbers");
    if (expected >= 0 && length != expected)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s/%s has %" PRId64 " values, expected %" PRId64
                              "; the sparse matrix is damaged, write it again",
                              m->shown, m->path, name, length, expected);
    m->n_stored = expected < 0 ? length : m->n_stored;
    return check_stored(m, *array, &length, 1, file_bytes, &ignored, error);
}

static int read_shape(dsep_h5_matrix *m, dsep_error *error) {
    const char *name = H5Aexists(m->object, "shape") > 0 ? "shape" : "h5sparse_shape";
    int64_t shape[2] = {-1, -1};
    const hid_t attribute = H5Aopen(m->object, name, H5P_DEFAULT);
    const hid_t space = attribute < 0 ? H5I_INVALID_HID : H5Aget_space(attribute);
    const hid_t type = attribute < 0 ? H5I_INVALID_HID : H5Aget_type(attribute);
    const int good = space >= 0 && type >= 0 && H5Sget_simple_extent_npoints(space) == 2 &&
                     H5Tget_class(type) == H5T_INTEGER &&
                     H5Aread(attribute, H5T_NATIVE_INT64, shape) >= 0;
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (attribute >= 0)
        H5Aclose(attribute);
    if (!good || shape[0] < 0 || shape[1] < 0 || shape[0] > INT64_MAX / 16 ||
        shape[1] > INT64_MAX / 16)
        return wrong(m, "has no shape of two whole numbers: the sparse matrix is damaged", error);
    memcpy(m->shape, shape, sizeof shape);
    return DSEP_OK;
}

static int open_sparse(dsep_h5_matrix *m, int64_t file_bytes, dsep_error *error) {
    char kind[32] = "";
    if (!dsep_h5_attribute_text(m->object, "encoding-type", kind, sizeof kind))
        dsep_h5_attribute_text(m->object, "h5sparse_format", kind, sizeof kind);
    if (strcmp(kind, "csr_matrix") != 0 && strcmp(kind, "csc_matrix") != 0 &&
        strcmp(kind, "csr") != 0 && strcmp(kind, "csc") != 0)
        return wrong(
            m,
            "is a group, and no csr_matrix or csc_matrix of AnnData; expected a dataset or "
            "a sparse matrix",
            error);
    m->storage = kind[2] == 'r' ? DSEP_H5_CSR : DSEP_H5_CSC;
    int code = read_shape(m, error);
    const int64_t lines = m->shape[m->storage == DSEP_H5_CSC];
    if (!code)
        code = open_array(m, "data", 0, -1, file_bytes, &m->data, error);
    if (!code)
        code = open_array(m, "indices", 1, m->n_stored, file_bytes, &m->indices, error);
    if (!code)
        code = open_array(m, "indptr", 1, lines + 1, file_bytes, &m->indptr, error);
    return code;
}

/* "X" of AnnData; else the path that was given, from the root. */
static int choose_object(const dsep_table_path *where, dsep_h5_matrix *m, dsep_error *error) {
    if (*where->inside)
        snprintf(m->path, sizeof m->path, "%s%.4000s", *where->inside == '/' ? "" : "/",
                 where->inside);
    else if (m->h5ad)
        snprintf(m->path, sizeof m->path, "/X");
    else
        return find_only_matrix(m, error);
    return DSEP_OK;
}

/* With room to keep a few large chunks inflated: columns come by parts of chunks. */
static hid_t open_file(const char *path) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_cache(access, 0, CACHE_SLOTS, CACHE_BYTES, 0.75);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

int dsep_h5_matrix_open(const dsep_table_path *where, const char *shown, dsep_h5_matrix *m,
                        dsep_error *error) {
    const hid_t none = H5I_INVALID_HID;
    *m = (dsep_h5_matrix){.shown = shown,
                          .h5ad = where->kind == DSEP_TABLE_H5AD,
                          .object = none,
                          .data = none,
                          .indices = none,
                          .indptr = none};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    m->file = open_file(where->file);
    if (m->file < 0)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: HDF5 cannot open this file: it is no HDF5 file, damaged, or "
                              "still being written; copy or write it again",
                              shown);
    if (!*where->inside && H5Aexists(m->file, "dsep-version") > 0)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: is a result of dsep, expected a table; dsep show tells what is "
                              "in it, and a matrix of it is named as %s:/path",
                              shown, shown);
    int code = choose_object(where, m, error);
    if (code)
        return code;
    m->object = H5Oopen(m->file, m->path, H5P_DEFAULT);
    if (m->object < 0)
        return wrong(m,
                     "there is no such object in the file, or it is damaged; h5ls -r lists "
                     "what there is",
                     error);
    if (H5Iget_type(m->object) == H5I_DATASET)
        return open_dense(m, where->bytes, error);
    if (H5Iget_type(m->object) == H5I_GROUP)
        return open_sparse(m, where->bytes, error);
    return wrong(m, "is neither a dataset nor a group, expected a matrix", error);
}

void dsep_h5_matrix_close(dsep_h5_matrix *m) {
    const hid_t objects[] = {m->data, m->indices, m->indptr, m->object};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (objects[i] > 0)
            H5Oclose(objects[i]);
    if (m->file > 0)
        H5Fclose(m->file);
    m->file = m->object = m->data = m->indices = m->indptr = H5I_INVALID_HID;
}
