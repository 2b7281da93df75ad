#include "io/h5tree.h"

#include "io/h5probe.h"
#include "io/utf8.h"
#include "mpi/memory.h"

#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEPTH = 16,
    CHILDREN = 1 << 20,      /* members of one group; more is no result */
    NODES = 1 << 22,         /* objects in a file; links in circles make endless ones */
    GREATEST_PACKING = 1100, /* gzip cannot pack better than 1032 to 1 */
    TEXT_BYTES = 1 << 30     /* a text of fixed length, times their number */
};

typedef struct {
    const char *path;
    dsep_h5tree_settings settings;
    int64_t file_bytes, nodes;
    dsep_error *error;
} reader;

/* --- nodes -------------------------------------------------------------------------------------
 */

void dsep_h5tree_destroy(dsep_h5tree **tree) {
    if (!tree || !*tree)
        return;
    for (int64_t i = 0; i < (*tree)->n_children; i++)
        dsep_h5tree_destroy(&(*tree)->children[i]);
    for (int64_t i = 0; (*tree)->texts && i < (*tree)->count; i++)
        free((*tree)->texts[i]);
    free((*tree)->texts);
    free((*tree)->integers);
    free((*tree)->reals);
    free((*tree)->children);
    free((*tree)->name);
    free(*tree);
    *tree = NULL;
}

static int short_of_memory(reader *in) {
    return dsep_out_of_memory(in->error, "the content of a result file");
}

static int damaged(reader *in, const char *what) {
    return dsep_error_set(in->error, DSEP_ERROR_DATA,
                          "'%s' is damaged: %s. Write it again, or take a copy of it", in->path,
                          what);
}

/* A new child, or the root when parent is NULL. */
static int add_node(reader *in, dsep_h5tree *parent, const char *name, dsep_h5tree_kind kind,
                    dsep_h5tree **node) {
    if (++in->nodes > NODES)
        return damaged(in, "it has too many objects");
    *node = dsep_array(1, sizeof **node);
    if (!*node)
        return short_of_memory(in);
    (*node)->kind = kind;
    (*node)->name = dsep_utf8_copy(name);
    if (!(*node)->name ||
        (parent && dsep_array_reserve((void **)&parent->children, &parent->capacity,
                                      parent->n_children + 1, sizeof *parent->children, NULL))) {
        dsep_h5tree_destroy(node);
        return short_of_memory(in);
    }
    if (parent)
        parent->children[parent->n_children++] = *node;
    return DSEP_OK;
}

/* --- values ------------------------------------------------------------------------------------
 */

static dsep_h5tree_type type_of(hid_t type) {
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_ENUM:
        return DSEP_H5TREE_INTEGER;
    case H5T_FLOAT:
        return DSEP_H5TREE_REAL;
    case H5T_STRING:
        return DSEP_H5TREE_TEXT;
    default:
        return DSEP_H5TREE_NONE;
    }
}

static int read_shape(reader *in, dsep_h5tree *node, hid_t space) {
    hsize_t shape[H5S_MAX_RANK];
    node->dimensions = H5Sget_simple_extent_ndims(space);
    if (node->dimensions < 0 || node->dimensions > DSEP_H5TREE_DIMENSIONS)
        return damaged(in, "an array has too many dimensions");
    if (H5Sget_simple_extent_dims(space, shape, NULL) < 0)
        return damaged(in, "an array has no shape");
    node->count = H5Sget_simple_extent_type(space) == H5S_NULL ? 0 : 1;
    for (int d = 0; d < node->dimensions; d++) {
        node->shape[d] = shape[d] > INT64_MAX ? -1 : (int64_t)shape[d];
        node->count = dsep_bytes(node->count, node->shape[d], 1);
    }
    return node->count < 0 ? damaged(in, "an array is larger than can be") : DSEP_OK;
}

