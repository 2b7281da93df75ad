/* Result files: what is written comes back, and a failure leaves the old file as it was. */
#include "io/h5write.h"
#include "io/h5tree.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const marks[] = {"tail", "arrow", "circle"};
static const char *const names[] = {"a", "b, \"c\"", "\xc3\xa9\xe2\x82\xac", ""};

static dsep_block part(dsep_context *ctx, int64_t total) {
    return dsep_layout_block(total, dsep_size(ctx), dsep_rank(ctx));
}

/* A table of `rows` rows whose values are functions of the row. */
static int write_edges(dsep_context *ctx, dsep_h5write *file, int64_t rows) {
    const dsep_block mine = part(ctx, rows);
    int64_t *source = dsep_array(mine.count, sizeof *source);
    int32_t *order = dsep_array(mine.count, sizeof *order);
    double *weight = dsep_array(mine.count, sizeof *weight);
    int8_t *mark = dsep_array(mine.count, sizeof *mark);
    for (int64_t i = 0; i < mine.count; i++) {
        const int64_t row = mine.first + i;
        source[i] = row * row;
        order[i] = (int32_t)-row;
        weight[i] = row == 1 ? NAN : 1.0 / (double)(row + 1);
        mark[i] = (int8_t)(row % 3);
    }
    dsep_h5write_table(file, "/graph/edges", rows, 0, NULL);
    dsep_h5write_column(file, "source", DSEP_H5_INT64, mine, source);
    dsep_h5write_column(file, "order", DSEP_H5_INT32, mine, order);
    dsep_h5write_column(file, "weight", DSEP_H5_DOUBLE, mine, weight);
    const int code = dsep_h5write_categories(file, "mark_source", marks, 3, mine, mark);
    free(source);
    free(order);
    free(weight);
    free(mark);
    return code;
}

/* A matrix [3 x 5] spread by columns. */
static int write_matrix(dsep_context *ctx, dsep_h5write *file) {
    const dsep_block mine = part(ctx, 5);
    const dsep_h5write_slab slab = {2, {3, 5}, {0, mine.first}, {3, mine.count}};
    double values[15];
    for (int64_t i = 0; i < 3; i++)
        for (int64_t j = 0; j < mine.count; j++)
            values[i * mine.count + j] = (double)(10 * i + mine.first + j);
    return dsep_h5write_array(file, "/representation/H", DSEP_H5_DOUBLE, &slab, values);
}

static int write_file(dsep_context *ctx, const char *path, int64_t rows, int64_t seed) {
    dsep_h5write *file;
    const int64_t missing[] = {0, 1, 2, 3};
    const int code = dsep_h5write_create(ctx, path, &file);
    if (code)
        return code;
    dsep_h5write_attribute_text(file, "/", "encoding-type", "dsep-result");
    dsep_h5write_attribute_integer(file, "/", "seed", seed);
    dsep_h5write_attribute_real(file, "/graph", "alpha", 0.01);
    dsep_h5write_attribute_texts(file, "/graph", "notes", names, 3);
    dsep_h5write_group(file, "/a/b");
    dsep_h5write_table(file, "/variables", 4, 1, names);
    dsep_h5write_texts(file, "type", names);
    dsep_h5write_column(file, "n_missing", DSEP_H5_INT64,
                        (dsep_block){0, dsep_rank(ctx) == 0 ? 4 : 0}, missing);
    write_edges(ctx, file, rows);
    write_matrix(ctx, file);
    return dsep_h5write_commit(&file);
}

static int same_texts(const dsep_h5tree *node, const char *const *texts, int64_t count) {
    int same = node && node->texts && node->count == count;
    for (int64_t i = 0; same && i < count; i++)
        same = strcmp(node->texts[i], texts[i]) == 0;
    return same;
}

static int same_edges(const dsep_h5tree *tree, int64_t rows) {
    const dsep_h5tree *source = dsep_h5tree_find(tree, "graph/edges/source");
    const dsep_h5tree *order = dsep_h5tree_find(tree, "graph/edges/order");
    const dsep_h5tree *weight = dsep_h5tree_find(tree, "graph/edges/weight");
    const dsep_h5tree *codes = dsep_h5tree_find(tree, "/graph/edges/mark_source/codes");
    const dsep_h5tree *index = dsep_h5tree_find(tree, "graph/edges/_index");
    if (!source || !order || !weight || !codes || !index || source->count != rows)
        return 0;
    int same = source->integers && order->integers && weight->reals && codes->integers;
    for (int64_t i = 0; same && i < rows; i++)
        same = source->integers[i] == i * i && order->integers[i] == -i &&
               index->integers[i] == i && codes->integers[i] == i % 3 &&
               (i == 1 ? isnan(weight->reals[i]) : weight->reals[i] == 1.0 / (double)(i + 1));
    return same;
}

