/* A thousand damaged tables: no crash, no hang, the same code on every rank.
 * ranks: 2
 * seconds: 300 */
#include "io/table_read.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { N = 60, P = 8, BYTES_MAX = 1 << 20, STREAM = 100, SEED = 1 };

static dsep_context *ctx;

static double cell(int64_t i, int64_t j) {
    return (i * 7 + j * 5 + i / 2) % 5 < 2 ? 0 : (double)((i * 31 + j * 17) % 29) - 8;
}

/* --- good files ---------------------------------------------------------------------------- */

static int64_t csv_text(char *text) {
    char *at = text;
    for (int64_t j = 0; j < P; j++)
        at += sprintf(at, "%sname %d", j ? "," : "", (int)j);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < P; j++)
            at += sprintf(at, "%s%.15g", j ? "," : "\n", cell(i, j) / 7);
    return at - text;
}

static void write_csv(void) {
    char *text = malloc(BYTES_MAX);
    const int64_t length = csv_text(text);
    FILE *file = fopen(tap_path("good.csv"), "wb");
    fwrite(text, 1, (size_t)length, file);
    fclose(file);
    gzFile packed = gzopen(tap_path("good.csv.gz"), "wb");
    gzwrite(packed, text, (unsigned)length);
    gzclose(packed);
    free(text);
}

static void write_npy(void) {
    char header[118];
    double values[N * P];
    for (int64_t i = 0; i < N * P; i++)
        values[i] = cell(i / P, i % P);
    memset(header, ' ', sizeof header);
    const int used = sprintf(
        header, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", (int)N, (int)P);
    header[used] = ' ';
    header[sizeof header - 1] = '\n';
    FILE *file = fopen(tap_path("good.npy"), "wb");
    fwrite("\223NUMPY\1\0\166\0", 1, 10, file);
    fwrite(header, 1, sizeof header, file);
    fwrite(values, 1, sizeof values, file);
    fclose(file);
}

static hid_t text_type(int64_t size) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size ? (size_t)size : H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static void put_list(hid_t at, const char *name, hid_t type, int64_t count, const void *values,
                     int packed) {
    const hsize_t length = (hsize_t)count, piece = 64;
    const hid_t space = H5Screate_simple(1, &length, NULL), plan = H5Pcreate(H5P_DATASET_CREATE);
    if (packed) {
        H5Pset_chunk(plan, 1, &piece);
        H5Pset_deflate(plan, 4);
    }
    const hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Pclose(plan);
    H5Sclose(space);
}

static void put_text(hid_t object, const char *name, const char *text) {
    const hid_t space = H5Screate(H5S_SCALAR), type = text_type(0);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, &text);
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}

