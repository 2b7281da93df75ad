#include "jobs/output_path.h"

#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static char *default_path(const char *data) {
    const char *slash = strrchr(data, '/');
    const char *name = slash ? slash + 1 : data;
    const size_t stem = strcspn(name + 1, ".:") + 1;
    char *path = NULL;
    return asprintf(&path, "%.*s.dsep.h5", (int)stem, name) < 0 ? NULL : path;
}

/* Whether two paths lead to one existing file. */
static int same_file(const char *left, const char *right) {
    struct stat a, b;
    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

int dsep_output_path(const char *asked, const char *data, dsep_error *error, char **path) {
    *path = asked ? strdup(asked) : default_path(data);
    if (!*path)
        return dsep_out_of_memory(error, "a path");
    if (!ends_with(*path, ".h5") && !ends_with(*path, ".hdf5"))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--output %s: a result is an HDF5 file; give it a name in .h5",
                              *path);
    char *file = strndup(data, strcspn(data, ":"));
    const int clash = file && same_file(*path, file);
    free(file);
    if (clash)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--output %s is the data itself; choose another name", *path);
    return DSEP_OK;
}
