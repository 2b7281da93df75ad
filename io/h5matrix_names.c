#include "io/h5matrix.h"

#include "io/h5strings.h"

#include <stdio.h>
#include <string.h>

/* Where names were found. */
typedef struct {
    char path[8192];
    hid_t object;
    const char *member; /* a field of an old table */
} place;

hid_t dsep_h5_open_path(hid_t file, const char *path) {
    char head[8192];
    for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
        const char *next = strchr(slash + 1, '/');
        const size_t length = next ? (size_t)(next - path) : strlen(path);
        if (length >= sizeof head)
            return H5I_INVALID_HID;
        memcpy(head, path, length);
        head[length] = 0;
        if (H5Lexists(file, head, H5P_DEFAULT) <= 0)
            return H5I_INVALID_HID;
    }
    return H5Oopen(file, path, H5P_DEFAULT);
}

static int open_strings(hid_t file, const char *group, const char *name, place *found) {
    if (snprintf(found->path, sizeof found->path, "%.4000s/%.4000s", group, name) >=
        (int)sizeof found->path)
        return 0;
    found->object = dsep_h5_open_path(file, found->path);
    if (found->object >= 0 && H5Iget_type(found->object) == H5I_DATASET)
        return 1;
    if (found->object >= 0)
        H5Oclose(found->object);
    found->object = H5I_INVALID_HID;
    return 0;
}

/* The table var or obs beside X: a group of columns, or one compound dataset in old files. */
static int find_annotated(const dsep_h5_matrix *m, int axis, place *found) {
    const char *table = strncmp(m->path, "/raw/", 5) == 0 ? (axis ? "/raw/var" : "/raw/obs")
                                                          : (axis ? "/var" : "/obs");
    char index[512] = "";
    found->object = dsep_h5_open_path(m->file, table);
    if (found->object < 0)
        return 0;
    if (H5Iget_type(found->object) == H5I_DATASET) {
        snprintf(found->path, sizeof found->path, "%s", table);
        found->member = "index";
        return 1;
    }
    const int named = dsep_h5_attribute_text(found->object, "_index", index, sizeof index);
    H5Oclose(found->object);
    return (named && open_strings(m->file, table, index, found)) ||
           open_strings(m->file, table, "_index", found) ||
           open_strings(m->file, table, "index", found);
}

static int find_beside(const dsep_h5_matrix *m, place *found) {
    char group[4096];
    const char *last = strrchr(m->path, '/');
    const int length = last ? (int)(last - m->path) : 0;
    snprintf(group, sizeof group, "%.*s/variables", length < 4000 ? length : 0, m->path);
    return open_strings(m->file, group, "_index", found) ||
           open_strings(m->file, "/variables", "_index", found);
}

int dsep_h5_matrix_names(const dsep_h5_matrix *m, int axis, dsep_name_block *names,
                         dsep_error *error) {
    place found = {.object = H5I_INVALID_HID};
    char shown[4096];
    const int there = m->h5ad ? find_annotated(m, axis, &found) : find_beside(m, &found);
    const int attribute = !there && H5Aexists(m->object, "names") > 0;
    snprintf(shown, sizeof shown, "%.2000s: %.1000s%s", m->shown, attribute ? m->path : found.path,
             attribute ? " (attribute names)" : "");
    if (attribute)
        return dsep_h5_read_attribute_strings(m->object, "names", m->shape[axis], shown, names,
                                              error);
    if (!there)
        return DSEP_OK;
    const int code =
        dsep_h5_read_strings(found.object, found.member, m->shape[axis], shown, names, error);
    H5Oclose(found.object);
    return code;
}
