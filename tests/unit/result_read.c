/* Reading results back: the graph that was written, and refusals of files that do not agree with
 * themselves. */
#include "io/result_read.h"
#include "io/graph_hash.h"
#include "io/h5write.h"
#include "tests/support/tap.h"

#include <math.h>
#include <string.h>

/* What a test may get wrong in a file. */
typedef struct {
    const char *type, *kind, *hash, *category;
    int64_t target;  /* of the last edge */
    int64_t missing; /* rows that mark_target lacks */
    int code;        /* of its last mark */
    int no_graph;
    int64_t nodes; /* that the graph names itself; 0: its nodes are the variables */
} flaw;

static const flaw none = {"dsep-result", "pag", "", "circle", 0, 0, 2, 0, 0};

static const char *const names[] = {"a", "b", "\xc3\xa9"};
static const char *const nodes[] = {"Z1", "Z2", "Z3", "Z4"};

/* 0 <-> 1, 2 o-> 0 as 0 <-o 2; rank 0 writes all. */
static int write_edges(dsep_context *ctx, dsep_h5write *file, flaw wrong) {
    const int first = dsep_rank(ctx) == 0;
    const dsep_block rows = {0, first ? 2 : 0}, fewer = {0, first ? 2 - wrong.missing : 0};
    const char *const marks[] = {"tail", "arrow", wrong.category};
    const int64_t source[] = {0, 2}, target[] = {1, wrong.target}, order[] = {0, 3};
    const int8_t at_source[] = {1, 2}, at_target[] = {1, (int8_t)(wrong.code - 1)};
    const double weight[] = {0.5, NAN};
    dsep_h5write_table(file, "/graph/edges", 2, 0, NULL);
    dsep_h5write_column(file, "source", DSEP_H5_INT64, rows, source);
    dsep_h5write_column(file, "target", DSEP_H5_INT64, rows, target);
    dsep_h5write_categories(file, "mark_source", marks, 3, rows, at_source);
    dsep_h5write_column(file, "weight", DSEP_H5_DOUBLE, rows, weight);
    dsep_h5write_column(file, "order", DSEP_H5_INT64, rows, order);
    dsep_h5write_column(file, "robustness", DSEP_H5_DOUBLE, rows, weight);
    if (!wrong.missing)
        return dsep_h5write_categories(file, "mark_target", marks, 3, rows, at_target);
    const dsep_h5write_slab slab = dsep_h5write_line(2 - wrong.missing, fewer);
    return dsep_h5write_array(file, "/graph/edges/mark_target/codes", DSEP_H5_INT8, &slab,
                              at_target);
}

static const char *store(dsep_context *ctx, flaw wrong) {
    const char *path = tap_path("flawed.h5");
    dsep_h5write *file;
    if (dsep_h5write_create(ctx, path, &file))
        return path;
    dsep_h5write_attribute_text(file, "/", "encoding-type", wrong.type);
    dsep_h5write_attribute_text(file, "/", "graph-hash", wrong.hash);
    dsep_h5write_attribute_text(file, "/", "command", "dsep discover x.csv");
    dsep_h5write_attribute_integer(file, "/", "complete", 1);
    dsep_h5write_table(file, "/variables", 3, 1, names);
    if (!wrong.no_graph) {
        dsep_h5write_attribute_text(file, "/graph", "kind", wrong.kind);
        dsep_h5write_attribute_integer(file, "/graph", "n_samples", 300);
        dsep_h5write_attribute_real(file, "/graph", "robustness_alpha", .01);
        write_edges(ctx, file, wrong);
    }
    if (wrong.nodes)
        dsep_h5write_table(file, "/graph/nodes", wrong.nodes, 1, nodes);
    if (dsep_h5write_commit(&file))
        tap_note("%s", dsep_context_error(ctx)->text);
    return path;
}

