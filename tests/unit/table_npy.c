/* NumPy files: every type and order against the values written, and hostile headers. */
#include "io/table_read.h"
#include "mpi/exchange.h"
#include "tests/support/refusal.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

enum { N = 7, P = 5 };

/* Small whole numbers, so that every type holds them. */
static double cell(int64_t i, int64_t j) {
    return (double)((i * i * 3 + j * 5 + i * j) % 11 * (j + 1) % 13);
}

static void swap(unsigned char *bytes, int size) {
    for (int b = 0; b < size / 2; b++) {
        const unsigned char kept = bytes[b];
        bytes[b] = bytes[size - 1 - b];
        bytes[size - 1 - b] = kept;
    }
}

static int store(const char *type, double value, unsigned char *bytes) {
    const int size = type[2] - '0';
    const int64_t whole = (int64_t)value;
    const float narrow = (float)value;
    if (type[1] != 'f')
        memcpy(bytes, &whole, (size_t)size); /* this machine is little-endian */
    else if (size == 4)
        memcpy(bytes, &narrow, 4);
    else
        memcpy(bytes, &value, 8);
    if (*type == '>')
        swap(bytes, size);
    return size;
}

/* Rank 0 writes magic, version, header and bytes. */
static const char *put(int version, const char *header, const void *bytes, int64_t count) {
    const char *path = tap_path("t.npy");
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "wb");
        const unsigned length = (unsigned)strlen(header);
        const unsigned char head[12] = {0x93,
                                        'N',
                                        'U',
                                        'M',
                                        'P',
                                        'Y',
                                        (unsigned char)version,
                                        0,
                                        length & 255,
                                        (length >> 8) & 255,
                                        0,
                                        0};
        fwrite(head, 1, version == 1 ? 10 : 12, file);
        fwrite(header, 1, length, file);
        fwrite(bytes, 1, (size_t)count, file);
        fclose(file);
    }
    dsep_barrier(ctx);
    return path;
}

static int table_is(const dsep_table *t, int64_t n, int64_t p, int flipped) {
    int good = t->n_samples == n && t->n_variables == p && strcmp(t->names[0], "V1") == 0;
    for (int64_t j = 0; good && j < t->mine.count; j++)
        for (int64_t i = 0; i < n; i++) {
            const int64_t k = t->mine.first + j;
            good &= t->values[j * n + i] == (flipped ? cell(k, i) : cell(i, k));
        }
    return good;
}

static void reads(const char *type, int fortran, int version, int transposed) {
    unsigned char bytes[N * P * 8], *at = bytes;
    char header[128];
    dsep_table *table = NULL;
    for (int64_t a = 0; a < (fortran ? P : N); a++)
        for (int64_t b = 0; b < (fortran ? N : P); b++)
            at += store(type, fortran ? cell(b, a) : cell(a, b), at);
    snprintf(header, sizeof header,
             "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }   \n", type,
             fortran ? "True" : "False", N, P);
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put(version, header, bytes, at - bytes);
    s.transpose = transposed;
    const int code = dsep_table_read(ctx, &s, &table);
    if (code)
        tap_note("%s", dsep_context_error(ctx)->text);
    tap_ok(!code && (transposed ? table_is(table, P, N, 1) : table_is(table, N, P, 0)),
           "%s, %s order, version %d%s", type, fortran ? "Fortran" : "C", version,
           transposed ? ", transposed" : "");
    dsep_table_destroy(&table);
}

static void fails(dsep_table_settings s, int expected, const char *phrase) {
    refusal_of_table(ctx, &s, expected, phrase, phrase);
}

static void fails_header(int version, const char *header, int64_t values, int expected,
                         const char *phrase) {
    double zeros[64] = {0};
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put(version, header, zeros, values * 8);
    fails(s, expected, phrase);
}

#define HEADER(descr, order, shape)                                                                \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"

