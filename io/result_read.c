#include "io/result_read.h"

#include "io/graph_hash.h"
#include "io/h5tree.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EDGES = INT32_MAX };

/* The columns of /graph/edges. */
typedef struct {
    const dsep_h5tree *source, *target, *mark_source, *mark_target;
    const dsep_h5tree *weight, *p_max, *order; /* may be NULL */
    const dsep_h5tree *robustness[DSEP_ROBUSTNESS_VALUES];
    const dsep_h5tree *share[DSEP_SHARE_MARKS];
} columns;

typedef struct {
    const char *path;
    const dsep_h5tree *tree;
    dsep_error *error;
} reader;

static int wrong(const reader *in, const char *what) {
    return dsep_error_set(
        in->error, DSEP_ERROR_DATA,
        "'%s' does not agree with itself: %s. Run the command that wrote it again", in->path, what);
}

/* --- columns -----------------------------------------------------------------------------------
 */

static const dsep_h5tree *column(const reader *in, const char *name, dsep_h5tree_type type,
                                 int64_t rows) {
    char path[128];
    snprintf(path, sizeof path, "graph/edges/%s", name);
    const dsep_h5tree *node = dsep_h5tree_find(in->tree, path);
    const int good = node && node->type == type && node->dimensions == 1 &&
                     (rows < 0 || node->count == rows) && (node->integers || node->reals);
    return good ? node : NULL;
}

/* Codes may stand for categories in any order: the names decide. */
static int read_mark_names(const reader *in, const char *name, dsep_mark marks[8], int64_t *count) {
    char path[128];
    snprintf(path, sizeof path, "graph/edges/%s/categories", name);
    const dsep_h5tree *node = dsep_h5tree_find(in->tree, path);
    if (!node || !node->texts || node->count > 8)
        return wrong(in, "its marks have no categories");
    *count = node->count;
    for (int64_t i = 0; i < node->count; i++) {
        marks[i] = 0;
        for (int m = DSEP_MARK_TAIL; m <= DSEP_MARK_CIRCLE; m++)
            if (strcmp(node->texts[i], dsep_mark_name(m)) == 0)
                marks[i] = m;
        if (!marks[i])
            return wrong(in, "its marks have a category that is not tail, arrow or circle");
    }
    return DSEP_OK;
}

static int find_columns(const reader *in, columns *found) {
    found->source = column(in, "source", DSEP_H5TREE_INTEGER, -1);
    if (!found->source)
        return dsep_error_set(in->error, DSEP_ERROR_DATA,
                              "'%s' has no graph. Name the result of `dsep discover`", in->path);
    const int64_t rows = found->source->count;
    found->target = column(in, "target", DSEP_H5TREE_INTEGER, rows);
    found->mark_source = column(in, "mark_source/codes", DSEP_H5TREE_INTEGER, rows);
    found->mark_target = column(in, "mark_target/codes", DSEP_H5TREE_INTEGER, rows);
    found->weight = column(in, "weight", DSEP_H5TREE_REAL, rows);
    found->p_max = column(in, "p_max", DSEP_H5TREE_REAL, rows);
    found->order = column(in, "order", DSEP_H5TREE_INTEGER, rows);
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        found->robustness[k] = column(in, dsep_robustness_names[k], DSEP_H5TREE_REAL, rows);
    for (int k = 0; k < DSEP_SHARE_MARKS; k++)
        found->share[k] = column(in, dsep_share_names[k], DSEP_H5TREE_REAL, rows);
    if (!found->target || !found->mark_source || !found->mark_target)
        return wrong(in, "the columns of /graph/edges are missing or of different lengths");
    return DSEP_OK;
}

/* --- the graph ---------------------------------------------------------------------------------
 */

static int read_edges(const reader *in, const columns *found, dsep_named_edge *edges) {
    dsep_mark at_source[8], at_target[8];
    int64_t n_source, n_target;
    int code = read_mark_names(in, "mark_source", at_source, &n_source);
    if (!code)
        code = read_mark_names(in, "mark_target", at_target, &n_target);
    for (int64_t e = 0; !code && e < found->source->count; e++) {
        const int64_t s = found->mark_source->integers[e], t = found->mark_target->integers[e];
        if (s < 0 || s >= n_source || t < 0 || t >= n_target)
            return wrong(in, "a mark is none of its categories");
        edges[e] =
            (dsep_named_edge){.edge = {found->source->integers[e], found->target->integers[e],
                                       at_source[s], at_target[t]},
                              .weight = found->weight ? found->weight->reals[e] : NAN,
                              .p_max = found->p_max ? found->p_max->reals[e] : NAN,
                              .order = found->order ? found->order->integers[e] : -1};
        for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
            edges[e].robustness[k] = found->robustness[k] ? found->robustness[k]->reals[e] : NAN;
    }
    return code;
}

/* Out-of-range edges have no names to speak of: they are refused before the graph is made. */
static int check_range(const reader *in, const columns *found, int64_t n_nodes) {
    for (int64_t e = 0; e < found->source->count; e++) {
        const int64_t x = found->source->integers[e], y = found->target->integers[e];
        if (x < 0 || x >= n_nodes || y < 0 || y >= n_nodes)
            return wrong(in, "an edge leads to a variable that does not exist");
    }
    return DSEP_OK;
}

