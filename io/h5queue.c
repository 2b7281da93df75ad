#include "io/h5queue.h"

#include "mpi/memory.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The texts and their letters in one piece, so that one free() ends them. */
static char **copy_texts(char *const *texts, int64_t count, int64_t *bytes) {
    int64_t letters = 0;
    for (int64_t i = 0; i < count; i++)
        letters += (int64_t)strlen(texts[i] ? texts[i] : "") + 1;
    *bytes = letters;
    char **copy = dsep_array(count * (int64_t)sizeof *copy + letters, 1);
    char *at = (char *)(copy + count);
    for (int64_t i = 0; copy && i < count; i++) {
        const char *text = texts[i] ? texts[i] : "";
        const size_t length = strlen(text) + 1;
        copy[i] = at;
        memcpy(at, text, length);
        at += length;
    }
    return copy;
}

static void item_clear(dsep_h5queue_item *item) {
    free(item->object);
    free(item->name);
    free(item->texts);
}

void dsep_h5queue_add(dsep_h5queue *queue, dsep_h5queue_item item) {
    const int named = item.name != NULL;
    item.object = strdup(item.object);
    item.name = named ? strdup(item.name) : NULL;
    item.texts = copy_texts(item.texts, item.count, &item.bytes);
    if (!item.object || (named && !item.name) || !item.texts ||
        dsep_array_reserve((void **)&queue->items, &queue->capacity, queue->count + 1,
                           sizeof *queue->items, NULL)) {
        item_clear(&item);
        queue->failed = 1;
        return;
    }
    queue->bytes += 1024 + item.bytes + 48 * item.count;
    queue->items[queue->count++] = item;
}

void dsep_h5queue_clear(dsep_h5queue *queue) {
    for (int64_t i = 0; i < queue->count; i++)
        item_clear(&queue->items[i]);
    free(queue->items);
    *queue = (dsep_h5queue){0};
}

static herr_t first_reason(unsigned n, const H5E_error2_t *entry, void *argument) {
    char **text = argument;
    if (n == 0)
        *text = entry->desc ? strdup(entry->desc) : NULL;
    return 0;
}

/* "... error message = 'No space left on device', buf = ..." is for programmers. */
static const char *system_message(char *reason) {
    static const char mark[] = "error message = '";
    char *found = strstr(reason, mark);
    if (!found)
        return reason;
    found += sizeof mark - 1;
    found[strcspn(found, "'")] = '\0';
    return found;
}

void dsep_h5_reason(char *text, int64_t size) {
    char *reason = NULL;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_reason, &reason);
    snprintf(text, (size_t)size, "%s", reason ? system_message(reason) : "HDF5 gave no reason");
    free(reason);
}

static hid_t text_type(void) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* The type in which h5py keeps truth values. */
static hid_t flag_type(void) {
    const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    int8_t value = 0;
    H5Tenum_insert(type, "FALSE", &value);
    value = 1;
    H5Tenum_insert(type, "TRUE", &value);
    return type;
}

/* Properties that let a link make the groups above it. */
static hid_t linking(void) {
    const hid_t properties = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(properties, 1);
    return properties;
}

/* The file, and why the first thing failed: HDF5's next call forgets it. */
typedef struct {
    hid_t file;
    char reason[256];
} writer;

static herr_t note(writer *out, herr_t status) {
    if (status < 0 && !*out->reason)
        dsep_h5_reason(out->reason, sizeof out->reason);
    return status < 0 ? -1 : 0;
}

static hid_t note_id(writer *out, hid_t id) {
    note(out, id < 0 ? -1 : 0);
    return id;
}

/* H5Lexists() fails where a group above is missing, so every step is asked for. */
static int exists(hid_t file, const char *path) {
    char step[1024];
    const size_t length = strlen(path);
    for (size_t i = 1; i <= length && i < sizeof step; i++)
        if (i == length || path[i] == '/') {
            memcpy(step, path, i);
            step[i] = '\0';
            if (H5Lexists(file, step, H5P_DEFAULT) <= 0)
                return 0;
        }
    return 1;
}

