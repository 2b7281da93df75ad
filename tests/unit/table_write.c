/* Tables out: the same bytes for any number of ranks, whole or not at all. */
#include "io/table_write.h"
#include "io/edge_csv_write.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { P = 300, N = 700 }; /* four pieces */

static dsep_context *ctx;
static char *names[P];

static double cell(int64_t i, int64_t j) {
    if (i == 3 && j == 5)
        return NAN;
    if (j == 0)
        return (double)i;
    return j == 1 ? -1e300 / (double)(i + 1)
                  : sin((double)(i * P + j)) * exp((double)(j % 40 - 20));
}

static void fill(const void *state, int64_t first, int64_t count, double *rows) {
    (void)state;
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < P; j++)
            rows[i * P + j] = cell(first + i, j);
}

static const dsep_row_source source = {N, P, names, fill, NULL};

static void make_names(void) {
    for (int j = 0; j < P; j++) {
        char text[32];
        snprintf(text, sizeof text, j == 2 ? "a \"b\", c" : j == 4 ? "x\xc3\xa9" : "V%d", j);
        names[j] = strdup(text);
    }
}

/* The whole file, with a zero at its end; NULL where there is none. */
static char *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    *size = 0;
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(*size + 1, 1);
    *size = fread(bytes, 1, *size, file);
    fclose(file);
    return bytes;
}

/* The table as one process would write it, plainly. */
static char *serial_text(char separator, size_t *size) {
    char *text = NULL, number[32];
    FILE *stream = open_memstream(&text, size);
    for (int j = 0; j < P; j++) {
        if (j == 2)
            fprintf(stream, "%c\"a \"\"b\"\", c\"", separator);
        else
            fprintf(stream, "%s%s", j ? (char[]){separator, 0} : "", names[j]);
    }
    fputc('\n', stream);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < P; j++) {
            dsep_csv_format_number(cell(i, j), number);
            fprintf(stream, "%s%c", number, j + 1 < P ? separator : '\n');
        }
    fclose(stream);
    return text;
}

static int write_to(const char *name) {
    char path[512];
    tap_directory();
    snprintf(path, sizeof path, "%s", tap_path(name));
    return dsep_table_write(ctx, path, &source);
}

static void test_text(const char *name, char separator) {
    size_t size = 0, wanted_size = 0;
    tap_ok(write_to(name) == 0, "%s is written", name);
    char *got = slurp(tap_path(name), &size), *wanted = serial_text(separator, &wanted_size);
    tap_ok(got && size == wanted_size && memcmp(got, wanted, size) == 0,
           "%s has the bytes of a serial writing", name);
    tap_ok(tap_nothing_beside(tap_path(name)), "%s left nothing beside it", name);
    free(got);
    free(wanted);
}

static void test_compressed(void) {
    size_t wanted_size = 0;
    tap_ok(write_to("t.csv.gz") == 0, "t.csv.gz is written");
    char *wanted = serial_text(',', &wanted_size), *got = calloc(wanted_size + 2, 1);
    gzFile file = gzopen(tap_path("t.csv.gz"), "rb");
    const int size = gzread(file, got, (unsigned)wanted_size + 1);
    gzclose(file);
    tap_ok(size == (int)wanted_size && memcmp(got, wanted, wanted_size) == 0,
           "t.csv.gz unpacks to the serial text");
    free(got);
    free(wanted);
}

static void test_npy(void) {
    size_t size = 0;
    tap_ok(write_to("t.npy") == 0, "t.npy is written");
    char *got = slurp(tap_path("t.npy"), &size);
    tap_ok(size == 128 + 8ul * N * P && memcmp(got, "\x93NUMPY\x01\x00\x76\x00", 10) == 0 &&
               strncmp(got + 10, "{'descr': '<f8', 'fortran_order': False, 'shape': (700, 300), }",
                       63) == 0 &&
               got[127] == '\n',
           "t.npy has a header that NumPy reads");
    int same = 1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < P; j++) {
            double value;
            memcpy(&value, got + 128 + 8 * ((size_t)i * P + j), 8);
            same &= value == cell(i, j) || (isnan(value) && isnan(cell(i, j)));
        }
    tap_ok(same, "t.npy holds the values");
    free(got);
}

static int h5_names(hid_t file) {
    char *got[P] = {NULL};
    const hid_t data = H5Dopen2(file, "/variables/_index", H5P_DEFAULT);
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    int same = H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0;
    for (int j = 0; j < P; j++) {
        same &= got[j] && strcmp(got[j], names[j]) == 0;
        free(got[j]);
    }
    H5Tclose(type);
    H5Dclose(data);
    return same && H5Aexists_by_name(file, "/variables", "encoding-type", H5P_DEFAULT) > 0 &&
           H5Aexists_by_name(file, "/variables", "column-order", H5P_DEFAULT) > 0 &&
           H5Aexists_by_name(file, "/variables", "_index", H5P_DEFAULT) > 0;
}