/* Names of variable length, or of 8 bytes each. */
static void put_names(hid_t file, const char *group_name, int fixed) {
    char texts[P][8] = {{0}};
    const char *list[P];
    for (int64_t j = 0; j < P; j++) {
        snprintf(texts[j], sizeof texts[j], "g%d", (int)j);
        list[j] = texts[j];
    }
    const hid_t type = text_type(fixed ? 8 : 0);
    const hid_t group = H5Gcreate2(file, group_name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_text(group, "_index", "_index");
    put_list(group, "_index", type, P, fixed ? (const void *)texts : (const void *)list, 0);
    H5Gclose(group);
    H5Tclose(type);
}

static void put_dense(hid_t file, const char *name, int packed) {
    double values[N * P];
    const hsize_t dims[2] = {N, P}, piece[2] = {16, 3};
    for (int64_t i = 0; i < N * P; i++)
        values[i] = cell(i / P, i % P);
    const hid_t space = H5Screate_simple(2, dims, NULL), plan = H5Pcreate(H5P_DATASET_CREATE);
    if (packed) {
        H5Pset_chunk(plan, 2, piece);
        H5Pset_shuffle(plan);
        H5Pset_deflate(plan, 4);
    }
    const hid_t set = H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Pclose(plan);
    H5Sclose(space);
}

static void put_sparse(hid_t file, int by_column) {
    const int64_t lines = by_column ? P : N, length = by_column ? N : P, shape[2] = {N, P};
    const hsize_t two = 2;
    int64_t indices[N * P], indptr[N + 1] = {0}, n = 0;
    double data[N * P];
    for (int64_t a = 0; a < lines; a++) {
        for (int64_t b = 0; b < length; b++)
            if ((by_column ? cell(b, a) : cell(a, b)) != 0) {
                indices[n] = b;
                data[n++] = by_column ? cell(b, a) : cell(a, b);
            }
        indptr[a + 1] = n;
    }
    const hid_t group = H5Gcreate2(file, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, &two, NULL);
    const hid_t attribute =
        H5Acreate2(group, "shape", H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT64, shape);
    H5Aclose(attribute);
    H5Sclose(space);
    put_text(group, "encoding-type", by_column ? "csc_matrix" : "csr_matrix");
    put_list(group, "data", H5T_NATIVE_DOUBLE, n, data, 1);
    put_list(group, "indices", H5T_NATIVE_INT64, n, indices, 1);
    put_list(group, "indptr", H5T_NATIVE_INT64, lines + 1, indptr, 0);
    H5Gclose(group);
}

/* Two columns of environments: categories, and strings. */
static void put_obs(hid_t file) {
    static const char *const sites[] = {"north", "south", "west"};
    signed char codes[N];
    char list[N][8] = {{0}};
    for (int64_t i = 0; i < N; i++) {
        codes[i] = (signed char)(i * i % 7 % 3);
        snprintf(list[i], sizeof list[i], "%s", sites[codes[i]]);
    }
    const hid_t type = text_type(0), fixed = text_type(8);
    const hid_t obs = H5Gcreate2(file, "obs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t site = H5Gcreate2(obs, "site", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_list(site, "codes", H5T_NATIVE_SCHAR, N, codes, 0);
    put_list(site, "categories", type, 3, sites, 0);
    put_list(obs, "place", fixed, N, list, 0);
    H5Gclose(site);
    H5Gclose(obs);
    H5Tclose(type);
    H5Tclose(fixed);
}

static hid_t create(const char *name, int newest) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (newest)
        H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const hid_t file = H5Fcreate(tap_path(name), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    return file;
}

static void write_hdf5(void) {
    hid_t file = create("good.h5", 0);
    put_dense(file, "data", 1);
    put_names(file, "variables", 0);
    H5Fclose(file);
    file = create("newest.h5", 1);
    put_dense(file, "data", 1);
    put_names(file, "variables", 1);
    H5Fclose(file);
    file = create("dense.h5ad", 0);
    put_dense(file, "X", 0);
    put_names(file, "var", 0);
    put_obs(file);
    H5Fclose(file);
    for (int by_column = 0; by_column < 2; by_column++) {
        file = create(by_column ? "csc.h5ad" : "csr.h5ad", by_column);
        put_sparse(file, by_column);
        put_names(file, "var", 0);
        put_obs(file);
        H5Fclose(file);
    }
}

/* --- damage -------------------------------------------------------------------------------- */

/* Draws are numbered: which file is damaged how does not depend on the ranks. */
typedef struct {
    dsep_random source;
    uint64_t next;
} draws;

static int64_t draw(draws *d, int64_t below) {
    return below < 1 ? 0 : (int64_t)dsep_random_below(d->source, d->next++, (uint64_t)below);
}

static int64_t cut(draws *d, char *bytes, int64_t length) {
    (void)bytes;
    return draw(d, length);
}

static int64_t flip_bits(draws *d, char *bytes, int64_t length) {
    for (int64_t k = 1 + draw(d, 8); k > 0; k--)
        bytes[draw(d, length)] ^= (char)(1 << draw(d, 8));
    return length;
}

static int64_t change_bytes(draws *d, char *bytes, int64_t length) {
    for (int64_t k = 1 + draw(d, 16); k > 0; k--)
        bytes[draw(d, length)] = (char)draw(d, 256);
    return length;
}

static int64_t swap_bytes(draws *d, char *bytes, int64_t length) {
    for (int64_t k = 1 + draw(d, 4); k > 0; k--) {
        const int64_t a = draw(d, length), b = draw(d, length);
        const char kept = bytes[a];
        bytes[a] = bytes[b];
        bytes[b] = kept;
    }
    return length;
}

static int64_t random_block(draws *d, char *bytes, int64_t length) {
    const int64_t at = draw(d, length), count = 1 + draw(d, 64);
    for (int64_t i = at; i < at + count && i < length; i++)
        bytes[i] = (char)draw(d, 256);
    return length;
}

static int64_t repeat_block(draws *d, char *bytes, int64_t length) {
    const int64_t count = 1 + draw(d, length / 4 + 1), from = draw(d, length - count);
    memmove(bytes + draw(d, length - count), bytes + from, (size_t)count);
    return length;
}

static int64_t extreme_number(draws *d, char *bytes, int64_t length) {
    static const int64_t values[] = {-1, INT64_MAX, INT64_MIN, 0, 1, 0x7fffffff, 0x80000000, 65535};
    const int64_t value = values[draw(d, 8)], size = 1 << draw(d, 4);
    if (length > size)
        memcpy(bytes + draw(d, length - size), &value, (size_t)size);
    return length;
}

/* The head is where the structure is: most of an HDF5 file's damage should fall there. */
static int64_t change_head(draws *d, char *bytes, int64_t length) {
    const int64_t head = length < 2048 ? length : 2048;
    for (int64_t k = 1 + draw(d, 4); k > 0; k--)
        bytes[draw(d, head)] = (char)draw(d, 256);
    return length;
}

typedef int64_t (*damage)(draws *d, char *bytes, int64_t length);

static int64_t load(const char *name, char *bytes) {
    FILE *file = fopen(tap_path(name), "rb");
    const int64_t length = file ? (int64_t)fread(bytes, 1, BYTES_MAX, file) : 0;
    if (file)
        fclose(file);
    return length;
}

static void store(const char *name, const char *bytes, int64_t length) {
    FILE *file = fopen(tap_path(name), "wb");
    fwrite(bytes, 1, (size_t)length, file);
    fclose(file);
}

/* An environment in half of the readings: one column of the matrix, in .h5ad mostly of obs. */
static const char *environment_of(const char *name, int k) {
    if (k / 8 % 2 == 0)
        return NULL;
    return !strstr(name, ".h5ad") || k % 3 == 0 ? "2" : k % 3 == 1 ? "site" : "place";
}

/* Reads, and says whether all ranks came back with the same acceptable code. */
static int comes_back(const char *name, int transpose, const char *environment, int *code) {
    dsep_table_settings s = dsep_table_default_settings();
    dsep_table *table = NULL;
    s.path = tap_path(name);
    s.transpose = transpose;
    s.environment = environment;
    s.incomplete = transpose ? DSEP_INCOMPLETE_DROP_ROWS : DSEP_INCOMPLETE_ERROR;
    s.constant = transpose ? DSEP_CONSTANT_DROP : DSEP_CONSTANT_ERROR;
    const double begin = dsep_clock();
    *code = dsep_table_read(ctx, &s, &table);
    if (dsep_clock() - begin > 5)
        tap_note("took %.1f s: %s", dsep_clock() - begin,
                 *code ? dsep_context_error(ctx)->text : "and was read");
    int64_t least = *code, most = *code;
    dsep_min_i64(ctx, &least, 1);
    dsep_max_i64(ctx, &most, 1);
    const int good =
        least == most &&
        (*code == 0 || *code == 3 || *code == 4 || *code == 5 || (*code == 2 && environment)) &&
        (*code == 0) == (table != NULL);
    dsep_table_destroy(&table);
    return good;
}

static void test_kind(const char *good_name, const char *bad_name, uint32_t kind, int times) {
    static const damage ways[] = {cut,          flip_bits,    change_bytes,   swap_bytes,
                                  random_block, repeat_block, extreme_number, change_head};
    const int n_ways = (int)(sizeof ways / sizeof *ways);
    char *bytes = malloc(BYTES_MAX);
    int counts[6] = {0}, all = 1, code = 0;
    for (int k = 0; k < 16; k++)
        all &= comes_back(good_name, 0, environment_of(good_name, k), &code) && code == 0;
    tap_ok(all, "%s is good", good_name);
    all = 1;
    const int64_t whole = load(good_name, bytes);
    draws d = {{SEED, STREAM, kind}, 0};
    for (int k = 0; k < times; k++) {
        load(good_name, bytes);
        const int64_t length = ways[k % n_ways](&d, bytes, whole);
        if (dsep_rank(ctx) == 0)
            store(bad_name, bytes, length);
        dsep_barrier(ctx);
        const int good = comes_back(bad_name, k % 5 == 4, environment_of(bad_name, k), &code);
        if (!good)
            tap_note("%s damage %d: code %d: %s", good_name, k, code,
                     dsep_context_error(ctx)->text);
        all &= good;
        counts[code >= 0 && code < 6 ? code : 1]++;
        dsep_barrier(ctx);
    }
    tap_ok(
        all,
        "%d damaged copies of %s: %d read, %d wrong, %d too large, %d unreadable, %d without the "
        "column",
        times, good_name, counts[0], counts[3], counts[4], counts[5], counts[2]);
    free(bytes);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    if (dsep_rank(ctx) == 0) {
        write_csv();
        write_npy();
        write_hdf5();
    }
    dsep_barrier(ctx);
    const int more = argc > 1 ? atoi(argv[1]) : 1; /* for long searches by hand */
    test_kind("good.csv", "bad.csv", 0, 120 * more);
    test_kind("good.csv.gz", "bad.csv.gz", 1, 120 * more);
    test_kind("good.npy", "bad.npy", 2, 120 * more);
    test_kind("good.h5", "bad.h5", 3, 160 * more);
    test_kind("newest.h5", "bad.h5", 4, 120 * more);
    test_kind("dense.h5ad", "bad.h5ad", 5, 120 * more);
    test_kind("csr.h5ad", "bad.h5ad", 6, 120 * more);
    test_kind("csc.h5ad", "bad.h5ad", 7, 120 * more);
    /* A good file of one kind under the name of another. */
    static const char *const kinds[] = {"good.csv", "good.csv.gz", "good.npy", "csr.h5ad"};
    static const char *const names[] = {"as.csv", "as.csv.gz", "as.npy", "as.h5ad", "as.h5"};
    char *bytes = malloc(BYTES_MAX);
    int all = 1, code = 0;
    for (int k = 0; k < 20; k++) {
        const int64_t length = load(kinds[k % 4], bytes);
        if (dsep_rank(ctx) == 0)
            store(names[k / 4], bytes, length);
        dsep_barrier(ctx);
        all &= comes_back(names[k / 4], 0, NULL, &code);
        dsep_barrier(ctx);
    }
    tap_ok(all, "good files under wrong names");
    free(bytes);
    return tap_end();
}