/* An attribute or a dataset, read alike. */
static herr_t read_into(hid_t object, int attribute, hid_t type, void *values) {
    return attribute ? H5Aread(object, type, values)
                     : H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

static int take_texts(reader *in, dsep_h5tree *node, char **raw) {
    node->texts = dsep_array(node->count, sizeof *node->texts);
    if (!node->texts)
        return short_of_memory(in);
    for (int64_t i = 0; i < node->count; i++) {
        node->texts[i] = dsep_utf8_copy(raw[i] ? raw[i] : "");
        if (!node->texts[i])
            return short_of_memory(in);
    }
    return DSEP_OK;
}

/* Texts of any length: HDF5 allocates each. */
static int read_variable_texts(reader *in, dsep_h5tree *node, hid_t object, hid_t type,
                               hid_t space) {
    char **raw = dsep_array(node->count, sizeof *raw);
    if (!raw)
        return short_of_memory(in);
    const hid_t memory = H5Tcopy(H5T_C_S1);
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(type)); /* HDF5 refuses to convert between ASCII and UTF-8 */
    int code = DSEP_OK;
    if (read_into(object, node->kind == DSEP_H5TREE_ATTRIBUTE, memory, raw) < 0)
        code = damaged(in, "its texts cannot be read");
    else
        code = take_texts(in, node, raw);
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, raw);
    H5Tclose(memory);
    free(raw);
    return code;
}

static int read_fixed_texts(reader *in, dsep_h5tree *node, hid_t object, hid_t type) {
    const size_t length = H5Tget_size(type);
    const int64_t bytes = dsep_bytes(node->count, (int64_t)length + 1, 1);
    if (bytes < 0 || bytes > TEXT_BYTES)
        return damaged(in, "its texts are longer than can be");
    const hid_t memory = H5Tcopy(H5T_C_S1);
    H5Tset_size(memory, length + 1);
    H5Tset_cset(memory, H5Tget_cset(type));
    H5Tset_strpad(memory, H5T_STR_NULLTERM);
    char *letters = dsep_array(bytes, 1);
    char **raw = dsep_array(node->count, sizeof *raw);
    int code = DSEP_OK;
    if (!letters || !raw)
        code = short_of_memory(in);
    else if (read_into(object, node->kind == DSEP_H5TREE_ATTRIBUTE, memory, letters) < 0)
        code = damaged(in, "its texts cannot be read");
    for (int64_t i = 0; !code && i < node->count; i++)
        raw[i] = letters + (size_t)i * (length + 1);
    if (!code)
        code = take_texts(in, node, raw);
    free(raw);
    free(letters);
    H5Tclose(memory);
    return code;
}

static int read_numbers(reader *in, dsep_h5tree *node, hid_t object, hid_t type) {
    void *values = dsep_array(node->count, 8);
    const int whole = node->type == DSEP_H5TREE_INTEGER;
    if (!values)
        return short_of_memory(in);
    if (whole)
        node->integers = values;
    else
        node->reals = values;
    /* an enumeration is read as the integers beneath it: HDF5 converts only those */
    const hid_t base = H5Tget_class(type) == H5T_ENUM ? H5Tget_super(type) : -1;
    herr_t status = 0;
    if (base >= 0) {
        int8_t *narrow = dsep_array(node->count, 1);
        if (!narrow || H5Tget_size(type) != 1)
            status = -1;
        else if (node->count)
            status = read_into(object, node->kind == DSEP_H5TREE_ATTRIBUTE, type, narrow);
        for (int64_t i = 0; status >= 0 && i < node->count; i++)
            node->integers[i] = narrow[i];
        free(narrow);
        H5Tclose(base);
    } else if (node->count) {
        status = read_into(object, node->kind == DSEP_H5TREE_ATTRIBUTE,
                           whole ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE, values);
    }
    return status < 0 ? damaged(in, "its numbers cannot be read") : DSEP_OK;
}

/* More values than the file's bytes can make, packed as they may be, are an invention. */
static int is_plausible(const reader *in, const dsep_h5tree *node, size_t size) {
    return node->count <= DSEP_H5TREE_SMALL ||
           (double)node->count * (double)size <= (double)in->file_bytes * GREATEST_PACKING;
}

static int read_values(reader *in, dsep_h5tree *node, hid_t object, hid_t type, hid_t space) {
    node->type = type_of(type);
    int code = read_shape(in, node, space);
    if (code || node->type == DSEP_H5TREE_NONE || node->count > in->settings.limit)
        return code;
    if (!is_plausible(in, node, H5Tget_size(type)))
        return damaged(in, "an array is larger than the file");
    if (node->type != DSEP_H5TREE_TEXT)
        return read_numbers(in, node, object, type);
    return H5Tis_variable_str(type) > 0 ? read_variable_texts(in, node, object, type, space)
                                        : read_fixed_texts(in, node, object, type);
}

/* --- the walk ----------------------------------------------------------------------------------
 */