static void test_hostile(void) {
    fails_header(1, HEADER("'<f8'", "False", "(3, 2)"), 5, 3, "too few");
    fails_header(1, HEADER("'<f8'", "False", "(3, 2)"), 7, 3, "too many");
    fails_header(1, HEADER("'<f8'", "False", "(6,)"), 6, 3, "array of 1 dimension, expected 2");
    fails_header(1, HEADER("'<f8'", "False", "()"), 1, 3, "array of 0 dimensions");
    fails_header(1, HEADER("'<f8'", "False", "(1, 2, 3)"), 6, 3, "array of 3 dimensions");
    fails_header(1, HEADER("'<c16'", "False", "(1, 2)"), 4, 3, "type '<c16'");
    fails_header(1, HEADER("'|O'", "False", "(1, 2)"), 4, 3, "type '|O'");
    fails_header(1, HEADER("[('a', '<f8')]", "False", "(6,)"), 6, 3, "structured");
    fails_header(1, HEADER("'<f8'", "False", "(4294967296, 4294967296)"), 6, 3, "too few");
    fails_header(1, HEADER("'<f8'", "False", "(99999999999999999999, 2)"), 6, 3, "damaged");
    fails_header(1, HEADER("'<f8'", "False", "(-3, 2)"), 6, 3, "damaged");
    fails_header(1, HEADER("'<f8'", "Maybe", "(3, 2)"), 6, 3, "damaged");
    fails_header(1, "{'descr': '<f8', 'shape': (3, 2)}", 6, 3, "fortran_order");
    fails_header(1, "{'descr': '<f8", 6, 3, "structured or unknown");
    fails_header(1, "", 6, 3, "damaged");
    fails_header(9, HEADER("'<f8'", "False", "(3, 2)"), 6, 3, "unknown version");
    fails_header(1, HEADER("'<f8'", "False", "(0, 2)"), 0, 3, "found 0 samples");
    fails_header(1, HEADER("'<f8'", "False", "(0, 4611686018427387904)"), 0, 4, "more than the");
    dsep_table_settings s = dsep_table_default_settings();
    s.path = tap_path("short.npy");
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(s.path, "wb");
        fwrite("\223NUMPY\2\0\377\377\377\377", 1, 12, file);
        fclose(file);
    }
    dsep_barrier(ctx);
    fails(s, 3, "longer than the file");
}

static void test_values(void) {
    const double zero = 0, v[] = {1, 2, 3, zero / zero, 5, 7, 8, 1 / zero};
    const double good[] = {1, 2, 3, -9, 5, 7, 8, 1};
    const char *header = HEADER("'<f8'", "False", "(4, 2)");
    dsep_table *table = NULL;
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put(1, header, v, sizeof v);
    fails(s, 3, "row 4, column 2 ('V2'): found an infinite value");
    s.drop = "V2";
    fails(s, 3, "found 1 variable");
    s = dsep_table_default_settings();
    s.path = put(1, header, good, sizeof good);
    s.missing = "-9";
    fails(s, 3, "1 missing cell in 1 of 4 rows");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    tap_ok(!dsep_table_read(ctx, &s, &table) && table->n_samples == 3 && table->n_missing[1] == 1 &&
               strstr(table->notes, "dropped 1 of 4 rows"),
           "a number may stand for missing in .npy too");
    dsep_table_destroy(&table);
}

static void test_booleans(void) {
    const unsigned char bytes[] = {1, 0, 0, 1, 1, 1};
    dsep_table *table = NULL;
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put(1, HEADER("'|b1'", "False", "(3, 2)"), bytes, sizeof bytes);
    int good = !dsep_table_read(ctx, &s, &table);
    for (int64_t j = 0; good && j < table->mine.count; j++)
        for (int64_t i = 0; i < 3; i++)
            good &= table->values[j * 3 + i] == bytes[i * 2 + table->mine.first + j];
    tap_ok(good, "booleans are 0 and 1");
    dsep_table_destroy(&table);
}

/* So wide that rows are read and turned in several batches on any number of ranks up to 4. */
static void test_wide(void) {
    enum { ROWS = 1000, COLUMNS = 40000 };
    unsigned char *bytes = malloc((size_t)ROWS * COLUMNS);
    dsep_table *table = NULL;
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < COLUMNS; j++)
            bytes[i * COLUMNS + j] = (unsigned char)(i * i * 7 + j * 5 + i * j);
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put(1, HEADER("'|u1'", "False", "(1000, 40000)"), bytes, (int64_t)ROWS * COLUMNS);
    s.drop = "3";
    int good = !dsep_table_read(ctx, &s, &table) && table->n_variables == COLUMNS - 1;
    for (int64_t j = 0; good && j < table->mine.count; j++) {
        const int64_t column = table->mine.first + j, from = column + (column > 1);
        for (int64_t i = 0; i < ROWS; i++)
            good &= table->values[j * ROWS + i] == bytes[i * COLUMNS + from];
    }
    tap_ok(good, "40,000 columns of 1,000 rows, one of them left out");
    dsep_table_destroy(&table);
    free(bytes);
}

int main(int argc, char **argv) {
    static const char *const types[] = {"<f4", "<f8", ">f4", ">f8", "|i1", "<i2", ">i2", "<i4",
                                        ">i4", "<i8", ">i8", "|u1", "<u2", "<u4", ">u8"};
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        reads(types[i], i % 2, 1 + (int)i % 3, 0);
    for (int k = 0; k < 4; k++)
        reads("<f8", k & 1, 1, k >> 1);
    test_booleans();
    test_wide();
    test_hostile();
    test_values();
    return tap_end();
}