static void test_round_trip(dsep_context *ctx) {
    static const char *const columns[] = {"source", "order", "weight", "mark_source"};
    dsep_h5tree *tree = NULL;
    const char *path = tap_path("result.h5");
    tap_ok(write_file(ctx, path, 3, 7) == DSEP_OK, "a file is written");
    tap_ok(dsep_h5tree_read(path, NULL, dsep_context_error(ctx), &tree) == DSEP_OK, "and read: %s",
           dsep_context_error(ctx)->text);
    tap_ok(dsep_h5tree_check_result(tree, path, NULL) == DSEP_OK, "it is a result");
    tap_ok(dsep_h5tree_integer(tree, "seed", -1) == 7, "an integer attribute comes back");
    tap_ok(dsep_h5tree_real(tree, "graph/alpha", -1) == 0.01, "a real attribute comes back");
    tap_ok(same_texts(dsep_h5tree_find(tree, "graph/notes"), names, 3), "texts as an attribute");
    tap_ok(same_texts(dsep_h5tree_find(tree, "variables/_index"), names, 4), "texts as an index");
    tap_ok(same_texts(dsep_h5tree_find(tree, "variables/type"), names, 4), "texts as a column");
    tap_ok(same_texts(dsep_h5tree_find(tree, "graph/edges/column-order"), columns, 4),
           "the order of columns");
    tap_ok(same_texts(dsep_h5tree_find(tree, "graph/edges/mark_source/categories"), marks, 3),
           "categories");
    tap_ok(dsep_h5tree_integer(tree, "graph/edges/mark_source/ordered", -1) == 0,
           "categories have no order");
    tap_ok(same_edges(tree, 3), "columns spread over ranks, some of them empty");
    const dsep_h5tree *matrix = dsep_h5tree_find(tree, "representation/H");
    tap_ok(matrix && matrix->dimensions == 2 && matrix->shape[1] == 5 && matrix->reals[14] == 24 &&
               matrix->reals[5] == 10,
           "a matrix spread by columns");
    tap_ok(dsep_h5tree_find(tree, "a/b") && !dsep_h5tree_find(tree, "a/c"), "an empty group");
    dsep_h5tree_destroy(&tree);
}

static void test_sizes(dsep_context *ctx) {
    const dsep_h5tree_settings all = {.limit = 1 << 20};
    dsep_h5tree *tree = NULL;
    tap_ok(write_file(ctx, tap_path("empty.h5"), 0, 1) == DSEP_OK, "a table without rows");
    dsep_h5tree_read(tap_path("empty.h5"), NULL, NULL, &tree);
    tap_ok(same_edges(tree, 0), "comes back");
    dsep_h5tree_destroy(&tree);
    tap_ok(write_file(ctx, tap_path("long.h5"), 300001, 1) == DSEP_OK, "a compressed table");
    dsep_h5tree_read(tap_path("long.h5"), &all, NULL, &tree);
    tap_ok(same_edges(tree, 300001), "comes back");
    dsep_h5tree_destroy(&tree);
    dsep_h5tree_read(tap_path("long.h5"), NULL, NULL, &tree);
    const dsep_h5tree *column = dsep_h5tree_find(tree, "graph/edges/source");
    tap_ok(column && !column->integers && column->count == 300001,
           "a long column is described, not loaded");
    dsep_h5tree_destroy(&tree);
}

static int64_t seed_in(const char *path) {
    dsep_h5tree *tree = NULL;
    dsep_h5tree_read(path, NULL, NULL, &tree);
    const int64_t seed = dsep_h5tree_integer(tree, "seed", -1);
    dsep_h5tree_destroy(&tree);
    return seed;
}

static int is_there(const char *path) {
    struct stat found;
    return stat(path, &found) == 0;
}

static void test_faults(dsep_context *ctx) {
    char path[512], fault[64];
    snprintf(path, sizeof path, "%s", tap_path("old.h5"));
    write_file(ctx, path, 3, 11);
    int codes = 1, old = 1, tidy = 1;
    for (int i = 0; dsep_fault_name(i); i++)
        for (int rank = -1; rank < dsep_size(ctx); rank++) {
            if (strncmp(dsep_fault_name(i), "write-", 6) != 0)
                continue;
            snprintf(fault, sizeof fault, rank < 0 ? "%s@all" : "%s@%d", dsep_fault_name(i), rank);
            setenv("DSEP_FAULT", fault, 1);
            codes &= write_file(ctx, path, 3, 12) == DSEP_ERROR_IO;
            dsep_barrier(ctx);
            old &= seed_in(path) == 11;
            tidy &= tap_nothing_beside(path);
            dsep_barrier(ctx);
        }
    unsetenv("DSEP_FAULT");
    tap_ok(codes, "every fault on every rank is code 5 on all ranks");
    tap_ok(old, "the old file is as it was");
    tap_ok(tidy, "nothing is left beside it");
    tap_ok(write_file(ctx, path, 3, 12) == DSEP_OK && seed_in(path) == 12, "then it is replaced");
}