static void test_reading(dsep_context *ctx) {
    dsep_result *result = NULL;
    const char *path = store(ctx, none);
    tap_ok(dsep_result_is_hdf5(path) && !dsep_result_is_hdf5("Makefile"), "HDF5 is told apart");
    tap_ok(dsep_result_read(path, dsep_context_error(ctx), &result) == DSEP_OK, "a result: %s",
           dsep_context_error(ctx)->text);
    const dsep_named_graph *g = result->graph;
    tap_ok(g->n_nodes == 3 && g->n_edges == 2 && g->graph->kind == DSEP_GRAPH_PAG &&
               strcmp(g->names[2], "\xc3\xa9") == 0,
           "names and kind");
    tap_ok(g->edges[1].source == 0 && g->edges[1].target == 2 &&
               g->edges[1].mark_source == DSEP_MARK_ARROW &&
               g->edges[1].mark_target == DSEP_MARK_CIRCLE,
           "edges in file order");
    tap_ok(g->weight[0] == 0.5 && isnan(g->weight[1]) && isnan(g->p_max[0]) && g->order[1] == 3,
           "values; a column that is not there is unknown");
    tap_ok(g->robustness[DSEP_ROBUSTNESS][0] == 0.5 && isnan(g->robustness[DSEP_ROBUSTNESS][1]) &&
               isnan(g->robustness[DSEP_ROBUSTNESS_CI][0]) && result->n_samples == 300 &&
               result->alpha == .01,
           "robustness, and what it was computed with");
    tap_ok(!result->own_nodes, "the nodes are the variables");
    tap_ok(result->complete && strcmp(result->command, "dsep discover x.csv") == 0, "provenance");
    flaw hashed = none;
    char hash[17];
    dsep_graph_hash(g->graph, g->names, hash);
    hashed.hash = hash;
    dsep_result_destroy(&result);
    tap_ok(dsep_result_read(store(ctx, hashed), NULL, &result) == DSEP_OK &&
               strcmp(result->hash, hash) == 0,
           "a right hash");
    dsep_result_destroy(&result);
}

static void test_own_nodes(dsep_context *ctx) {
    dsep_result *result = NULL;
    flaw factors = none;
    factors.nodes = 4, factors.target = 3;
    tap_ok(dsep_result_read(store(ctx, factors), NULL, &result) == DSEP_OK && result->own_nodes &&
               result->graph->n_nodes == 4 && strcmp(result->graph->names[3], "Z4") == 0,
           "a graph names its nodes itself");
    dsep_result_destroy(&result);
}

static void is_refused(dsep_context *ctx, flaw wrong, const char *message) {
    dsep_result *result = NULL;
    dsep_error error = {0};
    const int code = dsep_result_read(store(ctx, wrong), &error, &result);
    tap_ok(code == DSEP_ERROR_DATA && !result && strstr(error.text, message), "%s", message);
    if (!strstr(error.text, message))
        tap_note("%d %s", code, error.text);
}

static void test_refusals(dsep_context *ctx) {
    flaw wrong;
    wrong = none, wrong.type = "anndata";
    is_refused(ctx, wrong, "no result of dsep");
    wrong = none, wrong.no_graph = 1;
    is_refused(ctx, wrong, "has no graph");
    wrong = none, wrong.kind = "tree";
    is_refused(ctx, wrong, "no skeleton, cpdag, pag or dag");
    wrong = none, wrong.hash = "0123456789abcdef";
    is_refused(ctx, wrong, "graph-hash is that of another graph");
    wrong = none, wrong.category = "star";
    is_refused(ctx, wrong, "not tail, arrow or circle");
    wrong = none, wrong.target = 3;
    is_refused(ctx, wrong, "a variable that does not exist");
    wrong = none, wrong.target = 2, wrong.nodes = 2;
    is_refused(ctx, wrong, "a variable that does not exist");
    wrong = none, wrong.target = 2;
    is_refused(ctx, wrong, "stands twice, or joins a variable to itself");
    wrong = none, wrong.missing = 1;
    is_refused(ctx, wrong, "missing or of different lengths");
    wrong = none, wrong.code = 5;
    is_refused(ctx, wrong, "a mark is none of its categories");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    tap_directory();
    test_reading(ctx);
    test_own_nodes(ctx);
    test_refusals(ctx);
    return tap_end();
}