static hid_t open_or_make(writer *out, const char *path) {
    if (strcmp(path, "/") == 0 || exists(out->file, path))
        return note_id(out, H5Oopen(out->file, path, H5P_DEFAULT));
    const hid_t links = linking();
    const hid_t group = note_id(out, H5Gcreate2(out->file, path, links, H5P_DEFAULT, H5P_DEFAULT));
    H5Pclose(links);
    return group;
}

static herr_t write_attribute(writer *out, hid_t object, const dsep_h5queue_item *item) {
    const hsize_t shape = (hsize_t)item->count;
    const int8_t flag = item->integer != 0;
    const void *value = NULL;
    hid_t type = -1;
    switch (item->kind) {
    case DSEP_H5QUEUE_TEXT:
    case DSEP_H5QUEUE_TEXTS:
        type = text_type(), value = item->texts;
        break;
    case DSEP_H5QUEUE_REAL:
        type = H5Tcopy(H5T_NATIVE_DOUBLE), value = &item->real;
        break;
    case DSEP_H5QUEUE_FLAG:
        type = flag_type(), value = &flag;
        break;
    default:
        type = H5Tcopy(H5T_NATIVE_INT64), value = &item->integer;
    }
    const hid_t space = item->kind == DSEP_H5QUEUE_TEXTS ? H5Screate_simple(1, &shape, NULL)
                                                         : H5Screate(H5S_SCALAR);
    if (H5Aexists(object, item->name) > 0)
        H5Adelete(object, item->name);
    const hid_t attribute =
        note_id(out, H5Acreate2(object, item->name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    herr_t status = attribute < 0 ? -1 : 0;
    if (attribute >= 0 && !(item->kind == DSEP_H5QUEUE_TEXTS && shape == 0))
        status = note(out, H5Awrite(attribute, type, value));
    if (attribute >= 0 && note(out, H5Aclose(attribute)) < 0)
        status = -1;
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

static herr_t write_dataset(writer *out, const dsep_h5queue_item *item) {
    const hsize_t shape = (hsize_t)item->count;
    const hid_t type = text_type(), space = H5Screate_simple(1, &shape, NULL), links = linking();
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(properties, 0); /* the same run gives the same bytes */
    const hid_t dataset = note_id(
        out, H5Dcreate2(out->file, item->object, type, space, links, properties, H5P_DEFAULT));
    herr_t status = dataset < 0 ? -1 : 0;
    if (dataset >= 0 && shape > 0)
        status = note(out, H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, item->texts));
    if (dataset >= 0 && note(out, H5Dclose(dataset)) < 0)
        status = -1;
    H5Pclose(properties);
    H5Pclose(links);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

static herr_t write_item(writer *out, const dsep_h5queue_item *item) {
    if (item->kind == DSEP_H5QUEUE_DATASET)
        return write_dataset(out, item);
    const hid_t object = open_or_make(out, item->object);
    if (object < 0)
        return -1;
    const herr_t status = item->kind == DSEP_H5QUEUE_GROUP ? 0 : write_attribute(out, object, item);
    return note(out, H5Oclose(object)) < 0 ? -1 : status;
}

int dsep_h5queue_write(const dsep_h5queue *queue, const char *path, dsep_error *error) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(access, 0, 1); /* some parallel file systems have no locks */
    writer out = {.reason = ""};
    out.file = note_id(&out, H5Fopen(path, H5F_ACC_RDWR, access));
    herr_t status = out.file < 0 ? -1 : 0;
    for (int64_t i = 0; status >= 0 && i < queue->count; i++)
        status = write_item(&out, &queue->items[i]);
    if (out.file >= 0 && note(&out, H5Fclose(out.file)) < 0)
        status = -1;
    H5Pclose(access);
    return status < 0 ? dsep_error_set(error, DSEP_ERROR_IO, "%s", out.reason) : DSEP_OK;
}
