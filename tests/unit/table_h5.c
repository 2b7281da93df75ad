/* HDF5 matrices and AnnData files: dense, CSR, CSC, every place of names, and damaged ones. */
#include "io/table_read.h"
#include "mpi/exchange.h"
#include "tests/support/refusal.h"
#include "tests/support/tap.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 23, P = 7 };

static dsep_context *ctx;

/* About half of the cells are zero; no column is constant. */
static double cell(int64_t i, int64_t j) {
    return (i * 7 + j * 5 + i / 2) % 5 < 2 ? 0 : (double)((i * 31 + j * 17) % 29) - 8;
}

static double full(int64_t i, int64_t j) {
    return cell(i, j) + (double)(i * i % 7) + 0.25;
}

/* --- writing, by rank 0 -------------------------------------------------------------------- */

static void put_list(hid_t at, const char *name, hid_t file_type, hid_t type, int64_t count,
                     const void *values) {
    const hsize_t length = (hsize_t)count;
    const hid_t space = H5Screate_simple(1, &length, NULL);
    const hid_t set = H5Dcreate2(at, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Sclose(space);
}

static hid_t string_type(int64_t size) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size ? (size_t)size : H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static void put_text(hid_t object, const char *name, const char *text) {
    const hid_t space = H5Screate(H5S_SCALAR), type = string_type(0);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, &text);
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}

static void put_pair(hid_t object, const char *name, const int64_t pair[2]) {
    const hsize_t two = 2;
    const hid_t space = H5Screate_simple(1, &two, NULL);
    const hid_t attribute =
        H5Acreate2(object, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT64, pair);
    H5Aclose(attribute);
    H5Sclose(space);
}

/* Names g0, g1, ... of variable length, or fixed. */
static void put_names(hid_t at, const char *name, int64_t count, int fixed) {
    char texts[64][8];
    const char *list[64];
    const hid_t type = string_type(fixed ? 8 : 0);
    memset(texts, 0, sizeof texts);
    for (int64_t j = 0; j < count; j++)
        snprintf(texts[j], sizeof texts[j], "g%d", (int)j);
    for (int64_t j = 0; j < count; j++)
        list[j] = texts[j];
    put_list(at, name, type, type, count, fixed ? (const void *)texts : (const void *)list);
    H5Tclose(type);
}

/* chunk: rows and columns of a chunk, 0 for contiguous. */
static void put_matrix(hid_t at, const char *name, hid_t type, int flipped, int chunk) {
    double values[N * P];
    const hsize_t dims[2] = {flipped ? P : N, flipped ? N : P}, piece[2] = {5, 3};
    for (int64_t a = 0; a < (int64_t)dims[0]; a++)
        for (int64_t b = 0; b < (int64_t)dims[1]; b++)
            values[a * (int64_t)dims[1] + b] = flipped ? full(b, a) : full(a, b);
    const hid_t space = H5Screate_simple(2, dims, NULL), plan = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk) {
        H5Pset_chunk(plan, 2, piece);
        H5Pset_shuffle(plan);
        H5Pset_deflate(plan, 4);
    }
    const hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Pclose(plan);
    H5Sclose(space);
}