/* Whether a path leads to a wanted branch, is one, or lies in one. */
static int is_wanted(const reader *in, const char *path) {
    const char *const *branch = in->settings.branches;
    if (!branch || strcmp(path, "/") == 0)
        return 1;
    for (; *branch; branch++) {
        const size_t a = strlen(path), b = strlen(*branch), shorter = a < b ? a : b;
        if (strncmp(path, *branch, shorter) == 0 &&
            (a == b || (a < b ? (*branch)[a] == '/' : path[b] == '/' && b > 1)))
            return 1;
    }
    return 0;
}

static int read_attribute(reader *in, dsep_h5tree *parent, hid_t object, hsize_t i) {
    char name[256];
    dsep_h5tree *node;
    if (H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name,
                           H5P_DEFAULT) < 0)
        return damaged(in, "an attribute has no name");
    int code = add_node(in, parent, name, DSEP_H5TREE_ATTRIBUTE, &node);
    if (code)
        return code;
    const hid_t attribute =
        H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0)
        return damaged(in, "an attribute cannot be opened");
    const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    code = type < 0 || space < 0 ? damaged(in, "an attribute has no type")
                                 : read_values(in, node, attribute, type, space);
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
    return code;
}

static int read_attributes(reader *in, dsep_h5tree *node, hid_t object) {
    H5O_info_t info;
    int code = DSEP_OK;
    if (H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS) < 0)
        return damaged(in, "an object cannot be described");
    if (info.num_attrs > CHILDREN)
        return damaged(in, "an object has too many attributes");
    for (hsize_t i = 0; !code && i < info.num_attrs; i++)
        code = read_attribute(in, node, object, i);
    return code;
}

static int read_object(reader *in, dsep_h5tree *parent, hid_t file, const char *path,
                       const char *name, int depth);

static int read_member(reader *in, dsep_h5tree *node, hid_t group, const char *path, hsize_t i,
                       int depth) {
    char name[512], below[4096];
    H5L_info_t link;
    const ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name,
                                              sizeof name, H5P_DEFAULT);
    if (length < 0 || length >= (ssize_t)sizeof name ||
        H5Lget_info(group, name, &link, H5P_DEFAULT) < 0)
        return damaged(in, "a member has no name");
    const int written =
        snprintf(below, sizeof below, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name);
    if (written < 0 || written >= (int)sizeof below)
        return damaged(in, "a path is too long");
    /* links that lead elsewhere are not followed: other files are not this result */
    if (link.type != H5L_TYPE_HARD || !is_wanted(in, below))
        return DSEP_OK;
    return read_object(in, node, group, below, name, depth + 1);
}

static int read_members(reader *in, dsep_h5tree *node, hid_t group, const char *path, int depth) {
    H5G_info_t info;
    int code = DSEP_OK;
    if (H5Gget_info(group, &info) < 0)
        return damaged(in, "a group cannot be described");
    if (info.nlinks > CHILDREN)
        return damaged(in, "a group has too many members");
    for (hsize_t i = 0; !code && i < info.nlinks; i++)
        code = read_member(in, node, group, path, i, depth);
    return code;
}

static int read_dataset(reader *in, dsep_h5tree *node, hid_t dataset) {
    const hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    const int code = type < 0 || space < 0 ? damaged(in, "a dataset has no type")
                                           : read_values(in, node, dataset, type, space);
    H5Sclose(space);
    H5Tclose(type);
    return code;
}

static int read_opened(reader *in, dsep_h5tree *node, hid_t object, const char *path, int depth) {
    int code = read_attributes(in, node, object);
    if (code)
        return code;
    return node->kind == DSEP_H5TREE_GROUP ? read_members(in, node, object, path, depth)
                                           : read_dataset(in, node, object);
}

static int read_object(reader *in, dsep_h5tree *parent, hid_t file, const char *path,
                       const char *name, int depth) {
    dsep_h5tree *node;
    if (depth > DEPTH)
        return damaged(in, "its groups are nested too deep");
    const hid_t object = H5Oopen(file, name, H5P_DEFAULT);
    const H5I_type_t type = object < 0 ? H5I_BADID : H5Iget_type(object);
    int code = DSEP_OK;
    if (object < 0)
        return damaged(in, "an object cannot be opened");
    if (type == H5I_GROUP || type == H5I_DATASET) {
        code = add_node(in, parent, name,
                        type == H5I_GROUP ? DSEP_H5TREE_GROUP : DSEP_H5TREE_DATASET, &node);
        if (!code)
            code = read_opened(in, node, object, path, depth);
    }
    H5Oclose(object);
    return code;
}

