#include "io/h5strings.h"

#include "mpi/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIXED_MAX = 1 << 16 };

/* A place strings can be read from: a dataset or an attribute. */
typedef struct {
    hid_t object, type, space; /* type: of a string in the file */
    int attribute;
    const char *member, *shown;
    dsep_error *error;
} strings;

static int wrong(const strings *s, const char *what) {
    return dsep_error_set(s->error, DSEP_ERROR_DATA, "%s: %s; write the file again", s->shown,
                          what);
}

static int read_into(const strings *s, hid_t type, void *buffer) {
    hid_t whole = type;
    if (s->member) {
        whole = H5Tcreate(H5T_COMPOUND, H5Tget_size(type));
        if (whole < 0 || H5Tinsert(whole, s->member, 0, type) < 0) {
            H5Tclose(whole);
            return wrong(s, "the names cannot be read");
        }
    }
    const herr_t outcome = s->attribute
                               ? H5Aread(s->object, whole, buffer)
                               : H5Dread(s->object, whole, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer);
    if (s->member)
        H5Tclose(whole);
    return outcome < 0 ? wrong(s, "the names cannot be read") : DSEP_OK;
}

static int read_variable(const strings *s, hid_t type, int64_t count, dsep_name_block *names) {
    char **texts = dsep_array(count, sizeof *texts);
    int code = texts ? DSEP_OK : dsep_out_of_memory(s->error, "names");
    if (!code)
        code = H5Tset_size(type, H5T_VARIABLE) < 0 ? wrong(s, "the names have an unknown type")
                                                   : read_into(s, type, texts);
    const int filled = code == DSEP_OK;
    for (int64_t i = 0; i < count && !code; i++) {
        const char *text = texts[i] ? texts[i] : "";
        code = dsep_name_block_add(names, text, text + strlen(text), s->error);
    }
    for (int64_t i = 0; i < count && filled; i++)
        H5free_memory(texts[i]);
    free(texts);
    return code;
}

static int read_fixed(const strings *s, hid_t type, int64_t count, dsep_name_block *names) {
    const int64_t size = (int64_t)H5Tget_size(s->type) + 1;
    if (size < 2 || size > FIXED_MAX)
        return wrong(s, "the names have an impossible length");
    const int64_t bytes = dsep_bytes(count, size, 1);
    char *texts = bytes < 0 || bytes > dsep_memory_available() ? NULL : dsep_array(bytes, 1);
    int code = texts ? DSEP_OK : dsep_out_of_memory(s->error, "names");
    if (!code)
        code = H5Tset_size(type, (size_t)size) < 0 ? wrong(s, "the names have an unknown type")
                                                   : read_into(s, type, texts);
    for (int64_t i = 0; i < count && !code; i++)
        code = dsep_name_block_add(names, texts + i * size,
                                   texts + i * size + strnlen(texts + i * size, (size_t)size - 1),
                                   s->error);
    free(texts);
    return code;
}

static int read_strings(const strings *s, int64_t expected, dsep_name_block *names) {
    const int64_t count = s->space < 0 ? -1 : (int64_t)H5Sget_simple_extent_npoints(s->space);
    if (s->type < 0 || H5Tget_class(s->type) != H5T_STRING)
        return wrong(s, "found no strings, expected names");
    if (count < 0 || (expected >= 0 && count != expected))
        return dsep_error_set(s->error, DSEP_ERROR_DATA,
                              "%s: found %" PRId64 " names, expected %" PRId64
                              ", one for each variable; write the file again",
                              s->shown, count, expected);
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_cset(type, H5Tget_cset(s->type));
    const int code = H5Tis_variable_str(s->type) > 0 ? read_variable(s, type, count, names)
                                                     : read_fixed(s, type, count, names);
    H5Tclose(type);
    return code;
}

/* The type of one field of a table. */
static hid_t member_type(hid_t whole, const char *member) {
    const int index =
        whole >= 0 && H5Tget_class(whole) == H5T_COMPOUND ? H5Tget_member_index(whole, member) : -1;
    return index < 0 ? H5I_INVALID_HID : H5Tget_member_type(whole, (unsigned)index);
}

static void close_type(hid_t type) {
    if (type >= 0)
        H5Tclose(type);
}

int dsep_h5_read_strings(hid_t dataset, const char *member, int64_t expected, const char *shown,
                         dsep_name_block *names, dsep_error *error) {
    const hid_t whole = H5Dget_type(dataset);
    strings s = {.object = dataset, .member = member, .shown = shown, .error = error};
    s.type = member ? member_type(whole, member) : whole;
    s.space = H5Dget_space(dataset);
    const int code = read_strings(&s, expected, names);
    if (member)
        close_type(s.type);
    close_type(whole);
    if (s.space >= 0)
        H5Sclose(s.space);
    return code;
}

int dsep_h5_read_attribute_strings(hid_t object, const char *attribute, int64_t expected,
                                   const char *shown, dsep_name_block *names, dsep_error *error) {
    strings s = {.attribute = 1, .shown = shown, .error = error};
    s.object = H5Aopen(object, attribute, H5P_DEFAULT);
    if (s.object < 0)
        return wrong(&s, "the attribute cannot be read");
    s.type = H5Aget_type(s.object);
    s.space = H5Aget_space(s.object);
    const int code = read_strings(&s, expected, names);
    close_type(s.type);
    if (s.space >= 0)
        H5Sclose(s.space);
    H5Aclose(s.object);
    return code;
}

int dsep_h5_attribute_text(hid_t object, const char *attribute, char *text, int64_t room) {
    dsep_name_block block = {0};
    int found = H5Aexists(object, attribute) > 0 &&
                !dsep_h5_read_attribute_strings(object, attribute, 1, "", &block, NULL) &&
                block.bytes <= room;
    if (found)
        memcpy(text, block.text, (size_t)block.bytes);
    dsep_name_block_clear(&block);
    return found;
}