static void test_h5(void) {
    tap_ok(write_to("t.h5") == 0, "t.h5 is written");
    const hid_t file = H5Fopen(tap_path("t.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t data = H5Dopen2(file, "/data", H5P_DEFAULT), space = H5Dget_space(data);
    hsize_t shape[2] = {0};
    H5Sget_simple_extent_dims(space, shape, NULL);
    tap_ok(shape[0] == N && shape[1] == P, "t.h5 has samples x variables at /data");
    double *values = malloc(sizeof(double[N][P]));
    int same = H5Dread(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < P; j++)
            same &=
                values[i * P + j] == cell(i, j) || (isnan(values[i * P + j]) && isnan(cell(i, j)));
    tap_ok(same, "t.h5 holds the values");
    tap_ok(h5_names(file), "t.h5 holds the names, as a table that AnnData reads");
    free(values);
    H5Sclose(space);
    H5Dclose(data);
    H5Fclose(file);
    dsep_barrier(ctx);
}

static void test_numbers(void) {
    const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},      {1.0 / 3, "0.3333333333333333"},    {-0.0, "-0"},
                 {1e22, "1e+22"},   {0.1 + 0.2, "0.30000000000000004"}, {NAN, "NA"},
                 {INFINITY, "inf"}, {5e-324, "4.94065645841247e-324"}};
    int same = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        const int length = dsep_csv_format_number(cases[i].value, text);
        if (strcmp(text, cases[i].text) != 0 || length != (int)strlen(text)) {
            tap_note("%s for %s", text, cases[i].text);
            same = 0;
        }
    }
    tap_ok(same, "numbers have the fewest digits, from 15 on, that read back the same");
}

static void test_edges(void) {
    char *const who[] = {"a", "b,b", "c"};
    const dsep_edge edges[] = {{0, 1, DSEP_MARK_TAIL, DSEP_MARK_ARROW},
                               {2, 0, DSEP_MARK_CIRCLE, DSEP_MARK_ARROW}};
    const double weight[] = {0.5, -0.25};
    char path[512];
    size_t size = 0;
    snprintf(path, sizeof path, "%s", tap_path("edges.csv"));
    tap_ok(dsep_edge_csv_write(ctx, path, who, 2, edges, weight) == 0, "edges are written");
    char *got = slurp(path, &size);
    tap_ok(got && strcmp(got, "source,target,mark_source,mark_target,weight\n"
                              "a,\"b,b\",tail,arrow,0.5\n"
                              "c,a,circle,arrow,-0.25\n") == 0,
           "edges.csv has names, marks and weights");
    free(got);
}

static void test_refused(void) {
    tap_ok(write_to("t.xlsx") == DSEP_ERROR_USAGE &&
               strstr(dsep_context_error(ctx)->text, ".csv, .tsv, .csv.gz"),
           "an unknown suffix is refused: %s", dsep_context_error(ctx)->text);
    tap_ok(dsep_table_write(ctx, "/nowhere/t.csv", &source) == DSEP_ERROR_IO &&
               strstr(dsep_context_error(ctx)->text, "/nowhere/t.csv"),
           "a folder that is not there: %s", dsep_context_error(ctx)->text);
    tap_ok(dsep_table_write(ctx, "/nowhere/t.h5", &source) == DSEP_ERROR_IO, "for .h5 as well");
}

/* Each fault point on each rank: the same code everywhere, the old file as it was. */
static void test_faults(const char *name) {
    static const char *const points[] = {"write-open", "write-data", "write-close", "write-rename"};
    size_t before_size = 0, after_size = 0;
    char *before = slurp(tap_path(name), &before_size);
    int good = 1;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (int rank = 0; rank < dsep_size(ctx); rank++) {
            char fault[64];
            snprintf(fault, sizeof fault, "%s@%d", points[i], rank);
            setenv("DSEP_FAULT", fault, 1);
            good &= write_to(name) == DSEP_ERROR_IO;
            unsetenv("DSEP_FAULT");
            good &= strstr(dsep_context_error(ctx)->text, points[i]) != NULL;
            dsep_barrier(ctx);
            char *after = slurp(tap_path(name), &after_size);
            good &= after && after_size == before_size && memcmp(before, after, after_size) == 0;
            good &= tap_nothing_beside(tap_path(name));
            free(after);
            dsep_barrier(ctx);
        }
    tap_ok(good, "%s: after every fault on every rank the old file is whole", name);
    free(before);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    make_names();
    tap_directory();
    test_numbers();
    test_text("t.csv", ',');
    test_text("t.tsv", '\t');
    test_compressed();
    test_npy();
    test_h5();
    test_edges();
    test_refused();
    test_faults("t.csv");
    test_faults("t.h5");
    test_faults("t.npy");
    for (int j = 0; j < P; j++)
        free(names[j]);
    return tap_end();
}
