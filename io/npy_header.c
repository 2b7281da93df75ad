#include "io/table_npy.h"

#include "io/text_parse.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER_MAX = 1 << 20, AXES_MAX = 8 };

/* A cursor over the header's text, a Python dictionary. */
typedef struct {
    const char *at, *end;
    const char *shown;
    dsep_error *error;
} cursor;

static int bad(const cursor *c, const char *what) {
    return dsep_error_set(c->error, DSEP_ERROR_DATA,
                          "%s: %s; write it again with numpy.save(), as a two-dimensional array "
                          "of numbers",
                          c->shown, what);
}

static void skip_space(cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
}

static int take(cursor *c, char wanted) {
    skip_space(c);
    if (c->at >= c->end || *c->at != wanted)
        return 0;
    c->at++;
    return 1;
}

/* A quoted string without escapes, into a buffer. */
static int take_string(cursor *c, char *text, int64_t room) {
    skip_space(c);
    const char quote = c->at < c->end ? *c->at : 0;
    if (quote != '\'' && quote != '"')
        return 0;
    const char *begin = ++c->at;
    const char *close = memchr(begin, quote, (size_t)(c->end - begin));
    if (!close || close - begin >= room)
        return 0;
    memcpy(text, begin, (size_t)(close - begin));
    text[close - begin] = 0;
    c->at = close + 1;
    return 1;
}

static int take_word(cursor *c, const char *word) {
    skip_space(c);
    const int64_t length = (int64_t)strlen(word);
    if (c->end - c->at < length || memcmp(c->at, word, (size_t)length) != 0)
        return 0;
    c->at += length;
    return 1;
}

static int take_count(cursor *c, int64_t *count) {
    skip_space(c);
    const char *begin = c->at;
    *count = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*count, 10, count) ||
            __builtin_add_overflow(*count, *c->at - '0', count))
            return 0;
    const int found = c->at > begin;
    take(c, 'L'); /* Python 2 wrote long numbers so */
    return found;
}

/* (n,) or (n, p) or more; the number of axes, -1 when it is no shape. */
static int take_shape(cursor *c, int64_t *axes) {
    int n = 0;
    if (!take(c, '('))
        return -1;
    while (!take(c, ')')) {
        if (n >= AXES_MAX || !take_count(c, &axes[n++]))
            return -1;
        if (!take(c, ',')) {
            if (!take(c, ')'))
                return -1;
            break;
        }
    }
    return n;
}

static int set_type(const cursor *c, const char *text, dsep_npy_header *header) {
    static const char *const known[] = {"f4", "f8", "i1", "i2", "i4", "i8",
                                        "u1", "u2", "u4", "u8", "b1"};
    const uint16_t probe = 1;
    const int little = *(const unsigned char *)&probe == 1;
    const char order = *text;
    if (strlen(text) == 3 && strchr("<>=|", order))
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (strcmp(text + 1, known[i]) == 0) {
                header->type = known[i][0];
                header->item = known[i][1] - '0';
                header->swap = header->item > 1 && order == (little ? '>' : '<');
                return DSEP_OK;
            }
    char shown[32];
    dsep_text_excerpt(text, text + strlen(text), shown, sizeof shown);
    return dsep_error_set(c->error, DSEP_ERROR_DATA,
                          "%s: found values of type '%s', expected floats of 4 or 8 bytes, "
                          "integers or booleans; convert it with a.astype('float64')",
                          c->shown, shown);
}

static int set_shape(const cursor *c, const int64_t *axes, int n, dsep_npy_header *header) {
    if (n != 2)
        return dsep_error_set(c->error, DSEP_ERROR_DATA,
                              "%s: found an array of %d dimension%s, expected 2 (samples x "
                              "variables); reshape it, for example with a.reshape(n, p)",
                              c->shown, n, n == 1 ? "" : "s");
    header->shape[0] = axes[0];
    header->shape[1] = axes[1];
    return DSEP_OK;
}

static int parse_header(cursor *c, dsep_npy_header *header) {
    char key[32], descr[64] = "";
    int64_t axes[AXES_MAX];
    int n_axes = -1, fortran = -1;
    if (!take(c, '{'))
        return bad(c, "the header is damaged, expected a dictionary");
    while (!take(c, '}')) {
        if (!take_string(c, key, sizeof key) || !take(c, ':'))
            return bad(c, "the header is damaged, expected a key");
        if (strcmp(key, "descr") == 0 && !take_string(c, descr, sizeof descr))
            return bad(c, "found a structured or unknown type of values, expected numbers");
        if (strcmp(key, "fortran_order") == 0)
            fortran = take_word(c, "True") ? 1 : take_word(c, "False") ? 0 : -1;
        if (strcmp(key, "shape") == 0)
            n_axes = take_shape(c, axes);
        if (!take(c, ',') && !(c->at < c->end && *c->at == '}'))
            return bad(c, "the header is damaged, expected 'descr', 'fortran_order' and 'shape'");
    }
    if (!*descr || fortran < 0 || n_axes < 0)
        return bad(c, "the header is damaged, expected 'descr', 'fortran_order' and 'shape'");
    header->fortran = fortran;
    const int code = set_type(c, descr, header);
    return code ? code : set_shape(c, axes, n_axes, header);
}

static int check_size(const cursor *c, int64_t file_bytes, const dsep_npy_header *header) {
    const int64_t expected = dsep_bytes(header->shape[0], header->shape[1], header->item);
    const int64_t found = file_bytes - header->start;
    if (expected == found)
        return DSEP_OK;
    return dsep_error_set(c->error, DSEP_ERROR_DATA,
                          "%s: the header says %" PRId64 " x %" PRId64
                          " values of %d bytes, but the file holds "
                          "%" PRId64 " bytes of values, %s; it is damaged: copy or write it again",
                          c->shown, header->shape[0], header->shape[1], header->item, found,
                          expected < 0 || found < expected ? "too few" : "too many");
}

int dsep_npy_read_header(int file, int64_t file_bytes, const char *shown, dsep_npy_header *header,
                         dsep_error *error) {
    unsigned char head[12] = {0};
    cursor c = {.shown = shown, .error = error};
    *header = (dsep_npy_header){0};
    const ssize_t got = pread(file, head, sizeof head, 0);
    if (got < 10 || memcmp(head, "\223NUMPY", 6) != 0)
        return bad(&c, "this is no .npy file");
    if (head[6] < 1 || head[6] > 3)
        return bad(&c, "the .npy format has an unknown version, expected 1.0, 2.0 or 3.0");
    const int64_t prefix = head[6] == 1 ? 10 : 12;
    int64_t length = head[8] | head[9] << 8;
    if (head[6] > 1)
        length |= (int64_t)head[10] << 16 | (int64_t)head[11] << 24;
    header->start = prefix + length;
    if (header->start > file_bytes || length > HEADER_MAX)
        return bad(&c, "the header is damaged: it is longer than the file or than 1 MB");
    char *text = dsep_array(length, 1);
    if (!text)
        return dsep_out_of_memory(error, "the header of an .npy file");
    c.at = text;
    c.end = text + length;
    int code = pread(file, text, (size_t)length, prefix) == length
                   ? parse_header(&c, header)
                   : bad(&c, "the header cannot be read");
    free(text);
    return code ? code : check_size(&c, file_bytes, header);
}
