/* Environments of rows: every format against labels written by hand, and what must be refused. */
#include "io/table_read.h"
#include "mpi/exchange.h"
#include "tests/support/refusal.h"
#include "tests/support/tap.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

static dsep_table_settings settings_for(const char *environment) {
    dsep_table_settings s = dsep_table_default_settings();
    s.environment = environment;
    return s;
}

static const char *put(const char *name, const void *bytes, size_t length) {
    const char *path = tap_path(name);
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "wb");
        fwrite(bytes, 1, length, file);
        fclose(file);
    }
    dsep_barrier(ctx);
    return path;
}

/* "names of variables/names of environments/number of each row". */
static void describe(const dsep_table *t, char *text, size_t room) {
    size_t used = 0;
    for (int64_t j = 0; j < t->n_variables; j++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", j ? "|" : "", t->names[j]);
    for (int64_t e = 0; e < t->n_environments; e++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", e ? "|" : "/",
                                 t->environment_names[e]);
    for (int64_t i = 0; t->environment && i < t->n_samples; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%d", i ? "" : "/",
                                 (int)t->environment[i]);
}

static void reads(const dsep_table_settings *s, const char *expected, const char *note,
                  const char *what) {
    char got[2048] = "";
    dsep_table *table = NULL;
    const int code = dsep_table_read(ctx, s, &table);
    if (!code)
        describe(table, got, sizeof got);
    const int good = !code && strcmp(got, expected) == 0 && strstr(table->notes, note) &&
                     refusal_same_text(ctx, got) && refusal_same_text(ctx, table->notes);
    if (!good)
        tap_note("%s", code ? dsep_context_error(ctx)->text : got);
    tap_ok(good, "%s", what);
    dsep_table_destroy(&table);
}

static dsep_table_settings text_with(const char *text, const char *environment) {
    dsep_table_settings s = settings_for(environment);
    s.path = put("t.csv", text, strlen(text));
    return s;
}

/* --- text ---------------------------------------------------------------------------------- */

static void test_text(void) {
    const char *text = "a,site,b,c\n1, x ,2,9\n3,\"y, \"\"z\"\"\",4,1\n5,x,7,0\n0,\"x\",1,1\n"
                       "2,\"y, \"\"z\"\"\",0,3\n";
    dsep_table_settings s = text_with(text, "site");
    reads(&s, "a|b|c/x|y, \"z\"/01001", "environment site: 2 environments, 2 to 3 rows",
          "labels of text, in quotes and not, trimmed");
    s.environment = "2";
    reads(&s, "a|b|c/x|y, \"z\"/01001", "environment 2: 2 environments",
          "the column by its number");
    s.columns = "a,c";
    reads(&s, "a|c/x|y, \"z\"/01001", "", "beside --columns");
    s.columns = "1-3";
    reads(&s, "a|b/x|y, \"z\"/01001", "", "no variable, though --columns lists it");
    s = text_with(text, "site");
    s.drop = "b";
    reads(&s, "a|c/x|y, \"z\"/01001", "", "beside --drop");
    s.drop = "1-2";
    refusal_of_table(ctx, &s, 2, "both name column 2 ('site')",
                     "--drop of the environment is wrong usage");
    s = text_with(text, "side");
    refusal_of_table(ctx, &s, 2,
                     "--environment names 'side', but there is no such column; did you mean 'site'",
                     "an unknown environment, with a suggestion");
    s = text_with("e,a,b\n01,1,2\n1,3,4\n1.0,0,6\n01,2,1\n1,1,1\n1.0,7,8\n", "e");
    reads(&s, "a|b/01|1|1.0/012012", "", "numbers are labels as they are written");
    s = text_with("x,1,2\ny,3,4\ny,0,6\nx,2,1\n", "V1");
    s.header = DSEP_HEADER_NO;
    reads(&s, "V2|V3/x|y/0110", "", "without a header");
    s = text_with("a b e\nr1 1 2 x\nr2 3 1 y\nr3 0 6 x\nr4 3 6 x\n", "e");
    reads(&s, "a|b/x|y/0100", "row labels", "after row names");
}

static void test_missing(void) {
    const char *text = "a,e,b\n1,x,2\n3,NA,4\n0,y,6\n2,x,1\n7,,NA\n8,x,3\n9,y,NA\n1,w,1\n5,w,2\n";
    dsep_table_settings s = text_with(text, "e");
    refusal_of_table(ctx, &s, 3, "t.csv: line 3, column 2 ('e'): found 'NA' and so no environment",
                     "a row without a label is an error with line and column");
    s.incomplete = DSEP_INCOMPLETE_DROP_COLUMNS;
    refusal_of_table(ctx, &s, 3, "--incomplete drop-rows", "also with --incomplete drop-columns");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    reads(&s, "a|b/x|y|w/010022", "dropped 3 of 9 rows", "drop-rows drops it like any other");
    s = text_with("a,e,b\n1,q,2\n3,x,NA\n0,y,6\n2,y,1\n7,z,0\n8,z,3\n", "e");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    s.missing = "NA,q";
    reads(&s, "a|b/y|z/0011", "environment e: 2 environments, 2 rows each",
          "an environment without rows is none; --missing counts for labels");
    s = text_with("a,e,b\n1,\" \",2\n3,x,4\n0,x,6\n2,x,1\n", "e");
    refusal_of_table(ctx, &s, 3, "line 2, column 2", "blanks in quotes are no label");
    s = text_with("a,e,b\n1,x,2\n3,x,zz\n0,NA,6\n2,x,1\n", "e");
    refusal_of_table(ctx, &s, 3, "line 3, column 3", "the first fault of the file speaks");
    s = text_with("a,e,b\n1,x,2\n3,y,4\n0,z,6\n2,x,1\n", "e");
    refusal_of_table(ctx, &s, 3, "--environment e: found 3 different labels in 4 rows",
                     "more than half of the labels differ");
    s = text_with("a,e,b\n1,x,2\n3,\377y,4\n0,\377y,6\n2,x,1\n", "e");
    refusal_of_table(ctx, &s, 3, "is not UTF-8", "a label that is no UTF-8");
    s = text_with("e,f\n1,2\n1,3\n2,1\n2,2\n", "e");
    refusal_of_table(ctx, &s, 3, "variable", "one variable beside the environment is too few");
}

static void test_transposed(void) {
    dsep_table_settings s = text_with("a,1,2,3,0\nsite,x,\"y\",x, y \nb,4,1,0,9\n", "site");
    s.transpose = 1;
    reads(&s, "a|b/x|y/0101", "", "the environment is a line of a transposed table");
    s = text_with("a,1,2,3,0,1\nb,4,1,0,9,9\nsite,x,y,,y,y\n", "3");
    s.transpose = 1;
    refusal_of_table(ctx, &s, 3, "line 3 ('site'), field 4", "a missing label there");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    s.environment = "site";
    reads(&s, "a|b/x|y/0111", "dropped 1 of 5 rows", "and dropped");
    s = text_with("a,1,2,3,0\nb,4,1,0,9\nsite,x,y,x\n", "site");
    s.transpose = 1;
    refusal_of_table(ctx, &s, 3, "found 4 fields, expected 5",
                     "a line of labels that is too short");
}

/* Many chunks, and labels that begin late: numbers follow the file, not the ranks. */
static void test_large(void) {
    enum { ROWS = 30000, LABELS = 300 };
    char *text = malloc(ROWS * 32), *at = text;
    int32_t number[LABELS], next = 0, expected[ROWS];
    memset(number, -1, sizeof number);
    at += sprintf(at, "a,b,e\n");
    for (int i = 0; i < ROWS; i++) {
        const int label = (int)(((int64_t)i * i / 97 + i / 100) % (1 + (int64_t)i * LABELS / ROWS));
        at += sprintf(at, "%d,%d,label %d\n", i * 7 % 101, i * 3 % 89, label);
        if (number[label] < 0)
            number[label] = next++;
        expected[i] = number[label];
    }
    dsep_table_settings s = text_with(text, "e");
    dsep_table *table = NULL;
    int good = !dsep_table_read(ctx, &s, &table) && table->n_environments == next;
    for (int i = 0; good && i < ROWS; i++)
        good = table->environment[i] == expected[i];
    for (int label = 0; good && label < LABELS; label++) {
        char name[32];
        snprintf(name, sizeof name, "label %d", label);
        good = number[label] < 0 || !strcmp(table->environment_names[number[label]], name);
    }
    tap_ok(good && next > 250, "%d environments of a large file by first appearance", (int)next);
    dsep_table_destroy(&table);
    free(text);
}

static void checksum(const dsep_table_settings *s, char *text) {
    dsep_table *table = NULL;
    *text = 0;
    if (!dsep_table_read(ctx, s, &table))
        snprintf(text, 17, "%s", table->checksum);
    dsep_table_destroy(&table);
}

static void test_checksum(void) {
    char plain[17], dropped[17], with[17], other[17];
    dsep_table_settings s = text_with("a,b,c\n1,2,3\n2,1,0\n4,4,1\n0,7,2\n", NULL);
    checksum(&s, plain);
    s = text_with("a,b,c,e\n1,2,3,x\n2,1,0,x\n4,4,1,y\n0,7,2,y\n", NULL);
    s.drop = "e";
    checksum(&s, dropped);
    s.drop = NULL;
    s.environment = "e";
    checksum(&s, with);
    s = text_with("a,b,c,e\n1,2,3,x\n2,1,0,y\n4,4,1,x\n0,7,2,y\n", "e");
    checksum(&s, other);
    /* The sum of versions that knew no environments. */
    tap_ok(!strcmp(plain, "9f6aacc5f56190e1") && !strcmp(plain, dropped),
           "without environments the checksum is what it was");
    tap_ok(*with && *other && strcmp(with, plain) && strcmp(with, other) &&
               refusal_same_text(ctx, with),
           "the checksum covers environments");
}

/* --- .npy ---------------------------------------------------------------------------------- */

static const double matrix[6][3] = {{1, 0.5, 2}, {3, -0.0, 4}, {0, 0.5, 6},
                                    {2, 0, 1},   {7, 1e20, 0}, {8, 1e20, 3}};

/* flip: stored as 3 x 6, to be read with --transpose. */
static const char *put_npy(int fortran, int flip, const double values[6][3]) {
    char bytes[128 + sizeof matrix] = "\223NUMPY\1\0\166\0";
    double stored[18];
    for (int i = 0; i < 18; i++)
        stored[i] = fortran != flip ? values[i % 6][i / 6] : values[i / 3][i % 3];
    const int used = sprintf(bytes + 10, "{'descr': '<f8', 'fortran_order': %s, 'shape': (%s), }",
                             fortran ? "True" : "False", flip ? "3, 6" : "6, 3");
    memset(bytes + 10 + used, ' ', (size_t)(117 - used));
    bytes[127] = '\n';
    memcpy(bytes + 128, stored, sizeof stored);
    return put("t.npy", bytes, sizeof bytes);
}

static void test_npy(void) {
    double holes[6][3];
    for (int k = 0; k < 4; k++) {
        dsep_table_settings s = settings_for("V2");
        s.transpose = k >> 1;
        s.path = put_npy(k & 1, k >> 1, matrix);
        reads(&s, "V1|V3/0.5|0|1e+20/010122", "environment V2: 3 environments, 2 rows each",
              k & 1 ? ".npy in Fortran order" : ".npy in C order");
    }
    memcpy(holes, matrix, sizeof holes);
    holes[4][1] = -9;
    holes[5][1] = 0;
    dsep_table_settings s = settings_for("2");
    s.path = put_npy(0, 0, holes);
    s.missing = "-9.0";
    refusal_of_table(ctx, &s, 3, "t.npy: row 5, column '2': found no environment",
                     "a missing number");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    s.columns = "3,1";
    reads(&s, "V1|V3/0.5|0/01011", "dropped 1 of 6 rows", "is dropped with its row");
}

/* --- HDF5 ---------------------------------------------------------------------------------- */

static void put_set(hid_t at, const char *name, hid_t type, int rank, const hsize_t *shape,
                    const void *values) {
    const hid_t space = H5Screate_simple(rank, shape, NULL);
    const hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Sclose(space);
}

static void put_texts(hid_t at, const char *name, hsize_t count, const char *const *texts) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    put_set(at, name, type, 1, &count, texts);
    H5Tclose(type);
}

