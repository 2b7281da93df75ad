#include "io/table_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static int has_suffix(const char *text, size_t length, const char *suffix) {
    const size_t tail = strlen(suffix);
    return length > tail && strncasecmp(text + length - tail, suffix, tail) == 0;
}

static int names_hdf5(const char *text, size_t length) {
    return has_suffix(text, length, ".h5") || has_suffix(text, length, ".hdf5") ||
           has_suffix(text, length, ".he5") || has_suffix(text, length, ".h5ad");
}

static int exists(const char *path) {
    struct stat found;
    return stat(path, &found) == 0;
}

/* Where the file's name ends: at the first colon after an HDF5 suffix or after a name that is
 * there, unless the whole is a file itself. */
static size_t file_length(const char *path) {
    char head[4096];
    if (exists(path))
        return strlen(path);
    for (const char *colon = strchr(path, ':'); colon; colon = strchr(colon + 1, ':')) {
        snprintf(head, sizeof head, "%.*s", (int)(colon - path), path);
        if (names_hdf5(path, (size_t)(colon - path)) || (*head && exists(head)))
            return (size_t)(colon - path);
    }
    return strlen(path);
}

/* HDF5 allows a user block before its signature, at 512, 1024, ... */
static int is_hdf5(int file, int64_t bytes) {
    unsigned char head[8];
    for (int64_t at = 0; at + 8 <= bytes && at <= (1 << 20); at = at ? 2 * at : 512)
        if (pread(file, head, 8, at) == 8 && memcmp(head, "\211HDF\r\n\032\n", 8) == 0)
            return 1;
    return 0;
}

static dsep_table_kind kind_of(int file, const dsep_table_path *where) {
    const size_t length = strlen(where->file);
    char head[6] = {0};
    const int npy_head = pread(file, head, 6, 0) == 6 && memcmp(head, "\223NUMPY", 6) == 0;
    if (npy_head || has_suffix(where->file, length, ".npy"))
        return DSEP_TABLE_NPY;
    if (has_suffix(where->file, length, ".h5ad"))
        return DSEP_TABLE_H5AD;
    if (names_hdf5(where->file, length) || is_hdf5(file, where->bytes))
        return DSEP_TABLE_HDF5;
    return DSEP_TABLE_TEXT;
}

static int examine(const char *path, int file, dsep_table_path *where, dsep_error *error) {
    struct stat found;
    if (fstat(file, &found) != 0)
        return dsep_error_set(error, DSEP_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(found.st_mode))
        return dsep_error_set(error, DSEP_ERROR_IO,
                              "%s: is a directory, expected a file; name the table in it", path);
    if (!S_ISREG(found.st_mode))
        return dsep_error_set(error, DSEP_ERROR_IO,
                              "%s: is not a regular file; every rank has to read it, so write it "
                              "to a file first",
                              path);
    if (found.st_size == 0)
        return dsep_error_set(error, DSEP_ERROR_DATA, "%s: the file is empty, expected a table",
                              path);
    where->bytes = found.st_size;
    where->kind = kind_of(file, where);
    if (*where->inside && where->kind != DSEP_TABLE_HDF5 && where->kind != DSEP_TABLE_H5AD)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: '%s' is not an HDF5 file, so nothing may follow a colon", path,
                              where->file);
    return DSEP_OK;
}

int dsep_table_path_find(const char *path, dsep_table_path *where, dsep_error *error) {
    const size_t length = file_length(path);
    const char *inside = path[length] ? path + length + 1 : "";
    *where = (dsep_table_path){.kind = DSEP_TABLE_TEXT};
    if (strcmp(path, "-") == 0 && access(path, F_OK) != 0)
        return dsep_error_set(error, DSEP_ERROR_IO,
                              "-: standard input is no table here; every rank has to read it, so "
                              "write it to a file first");
    if (length >= sizeof where->file || strlen(inside) >= sizeof where->inside)
        return dsep_error_set(error, DSEP_ERROR_IO, "%.200s...: the path is too long", path);
    memcpy(where->file, path, length);
    snprintf(where->inside, sizeof where->inside, "%s", inside);
    /* Non-blocking, or opening a named pipe would wait for ever. */
    const int file = open(where->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return dsep_error_set(error, DSEP_ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
    const int code = examine(path, file, where, error);
    close(file);
    return code;
}
