#include "jobs/output_path.h"

#include "mpi/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Where the file's name ends in FILE.h5:PLACE; a colon elsewhere belongs to the name. */
static size_t file_length(const char *data) {
    static const char *const suffixes[] = {".h5:", ".hdf5:", ".he5:", ".h5ad:"};
    for (const char *at = data; *at; at++)
        for (int i = 0; i < 4; i++)
            if (strncasecmp(at, suffixes[i], strlen(suffixes[i])) == 0)
                return (size_t)(at - data) + strlen(suffixes[i]) - 1;
    return strlen(data);
}

static char *default_path(const char *data) {
    const int length = (int)file_length(data);
    const char *slash = memrchr(data, '/', (size_t)length);
    const char *name = slash ? slash + 1 : data;
    const int left = (int)(data + length - name);
    int stem = left > 0; /* a leading dot belongs to the name */
    char *path = NULL;
    while (stem < left && name[stem] != '.' && name[stem] != ':')
        stem++;
    return asprintf(&path, "%.*s.dsep.h5", stem, name) < 0 ? NULL : path;
}

/* Whether two paths lead to one existing file. */
static int same_file(const char *left, const char *right) {
    struct stat a, b;
    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Whether a path is the data: their whole name, or what stands before any colon in it. */
static int is_data(const char *path, const char *data) {
    int clash = same_file(path, data);
    for (const char *colon = strchr(data, ':'); colon && !clash; colon = strchr(colon + 1, ':')) {
        char *file = strndup(data, (size_t)(colon - data));
        clash = file && same_file(path, file);
        free(file);
    }
    return clash;
}

int dsep_output_path(const char *asked, const char *data, dsep_error *error, char **path) {
    int code = DSEP_OK;
    *path = asked ? strdup(asked) : default_path(data);
    if (!*path)
        return dsep_out_of_memory(error, "a path");
    if (!ends_with(*path, ".h5") && !ends_with(*path, ".hdf5"))
        code =
            dsep_error_set(error, DSEP_ERROR_USAGE,
                           "--output %s: a result is an HDF5 file; give it a name in .h5", *path);
    else if (is_data(*path, data))
        code = dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--output %s is the data itself; choose another name", *path);
    if (code) {
        free(*path);
        *path = NULL;
    }
    return code;
}

/* A place where nothing can be written is said before the work, not after it. */
int dsep_output_writable(const char *path, dsep_error *error) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder)
        return dsep_out_of_memory(error, "a folder's name");
    const int refused = access(folder, W_OK | X_OK) == 0 ? 0 : errno;
    free(folder);
    return refused ? dsep_error_set(error, DSEP_ERROR_IO,
                                    "cannot write '%s': %s. Nothing was begun; make the folder, or "
                                    "choose another place",
                                    path, strerror(refused))
                   : DSEP_OK;
}

/* --- what a command reads and writes -------------------------------------------------------- */

static const char *const written[] = {"output", "truth", "log-json", "progress-file", NULL};
static const char *const reading[] = {"study", "knowledge", "model", "replay", "data", NULL};

/* The file that a text option names; NULL where it is not given, or is none of this command's. */
static const char *file_of(const dsep_invocation *call, const char *name) {
    const char *const *field = dsep_options_field(call, name);
    return field ? *field : NULL;
}

static int over(const char *name, const char *path, const char *read, dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "--%s %s would be written over '%s', which is read; choose another name",
                          name, path, read);
}

/* One output against all that is read. */
static int spares_read(const dsep_invocation *call, const char *name, const char *path,
                       dsep_error *error) {
    for (int i = 0; i < call->n_arguments; i++)
        if (is_data(path, call->arguments[i]))
            return over(name, path, call->arguments[i], error);
    for (const char *const *of = reading; *of; of++) {
        const char *read = file_of(call, *of);
        if (read && is_data(path, read))
            return over(name, path, read, error);
    }
    return DSEP_OK;
}

int dsep_output_spares(const dsep_invocation *call, dsep_error *error) {
    int code = DSEP_OK;
    for (const char *const *name = written; *name && !code; name++) {
        const char *path = file_of(call, *name);
        if (!path)
            continue;
        code = spares_read(call, *name, path, error);
        for (const char *const *before = written; before < name && !code; before++) {
            const char *other = file_of(call, *before);
            if (other && strcmp(other, path) == 0)
                code = dsep_error_set(error, DSEP_ERROR_USAGE,
                                      "--%s and --%s are both '%s'; give two files", *name, *before,
                                      path);
        }
    }
    return code;
}