/* --- the file ----------------------------------------------------------------------------------
 */

static int check_file(reader *in) {
    struct stat found;
    if (stat(in->path, &found) != 0 || access(in->path, R_OK) != 0)
        return dsep_error_set(in->error, DSEP_ERROR_IO, "cannot read '%s': %s", in->path,
                              strerror(errno));
    if (!S_ISREG(found.st_mode))
        return dsep_error_set(in->error, DSEP_ERROR_IO, "cannot read '%s': it is not a file",
                              in->path);
    in->file_bytes = (int64_t)found.st_size;
    return DSEP_OK;
}

static hid_t open_file(const char *path) {
    const hid_t access_list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(access_list, 0, 1); /* some parallel file systems have no locks */
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access_list);
    H5Pclose(access_list);
    return file;
}

static int read_file(reader *in, dsep_h5tree **tree) {
    dsep_h5tree *root;
    int code = add_node(in, NULL, "/", DSEP_H5TREE_GROUP, &root);
    if (code)
        return code;
    const hid_t file = open_file(in->path);
    const hid_t group = file < 0 ? -1 : H5Gopen2(file, "/", H5P_DEFAULT);
    code = group < 0 ? dsep_error_set(in->error, DSEP_ERROR_DATA,
                                      "'%s' is no HDF5 file, or it is damaged", in->path)
                     : read_opened(in, root, group, "/", 0);
    if (group >= 0)
        H5Gclose(group);
    if (file >= 0)
        H5Fclose(file);
    if (code)
        dsep_h5tree_destroy(&root);
    *tree = root;
    return code;
}

static int walk(const char *path, void *argument, dsep_error *error) {
    reader in = *(const reader *)argument;
    dsep_h5tree *tree = NULL;
    in.path = path;
    in.error = error;
    const int code = read_file(&in, &tree);
    dsep_h5tree_destroy(&tree);
    return code;
}

int dsep_h5tree_read(const char *path, const dsep_h5tree_settings *settings, dsep_error *error,
                     dsep_h5tree **tree) {
    reader in = {.path = path, .settings = {.limit = DSEP_H5TREE_SMALL}, .error = error};
    *tree = NULL;
    if (settings)
        in.settings = *settings;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    int code = check_file(&in);
    if (!code)
        code = dsep_h5_probe(path, walk, &in, error);
    return code ? code : read_file(&in, tree);
}

/* --- looking things up -------------------------------------------------------------------------
 */

const dsep_h5tree *dsep_h5tree_find(const dsep_h5tree *tree, const char *path) {
    while (tree && *(path += strspn(path, "/"))) {
        const size_t length = strcspn(path, "/");
        const dsep_h5tree *found = NULL;
        for (int64_t i = tree->n_children - 1; !found && i >= 0; i--)
            if (strncmp(tree->children[i]->name, path, length) == 0 &&
                tree->children[i]->name[length] == '\0')
                found = tree->children[i];
        tree = found;
        path += length;
    }
    return tree;
}

const char *dsep_h5tree_text(const dsep_h5tree *tree, const char *path, const char *fallback) {
    const dsep_h5tree *node = dsep_h5tree_find(tree, path);
    return node && node->texts && node->count == 1 ? node->texts[0] : fallback;
}

int64_t dsep_h5tree_integer(const dsep_h5tree *tree, const char *path, int64_t fallback) {
    const dsep_h5tree *node = dsep_h5tree_find(tree, path);
    return node && node->integers && node->count == 1 ? node->integers[0] : fallback;
}

double dsep_h5tree_real(const dsep_h5tree *tree, const char *path, double fallback) {
    const dsep_h5tree *node = dsep_h5tree_find(tree, path);
    return node && node->reals && node->count == 1 ? node->reals[0] : fallback;
}

int dsep_h5tree_check_result(const dsep_h5tree *tree, const char *path, dsep_error *error) {
    if (strcmp(dsep_h5tree_text(tree, "encoding-type", ""), "dsep-result") == 0)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "'%s' is an HDF5 file but no result of dsep. Name a file that `dsep "
                          "discover -o` wrote",
                          path);
}
