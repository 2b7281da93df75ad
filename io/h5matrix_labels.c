#include "io/h5matrix.h"

#include "io/h5strings.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A column of the table of samples, and its rows as texts. */
typedef struct {
    const dsep_h5_matrix *m;
    const dsep_missing *missing;
    char shown[4096]; /* file and path for messages */
    int64_t n;
    char **categories, **rows; /* [n_categories], [n] */
    int64_t n_categories;
    dsep_error *error;
} column;

static int wrong(const column *c, const char *what) {
    return dsep_error_set(c->error, DSEP_ERROR_DATA,
                          "%s: %s; write the file again, or name another column of environments",
                          c->shown, what);
}

/* Length of a list, -1 for what is none. */
static int64_t length_of(hid_t set) {
    hsize_t length = 0;
    const hid_t space = H5Dget_space(set);
    const int list = space >= 0 && H5Sget_simple_extent_ndims(space) == 1 &&
                     H5Sget_simple_extent_dims(space, &length, NULL) == 1;
    if (space >= 0)
        H5Sclose(space);
    return list && length <= INT64_MAX / 16 ? (int64_t)length : -1;
}

static H5T_class_t class_of(hid_t set) {
    const hid_t type = H5Dget_type(set);
    const H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (type >= 0)
        H5Tclose(type);
    return class;
}

static int is_number(H5T_class_t class) {
    return class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_ENUM;
}

static int read_numbers(const column *c, hid_t set, hid_t type, void *values) {
    return H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0
               ? wrong(c, "the values cannot be read")
               : DSEP_OK;
}

static int add_numbers(const column *c, hid_t set, int64_t count, dsep_name_block *block) {
    char text[32];
    double *values = dsep_array(count, sizeof *values);
    int code = values ? read_numbers(c, set, H5T_NATIVE_DOUBLE, values)
                      : dsep_out_of_memory(c->error, "environments");
    if (!code)
        dsep_missing_replace(c->missing, values, count);
    for (int64_t i = 0; i < count && !code; i++) {
        dsep_label_of_value(values[i], text);
        code = dsep_name_block_add(block, text, text + strlen(text), c->error);
    }
    free(values);
    return code;
}

/* The texts of a list of strings or numbers. */
static int read_texts(const column *c, hid_t set, char ***texts, int64_t *count) {
    dsep_name_block block = {0};
    const H5T_class_t class = class_of(set);
    const int64_t length = length_of(set);
    int code = DSEP_OK;
    if (length < 0 || (class != H5T_STRING && !is_number(class)))
        return wrong(c,
                     "found neither strings nor numbers nor categories, expected a list of them");
    if (class == H5T_STRING)
        code = dsep_h5_read_strings(set, NULL, length, c->shown, &block, c->error);
    else
        code = add_numbers(c, set, length, &block);
    if (!code)
        code = dsep_names_unpack(block.text, block.bytes, length, texts, c->error);
    if (!code)
        *count = length;
    dsep_name_block_clear(&block);
    return code;
}

static int wrong_length(const column *c, int64_t found) {
    return dsep_error_set(c->error, DSEP_ERROR_DATA,
                          "%s: found %" PRId64 " labels, expected %" PRId64
                          ", one for each sample; write the file again",
                          c->shown, found, c->n);
}

static int add_row(const column *c, const char *text, dsep_labels *labels) {
    const char *end = text + strlen(text);
    return dsep_labels_add(labels, text, dsep_missing_is(c->missing, text, end) ? text : end,
                           c->error);
}

/* Rows are codes, numbers of categories; -1 is missing. */
static int take_codes(column *c, hid_t codes, hid_t categories, dsep_labels *labels) {
    const int64_t length = length_of(codes);
    if (class_of(codes) != H5T_INTEGER || length < 0)
        return wrong(c, "its codes are no list of whole numbers");
    if (length != c->n)
        return wrong_length(c, length);
    int64_t *numbers = dsep_array(c->n, sizeof *numbers);
    int code = numbers ? read_texts(c, categories, &c->categories, &c->n_categories)
                       : dsep_out_of_memory(c->error, "environments");
    if (!code)
        code = read_numbers(c, codes, H5T_NATIVE_INT64, numbers);
    for (int64_t i = 0; i < c->n && !code; i++) {
        if (numbers[i] < -1 || numbers[i] >= c->n_categories)
            code = wrong(c, "a code is not the number of a category");
        else
            code = add_row(c, numbers[i] < 0 ? "" : c->categories[numbers[i]], labels);
    }
    free(numbers);
    return code;
}

static int take_list(column *c, hid_t list, dsep_labels *labels) {
    int64_t length = length_of(list);
    if (length >= 0 && length != c->n)
        return wrong_length(c, length);
    int code = read_texts(c, list, &c->rows, &length);
    for (int64_t i = 0; i < c->n && !code; i++)
        code = add_row(c, c->rows[i], labels);
    return code;
}

static hid_t open_list(hid_t file, const char *group, const char *name) {
    char path[8192];
    snprintf(path, sizeof path, "%.4000s/%.4000s", group, name);
    const hid_t found = dsep_h5_open_path(file, path);
    if (found < 0 || H5Iget_type(found) == H5I_DATASET)
        return found;
    H5Oclose(found);
    return H5I_INVALID_HID;
}

static void close_object(hid_t object) {
    if (object >= 0)
        H5Oclose(object);
}

/* A group of codes and categories, or a list; before AnnData 0.8 a list of codes whose categories
 * stand elsewhere. */
static int take_column(column *c, hid_t object, const char *table, const char *path,
                       const char *name, dsep_labels *labels) {
    char old[4096];
    const int group = H5Iget_type(object) == H5I_GROUP;
    snprintf(old, sizeof old, "%.100s/__categories", table);
    const hid_t codes = group ? open_list(c->m->file, path, "codes") : H5I_INVALID_HID;
    const hid_t categories =
        group ? open_list(c->m->file, path, "categories") : open_list(c->m->file, old, name);
    int code = DSEP_OK;
    if (group && (codes < 0 || categories < 0))
        code =
            wrong(c, "found neither strings nor numbers nor categories, expected a list of them");
    else if (categories >= 0)
        code = take_codes(c, group ? codes : object, categories, labels);
    else if (H5Iget_type(object) == H5I_DATASET)
        code = take_list(c, object, labels);
    else
        code = wrong(c, "is neither a list nor a group");
    close_object(codes);
    close_object(categories);
    return code;
}

int dsep_h5_matrix_labels(const dsep_h5_matrix *m, int axis, const char *name,
                          const dsep_missing *missing, dsep_labels *labels, int *found,
                          dsep_error *error) {
    const int raw = strncmp(m->path, "/raw/", 5) == 0;
    const char *table = axis == 0 ? "/obs" : raw ? "/raw/var" : "/var";
    column c = {.m = m, .missing = missing, .n = m->shape[axis], .error = error};
    char path[4096];
    *found = 0;
    if (!m->h5ad || !*name || strchr(name, '/') ||
        snprintf(path, sizeof path, "%s/%s", table, name) >= (int)sizeof path)
        return DSEP_OK;
    const hid_t object = dsep_h5_open_path(m->file, path);
    if (object < 0)
        return DSEP_OK;
    *found = 1;
    snprintf(c.shown, sizeof c.shown, "%.2000s: %.2000s", m->shown, path);
    const int code = take_column(&c, object, table, path, name, labels);
    H5Oclose(object);
    dsep_names_free(&c.categories, c.n_categories);
    dsep_names_free(&c.rows, c.n);
    return code;
}