static void put_attribute(hid_t object, const char *name, const char *text, const int64_t *pair) {
    const hsize_t two = 2;
    const hid_t space = text ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &two, NULL);
    const hid_t type = H5Tcopy(text ? H5T_C_S1 : H5T_NATIVE_INT64);
    if (text)
        H5Tset_size(type, strlen(text) + 1);
    const hid_t made = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(made, type, text ? (const void *)text : pair);
    H5Aclose(made);
    H5Tclose(type);
    H5Sclose(space);
}

/* CSR, or CSC of the same values, with every entry stored; flip: stored as 3 x 6. */
static void put_sparse(hid_t file, const char *name, int by_columns, int flip) {
    double data[18];
    int64_t indices[18], indptr[7];
    const int lines = by_columns ? 3 : 6, length = 18 / lines;
    for (int i = 0; i < 18; i++) {
        data[i] = by_columns ? matrix[i % 6][i / 6] : matrix[i / 3][i % 3];
        indices[i] = i % length;
    }
    for (int k = 0; k <= lines; k++)
        indptr[k] = k * length;
    const hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_attribute(group, "encoding-type", by_columns != flip ? "csc_matrix" : "csr_matrix", NULL);
    put_attribute(group, "shape", NULL, flip ? (const int64_t[]){3, 6} : (const int64_t[]){6, 3});
    put_set(group, "data", H5T_NATIVE_DOUBLE, 1, (const hsize_t[]){18}, data);
    put_set(group, "indices", H5T_NATIVE_INT64, 1, (const hsize_t[]){18}, indices);
    put_set(group, "indptr", H5T_NATIVE_INT64, 1, (const hsize_t[]){(hsize_t)lines + 1}, indptr);
    H5Gclose(group);
}