static void test_refusals(dsep_context *ctx) {
    dsep_h5write *file = NULL;
    const double value = 0;
    tap_ok(dsep_h5write_create(ctx, "/nowhere/at/all.h5", &file) == DSEP_ERROR_IO && !file,
           "a folder that does not exist");
    tap_ok(strstr(dsep_context_error(ctx)->text, "No such file") != NULL, "is named: %s",
           dsep_context_error(ctx)->text);
    tap_ok(dsep_h5write_create(ctx, tap_directory(), &file) == DSEP_ERROR_IO,
           "a folder is no file");
    dsep_h5write_create(ctx, tap_path("parts.h5"), &file);
    const dsep_h5write_slab slab = {1, {100}, {0}, {dsep_rank(ctx) == 0}};
    tap_ok(dsep_h5write_array(file, "/x", DSEP_H5_DOUBLE, &slab, &value) == DSEP_ERROR_INTERNAL,
           "parts that do not cover the array");
    tap_ok(dsep_h5write_commit(&file) == DSEP_ERROR_INTERNAL && !file, "spoil the file");
    tap_ok(tap_nothing_beside(tap_path("parts.h5")) && !is_there(tap_path("parts.h5")), "for good");
}

/* Some sizes let the numbers in and not the texts, others not even the first column. */
static void test_full_disk(dsep_context *ctx) {
    char folder[512], path[600], options[32];
    int mounted = 1, codes = 1, tidy = 1, fits = 0;
    snprintf(folder, sizeof folder, "%s", tap_path("disk"));
    snprintf(path, sizeof path, "%s/x.h5", folder);
    for (int kilobytes = 16; mounted && kilobytes <= 4096; kilobytes *= 2) {
        dsep_barrier(ctx);
        if (dsep_rank(ctx) == 0) {
            snprintf(options, sizeof options, "size=%dk", kilobytes);
            mkdir(folder, 0700);
            mounted = mount("tmpfs", folder, "tmpfs", 0, options) == 0;
        }
        dsep_broadcast(ctx, &mounted, sizeof mounted, 0);
        if (!mounted)
            break;
        const int code = write_file(ctx, path, 60000, 1);
        codes &= code == DSEP_OK ||
                 (code == DSEP_ERROR_IO && strstr(dsep_context_error(ctx)->text, "No space left"));
        fits += code == DSEP_OK;
        tidy &= tap_nothing_beside(path) && is_there(path) == (code == DSEP_OK);
        dsep_barrier(ctx);
        if (dsep_rank(ctx) == 0)
            umount(folder);
    }
    if (!mounted) {
        tap_skip("a full disk: no small file system can be mounted here");
        return;
    }
    tap_ok(codes, "a full disk is code 5 on every rank, and says so: %s",
           dsep_context_error(ctx)->text);
    tap_ok(tidy && fits > 0, "and leaves nothing; larger disks do (%d of 9)", fits);
}

static void spoil(const char *from, const char *to, long at, int byte) {
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    int c;
    for (long i = 0; in && out && (c = fgetc(in)) != EOF; i++)
        fputc(i == at ? byte : c, out);
    if (in)
        fclose(in);
    if (out)
        fclose(out);
}

static void test_damage(dsep_context *ctx) {
    char from[512], to[512];
    dsep_h5tree *tree = NULL;
    struct stat found;
    int fine = 0, data = 0, other = 0;
    snprintf(from, sizeof from, "%s", tap_path("result.h5"));
    snprintf(to, sizeof to, "%s/damaged-%d.h5", tap_directory(), dsep_rank(ctx));
    stat(from, &found);
    for (long at = dsep_rank(ctx); at < (long)found.st_size; at += 479L * dsep_size(ctx)) {
        spoil(from, to, at, 0xFF);
        const int code = dsep_h5tree_read(to, NULL, NULL, &tree);
        fine += code == DSEP_OK;
        data += code == DSEP_ERROR_DATA;
        other += code != DSEP_OK && code != DSEP_ERROR_DATA;
        dsep_h5tree_destroy(&tree);
    }
    tap_ok(data > 0 && fine > 0 && !other, "damaged files are read or refused, never a crash");
    if (dsep_rank(ctx) == 0)
        tap_note("%d refused, %d read", data, fine);
    spoil(from, to, -1, 0);
    if (truncate(to, found.st_size / 2))
        tap_note("cannot truncate");
    tap_ok(dsep_h5tree_read(to, NULL, NULL, &tree) == DSEP_ERROR_DATA, "half a file is damaged");
    tap_ok(dsep_h5tree_read("/nowhere.h5", NULL, NULL, &tree) == DSEP_ERROR_IO, "a missing file");
    tap_ok(dsep_h5tree_read("Makefile", NULL, NULL, &tree) == DSEP_ERROR_DATA, "no HDF5 file");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    tap_directory();
    test_round_trip(ctx);
    test_sizes(ctx);
    test_faults(ctx);
    test_refusals(ctx);
    test_full_disk(ctx);
    test_damage(ctx);
    return tap_end();
}