static int read_kind(const reader *in, dsep_graph_kind *kind) {
    const char *name = dsep_h5tree_text(in->tree, "graph/kind", "");
    for (int k = DSEP_GRAPH_SKELETON; k <= DSEP_GRAPH_DAG; k++)
        if (strcmp(name, dsep_graph_kind_name(k)) == 0) {
            *kind = k;
            return DSEP_OK;
        }
    return wrong(in, "its graph is no skeleton, cpdag, pag or dag");
}

/* The graph may have its edges in another order than the file. */
static int add_shares(const reader *in, const columns *found, const dsep_named_edge *edges,
                      dsep_named_graph *graph) {
    int code = DSEP_OK;
    for (int k = 0; k < DSEP_SHARE_MARKS; k++) {
        if (!found->share[k])
            continue;
        DSEP_TRY(dsep_named_graph_add_share(graph, k, in->error));
        for (int64_t e = 0; e < graph->n_edges; e++)
            graph->share[k][dsep_named_graph_find(graph, edges[e].edge)] =
                found->share[k]->reals[e];
    }
cleanup:
    return code;
}

/* A graph over something else than the variables, factors say, names its nodes itself. */
static const dsep_h5tree *find_names(const reader *in) {
    const dsep_h5tree *own = dsep_h5tree_find(in->tree, "graph/nodes/_index");
    return own ? own : dsep_h5tree_find(in->tree, "variables/_index");
}

static int read_graph(const reader *in, dsep_named_graph **graph) {
    int code = DSEP_OK;
    columns found = {0};
    dsep_graph_kind kind = DSEP_GRAPH_SKELETON;
    dsep_named_edge *edges = NULL;
    const dsep_h5tree *names = find_names(in);
    if (!dsep_h5tree_find(in->tree, "graph/edges"))
        return find_columns(in, &found); /* which says so */
    if (!names || !names->texts)
        return wrong(in, "its variables have no names");
    DSEP_TRY(find_columns(in, &found));
    DSEP_TRY(read_kind(in, &kind));
    DSEP_TRY(check_range(in, &found, names->count));
    edges = dsep_array(found.source->count, sizeof *edges);
    if (!edges) {
        code = dsep_out_of_memory(in->error, "the edges of a result");
        goto cleanup;
    }
    DSEP_TRY(read_edges(in, &found, edges));
    code = dsep_named_graph_create(names->texts, names->count, edges, found.source->count, kind,
                                   in->error, graph);
    if (code == DSEP_ERROR_DATA)
        code = wrong(in, "an edge stands twice, or joins a variable to itself");
    if (!code)
        code = add_shares(in, &found, edges, *graph);
cleanup:
    free(edges);
    return code;
}

/* --- the result --------------------------------------------------------------------------------
 */

static int check_hash(const reader *in, const dsep_result *result) {
    char hash[17];
    dsep_graph_hash(result->graph->graph, result->graph->names, hash);
    if (*result->hash && strcmp(result->hash, hash) != 0)
        return wrong(in, "its graph-hash is that of another graph");
    return DSEP_OK;
}

static int read_result(const reader *in, dsep_result *result) {
    int code = dsep_h5tree_check_result(in->tree, in->path, in->error);
    if (code)
        return code;
    result->complete = dsep_h5tree_integer(in->tree, "complete", 0) != 0;
    result->own_nodes = dsep_h5tree_find(in->tree, "graph/nodes/_index") != NULL;
    result->n_samples = dsep_h5tree_integer(in->tree, "graph/n_samples", 0);
    result->alpha = dsep_h5tree_real(in->tree, "graph/robustness_alpha", NAN);
    result->command = strdup(dsep_h5tree_text(in->tree, "command", ""));
    snprintf(result->hash, sizeof result->hash, "%s", dsep_h5tree_text(in->tree, "graph-hash", ""));
    if (!result->command)
        return dsep_out_of_memory(in->error, "a result");
    code = read_graph(in, &result->graph);
    return code ? code : check_hash(in, result);
}

int dsep_result_read(const char *path, dsep_error *error, dsep_result **result) {
    static const char *const branches[] = {"/graph/edges", "/graph/nodes/_index",
                                           "/variables/_index", NULL};
    const dsep_h5tree_settings settings = {.limit = MOST_EDGES, .branches = branches};
    dsep_h5tree *tree = NULL;
    dsep_result *made = dsep_array(1, sizeof *made);
    *result = NULL;
    int code = made ? DSEP_OK : dsep_out_of_memory(error, "a result");
    if (!code)
        code = dsep_h5tree_read(path, &settings, error, &tree);
    if (!code)
        code = read_result(&(reader){path, tree, error}, made);
    dsep_h5tree_destroy(&tree);
    if (code)
        dsep_result_destroy(&made);
    *result = made;
    return code;
}

int dsep_result_is_hdf5(const char *path) {
    static const char signature[] = "\x89HDF\r\n\x1a\n";
    char start[8] = "";
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    const size_t got = fread(start, 1, sizeof start, file);
    fclose(file);
    return got == sizeof start && memcmp(start, signature, sizeof start) == 0;
}

void dsep_result_destroy(dsep_result **result) {
    if (!result || !*result)
        return;
    dsep_named_graph_destroy(&(*result)->graph);
    free((*result)->command);
    free(*result);
    *result = NULL;
}