static hid_t put_group(hid_t at, const char *name) {
    return H5Gcreate2(at, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

/* What a test may want to be wrong in a sparse matrix. */
typedef struct {
    int64_t index, indptr, last, shape; /* added to one entry */
    int short_indptr, real_indices, no_data, old;
} damage;

static void put_sparse(hid_t file, const char *name, int by_column, damage d) {
    const int64_t lines = by_column ? P : N, length = by_column ? N : P;
    int64_t indices[N * P], indptr[N + 1] = {0}, n = 0;
    double data[N * P];
    for (int64_t a = 0; a < lines; a++) {
        for (int64_t b = length - 1; b >= 0; b--) {
            const double value = by_column ? cell(b, a) : cell(a, b);
            if (value != 0) {
                indices[n] = b;
                data[n++] = value;
            }
        }
        indptr[a + 1] = n;
    }
    indices[n / 2] += d.index;
    indptr[lines / 2] += d.indptr;
    indptr[lines] += d.last;
    const int64_t shape[2] = {N + d.shape, P};
    const hid_t group = put_group(file, name);
    put_text(group, d.old ? "h5sparse_format" : "encoding-type",
             d.old ? (by_column ? "csc" : "csr") : (by_column ? "csc_matrix" : "csr_matrix"));
    put_pair(group, d.old ? "h5sparse_shape" : "shape", shape);
    if (!d.no_data)
        put_list(group, "data", H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, n, data);
    put_list(group, "indices", d.real_indices ? H5T_IEEE_F64LE : H5T_STD_I32LE, H5T_NATIVE_INT64, n,
             indices);
    put_list(group, "indptr", H5T_STD_I32LE, H5T_NATIVE_INT64, lines + 1 - d.short_indptr, indptr);
    H5Gclose(group);
}

static hid_t create(const char *name) {
    return H5Fcreate(tap_path(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
}

static void put_var(hid_t file, const char *index, int named) {
    const hid_t var = put_group(file, "var");
    if (named)
        put_text(var, "_index", index);
    put_names(var, index, P, named);
    H5Gclose(var);
}

static void write_files(void) {
    const damage none = {0}, old = {.old = 1};
    hid_t file = create("one.h5"), group;
    put_matrix(file, "data", H5T_IEEE_F64LE, 0, 0);
    group = put_group(file, "variables");
    put_names(group, "_index", P, 0);
    H5Gclose(group);
    H5Fclose(file);

    file = create("many.hdf5");
    put_matrix(file, "plain", H5T_IEEE_F64BE, 0, 1);
    put_matrix(file, "flipped", H5T_IEEE_F64LE, 1, 1);
    put_matrix(file, "whole", H5T_STD_I16LE, 0, 0);
    group = put_group(file, "sub");
    put_matrix(group, "m", H5T_IEEE_F32LE, 0, 0);
    const hid_t side = put_group(group, "variables");
    put_names(side, "_index", P, 1);
    H5Gclose(side);
    H5Gclose(group);
    put_names(file, "words", P, 0);
    H5Fclose(file);

    file = create("dense.h5ad");
    put_matrix(file, "X", H5T_IEEE_F32LE, 0, 1);
    group = put_group(file, "layers");
    put_sparse(group, "csr", 0, none);
    put_sparse(group, "csc", 1, none);
    put_sparse(group, "old", 0, old);
    H5Gclose(group);
    put_var(file, "gene", 1);
    H5Fclose(file);

    file = create("csr.h5ad");
    put_sparse(file, "X", 0, none);
    put_var(file, "index", 0);
    H5Fclose(file);
}

/* --- tests --------------------------------------------------------------------------------- */

typedef double (*source)(int64_t i, int64_t j);

static int table_is(const dsep_table *t, source value, char first, int64_t skipped) {
    int good = t->n_samples == N && t->n_variables == P - (skipped >= 0);
    for (int64_t k = 0; good && k < t->n_variables; k++) {
        char name[16];
        const int64_t j = k + (skipped >= 0 && k >= skipped);
        snprintf(name, sizeof name, "%c%d", first, (int)j + (first == 'V'));
        good &= strcmp(t->names[k], name) == 0;
        if (k >= t->mine.first && k < t->mine.first + t->mine.count)
            for (int64_t i = 0; i < N; i++)
                good &= t->values[(k - t->mine.first) * N + i] == value(i, j);
    }
    return good;
}

static double whole(int64_t i, int64_t j) {
    return (double)(int64_t)full(i, j);
}

static dsep_table_settings at(const char *name, const char *inside) {
    static char path[600];
    dsep_table_settings s = dsep_table_default_settings();
    snprintf(path, sizeof path, "%s%s", tap_path(name), inside);
    s.path = path;
    return s;
}

static void reads(dsep_table_settings s, source value, char first, int64_t skipped,
                  const char *what) {
    dsep_table *table = NULL;
    const int code = dsep_table_read(ctx, &s, &table);
    if (code)
        tap_note("%s", dsep_context_error(ctx)->text);
    tap_ok(!code && table_is(table, value, first, skipped), "%s", what);
    dsep_table_destroy(&table);
}

static void fails(dsep_table_settings s, int expected, const char *phrase) {
    refusal_of_table(ctx, &s, expected, phrase, phrase);
}

static void test_dense(void) {
    dsep_table_settings s = at("one.h5", "");
    reads(s, full, 'g', -1, "the only matrix, names of /variables/_index");
    s = at("one.h5", ":/data");
    s.drop = "g3";
    reads(s, full, 'g', 3, "--drop by name");
    reads(at("many.hdf5", ":/plain"), full, 'V', -1, "chunked, compressed, other byte order");
    s = at("many.hdf5", ":plain");
    s.drop = "3";
    reads(s, full, 'V', 2, "a column dropped in the middle");
    s = at("many.hdf5", ":/flipped");
    s.transpose = 1;
    reads(s, full, 'V', -1, "transposed");
    s.drop = "V3";
    reads(s, full, 'V', 2, "transposed, one dropped");
    reads(at("many.hdf5", ":/whole"), whole, 'V', -1, "integers");
    reads(at("many.hdf5", ":/sub/m"), full, 'g', -1, "names beside the matrix, fixed length");
    fails(at("many.hdf5", ""), 3, "found 4 two-dimensional datasets (/flipped, /plain, /sub/m");
    fails(at("many.hdf5", ":/nothing"), 3, "no such object");
    fails(at("many.hdf5", ":/words"), 3, "has 1 dimension, expected 2");
    fails(at("many.hdf5", ":/sub"), 3, "is a group");
    fails(at("absent.h5", ":/x"), 5, "No such file");
}

static void test_annotated(void) {
    reads(at("dense.h5ad", ""), full, 'g', -1, "X dense, var/_index names the column");
    reads(at("dense.h5ad", ":layers/csr"), cell, 'g', -1, "a layer, CSR");
    reads(at("dense.h5ad", ":layers/csc"), cell, 'g', -1, "a layer, CSC");
    reads(at("dense.h5ad", ":layers/old"), cell, 'g', -1, "a layer, old CSR");
    reads(at("csr.h5ad", ""), cell, 'g', -1, "X sparse, names in var/index");
    dsep_table_settings s = at("dense.h5ad", ":layers/csr");
    s.drop = "g4";
    reads(s, cell, 'g', 4, "CSR without a column");
    s = at("dense.h5ad", ":layers/csc");
    s.drop = "g4";
    reads(s, cell, 'g', 4, "CSC without a column");
    s = at("dense.h5ad", ":X");
    s.columns = "gene1";
    fails(s, 2, "did you mean 'g1'");
}

static void damaged(damage d, int by_column, const char *phrase) {
    if (dsep_rank(ctx) == 0) {
        const hid_t file = create("bad.h5ad");
        put_sparse(file, "X", by_column, d);
        H5Fclose(file);
    }
    dsep_barrier(ctx);
    fails(at("bad.h5ad", ""), 3, phrase);
}

static void test_damaged(void) {
    for (int by_column = 0; by_column < 2; by_column++) {
        damaged((damage){.index = 100}, by_column, "expected 0 to");
        damaged((damage){.index = -100}, by_column, "expected 0 to");
        damaged((damage){.indptr = 1000}, by_column, "expected rising numbers");
        damaged((damage){.indptr = -1000}, by_column, "expected rising numbers");
        damaged((damage){.last = -1}, by_column, "indptr");
        damaged((damage){.short_indptr = 1}, by_column, "/X/indptr has");
        damaged((damage){.real_indices = 1}, by_column, "no list of whole numbers");
        damaged((damage){.no_data = 1}, by_column, "/X/data is missing");
    }
    damaged((damage){.shape = 5}, 0, "/X/indptr has");
    damaged((damage){.shape = -N - 1}, 0, "no shape of two whole numbers");
}

/* A shape that is only claimed: chunks that were never written, and more than any memory. */
static void test_claims(void) {
    const hsize_t dims[2] = {1u << 30, 1u << 30}, piece[2] = {100, 100};
    if (dsep_rank(ctx) == 0) {
        const hid_t file = create("claim.h5"), plan = H5Pcreate(H5P_DATASET_CREATE);
        const hid_t space = H5Screate_simple(2, dims, NULL);
        H5Pset_chunk(plan, 2, piece);
        H5Dclose(H5Dcreate2(file, "m", H5T_IEEE_F64LE, space, H5P_DEFAULT, plan, H5P_DEFAULT));
        H5Sclose(space);
        H5Pclose(plan);
        const hid_t group = put_group(file, "variables");
        H5Gclose(group);
        H5Fclose(file);
        FILE *text = fopen(tap_path("text.h5"), "w");
        fputs("a,b\n1,2\n", text);
        fclose(text);
    }
    dsep_barrier(ctx);
    fails(at("claim.h5", ""), 3, "never written");
    fails(at("text.h5", ""), 3, "HDF5 cannot open this file");
}

static void test_names(void) {
    if (dsep_rank(ctx) == 0) {
        const hid_t file = create("names.h5");
        put_matrix(file, "m", H5T_IEEE_F64LE, 0, 0);
        const hid_t group = put_group(file, "variables");
        put_names(group, "_index", P + 1, 0);
        H5Gclose(group);
        H5Fclose(file);
    }
    dsep_barrier(ctx);
    fails(at("names.h5", ":/m"), 3, "found 8 names, expected 7");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    if (dsep_rank(ctx) == 0)
        write_files();
    dsep_barrier(ctx);
    test_dense();
    test_annotated();
    test_damaged();
    test_claims();
    test_names();
    return tap_end();
}