static void put_category(hid_t obs, const char *name, const signed char *codes) {
    const hid_t group = H5Gcreate2(obs, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_set(group, "codes", H5T_NATIVE_SCHAR, 1, (const hsize_t[]){6}, codes);
    put_texts(group, "categories", 4, (const char *[]){"p", "q", "unused", "r"});
    H5Gclose(group);
}

static void put_obs(hid_t file) {
    const hid_t obs = H5Gcreate2(file, "obs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_texts(obs, "site", 6, (const char *[]){"x", "y", "y", "x", "x", "x"});
    put_texts(obs, "holes", 6, (const char *[]){"x", "y", "", "x", "NA", "y"});
    put_texts(obs, "short", 5, (const char *[]){"x", "y", "y", "x", "x"});
    put_set(obs, "batch", H5T_NATIVE_INT, 1, (const hsize_t[]){6}, (const int[]){7, 8, 7, 7, 8, 8});
    put_set(obs, "codes7", H5T_NATIVE_SCHAR, 1, (const hsize_t[]){6},
            (const signed char[]){1, 0, 1, 1, 0, 0});
    put_category(obs, "line", (const signed char[]){3, 0, 3, 0, 1, 1});
    put_category(obs, "gaps", (const signed char[]){3, 0, 3, 0, -1, 0});
    put_category(obs, "bad", (const signed char[]){3, 0, 3, 0, 4, 0});
    const hid_t old = H5Gcreate2(obs, "__categories", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_texts(old, "codes7", 2, (const char *[]){"u", "v"});
    H5Gclose(old);
    H5Gclose(H5Gcreate2(obs, "empty", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(obs);
}

static const char *put_h5(const char *name) {
    double flipped[18];
    const char *path = tap_path(name);
    if (dsep_rank(ctx) == 0) {
        const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put_set(file, "X", H5T_NATIVE_DOUBLE, 2, (const hsize_t[]){6, 3}, matrix);
        for (int i = 0; i < 18; i++)
            flipped[i] = matrix[i % 6][i / 6];
        put_set(file, "flipped", H5T_NATIVE_DOUBLE, 2, (const hsize_t[]){3, 6}, flipped);
        put_sparse(file, "csr", 0, 0);
        put_sparse(file, "csc", 1, 0);
        put_sparse(file, "csr flipped", 1, 1);
        put_sparse(file, "csc flipped", 0, 1);
        put_obs(file);
        H5Fclose(file);
    }
    dsep_barrier(ctx);
    return path;
}

static void test_h5_matrix(void) {
    char path[1100];
    const char *file = put_h5("t.h5"),
               *objects[] = {"X", "csr", "csc", "flipped", "csr flipped", "csc flipped"};
    for (int k = 0; k < 6; k++) {
        dsep_table_settings s = settings_for("V2");
        snprintf(path, sizeof path, "%.1000s:/%s", file, objects[k]);
        s.path = path;
        s.transpose = k >= 3;
        reads(&s, "V1|V3/0.5|0|1e+20/010122", "3 environments", objects[k]);
    }
}

static void h5ad(const char *path, const char *environment, const char *expected,
                 const char *what) {
    dsep_table_settings s = settings_for(environment);
    s.path = path;
    reads(&s, expected, "", what);
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    reads(&s, expected, "", what);
}

static void test_h5ad(void) {
    const char *path = put_h5("t.h5ad");
    h5ad(path, "site", "V1|V2|V3/x|y/011000", ".h5ad: strings of obs");
    h5ad(path, "batch", "V1|V2|V3/7|8/010011", ".h5ad: numbers of obs");
    h5ad(path, "line", "V1|V2|V3/r|p|q/010122", ".h5ad: codes and categories");
    h5ad(path, "codes7", "V1|V2|V3/v|u/010011", ".h5ad: categories as AnnData 0.7 kept them");
    h5ad(path, "V2", "V1|V3/0.5|0|1e+20/010122", ".h5ad: else a variable");
    dsep_table_settings s = settings_for("gaps");
    s.path = path;
    refusal_of_table(ctx, &s, 3, "t.h5ad: row 5, column 'gaps'", "a code of -1 is missing");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    reads(&s, "V1|V2|V3/r|p/01011", "dropped 1 of 6 rows", "and dropped");
    s.environment = "holes";
    reads(&s, "V1|V2|V3/x|y/0101", "dropped 2 of 6 rows", "missing strings are dropped");
    s.environment = "bad";
    refusal_of_table(ctx, &s, 3, "/obs/bad: a code is not the number of a category",
                     "a damaged code");
    s.environment = "short";
    refusal_of_table(ctx, &s, 3, "/obs/short: found 5 labels, expected 6",
                     "a column that is too short");
    s.environment = "empty";
    refusal_of_table(ctx, &s, 3, "/obs/empty: found neither strings nor numbers nor categories",
                     "an odd group");
    s.environment = "nothing";
    refusal_of_table(ctx, &s, 2, "no such column (and none beside the matrix)",
                     "no such column at all");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    test_text();
    test_missing();
    test_transposed();
    test_large();
    test_checksum();
    test_npy();
    test_h5_matrix();
    test_h5ad();
    return tap_end();
}
