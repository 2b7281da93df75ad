#include "jobs/replicates_read.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- reading --------------------------------------------------------------------------------- */

/* The columns of /replicates/edges. */
typedef struct {
    const dsep_h5tree *source, *target, *joined;
    const dsep_h5tree *count[DSEP_TALLY_MARKS]; /* NULL for marks that do not occur */
} columns;

static int wrong(const char *path, const char *what, dsep_error *error) {
    return dsep_error_set(
        error, DSEP_ERROR_DATA,
        "'%s' does not agree with itself: %s. Run the command that wrote it again", path, what);
}

static const dsep_h5tree *column(const dsep_h5tree *tree, const char *name, int64_t rows) {
    char path[64];
    snprintf(path, sizeof path, "replicates/edges/%s", name);
    const dsep_h5tree *node = dsep_h5tree_find(tree, path);
    return node && node->integers && node->dimensions == 1 && (rows < 0 || node->count == rows)
               ? node
               : NULL;
}

static int find_columns(const char *path, dsep_replicates_found *found, dsep_error *error,
                        columns *c) {
    c->source = column(found->tree, "source", -1);
    const int64_t rows = c->source ? c->source->count : 0;
    c->target = column(found->tree, "target", rows);
    c->joined = column(found->tree, "joined", rows);
    if (!c->source || !c->target || !c->joined)
        return wrong(path, "columns of /replicates/edges are missing or of different lengths",
                     error);
    for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++) {
        char name[32];
        snprintf(name, sizeof name, "%s_%s", dsep_mark_name(dsep_tally_mark_x(kind)),
                 dsep_mark_name(dsep_tally_mark_y(kind)));
        c->count[kind] = column(found->tree, name, rows);
        found->possible[kind] = c->count[kind] != NULL;
    }
    return DSEP_OK;
}

static int64_t node_at(const columns *c, int64_t row, int end) {
    return (end ? c->target : c->source)->integers[row];
}

/* Sorted pairs x < y that stand once, with counts that are shares of what was done. */
static int is_row_right(const dsep_replicates_found *found, const columns *c, int64_t row) {
    const int64_t x = node_at(c, row, 0), y = node_at(c, row, 1);
    int64_t sum = 0;
    for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++) {
        const int64_t count = c->count[kind] ? c->count[kind]->integers[row] : 0;
        if (count < 0 || count > found->done)
            return 0;
        sum += count;
    }
    const int follows = row == 0 || node_at(c, row - 1, 0) < x ||
                        (node_at(c, row - 1, 0) == x && node_at(c, row - 1, 1) < y);
    return x >= 0 && x < y && y < found->learned->n_nodes && follows && sum > 0 &&
           sum <= found->done && sum == c->joined->integers[row];
}

static int read_counts(const char *path, dsep_replicates_found *found, dsep_error *error) {
    columns c;
    int code = find_columns(path, found, error, &c);
    if (!code)
        code = dsep_tally_create(error, &found->tally);
    for (int64_t row = 0; !code && row < c.source->count; row++) {
        if (!is_row_right(found, &c, row))
            return wrong(path, "/replicates/edges has a row that cannot be", error);
        dsep_tally_edge edge = {.x = (int32_t)node_at(&c, row, 0),
                                .y = (int32_t)node_at(&c, row, 1)};
        for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
            edge.count[kind] = c.count[kind] ? (int32_t)c.count[kind]->integers[row] : 0;
        code = dsep_tally_add_edge(found->tally, &edge, error);
    }
    return code;
}

int dsep_replicates_open(const char *path, const dsep_named_graph *learned, dsep_error *error,
                         dsep_replicates_found *found) {
    static const char *const branches[] = {"/replicates", NULL};
    const dsep_h5tree_settings settings = {.limit = INT32_MAX, .branches = branches};
    *found = (dsep_replicates_found){.learned = learned};
    const int code = dsep_h5tree_read(path, &settings, error, &found->tree);
    if (code)
        return code;
    if (!dsep_h5tree_find(found->tree, "replicates/edges"))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "'%s' has no shares of replicates; make some with dsep discover "
                              "--replicates 100 (those of dsep represent give intervals), or "
                              "export its graph with --what graph",
                              path);
    found->requested = dsep_h5tree_integer(found->tree, "replicates/requested", 0);
    found->done = dsep_h5tree_integer(found->tree, "replicates/done", 0);
    found->threshold = dsep_h5tree_real(found->tree, "replicates/threshold_share", NAN);
    if (found->done == 0)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "'%s' was written before any of its replicates was done; the command "
                              "that wrote it goes on where it stopped",
                              path);
    if (found->done < 0 || found->done > INT32_MAX || !(found->threshold >= 0))
        return wrong(path, "its number of replicates or its threshold cannot be", error);
    return read_counts(path, found, error);
}

void dsep_replicates_close(dsep_replicates_found *found) {
    dsep_h5tree_destroy(&found->tree);
    dsep_tally_destroy(&found->tally);
    *found = (dsep_replicates_found){0};
}

/* --- graphs ---------------------------------------------------------------------------------- */

static int name_graph(const dsep_replicates_found *found, const dsep_graph *graph,
                      dsep_error *error, dsep_named_graph **named) {
    int code = DSEP_OK;
    int64_t same, joined;
    dsep_edge *edges = dsep_array(graph->n_edges, sizeof *edges);
    dsep_named_edge *valued = dsep_array(graph->n_edges, sizeof *valued);
    DSEP_TRY(edges && valued ? DSEP_OK : dsep_out_of_memory(error, "an ensemble graph"));
    DSEP_TRY(dsep_graph_edges(graph, error, edges, NULL));
    for (int64_t e = 0; e < graph->n_edges; e++) {
        dsep_tally_count(found->tally, edges[e], &same, &joined);
        valued[e] = (dsep_named_edge){.edge = edges[e],
                                      .weight = (double)joined / (double)found->done,
                                      .p_max = NAN,
                                      .order = -1};
        for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
            valued[e].robustness[k] = NAN;
    }
    DSEP_TRY(dsep_named_graph_create(found->learned->names, graph->n_nodes, valued, graph->n_edges,
                                     graph->kind, error, named));
    (*named)->counted = 1;
cleanup:
    free(edges);
    free(valued);
    return code;
}

static int make_graph(const dsep_replicates_found *found, dsep_ensemble_rule rule,
                      dsep_error *error, dsep_named_graph **named) {
    int code = DSEP_OK;
    dsep_graph *graph = NULL;
    *named = NULL;
    DSEP_TRY(dsep_ensemble_graph(found->tally, found->done, rule, found->threshold,
                                 found->learned->n_nodes, found->learned->graph->kind, error,
                                 &graph));
    DSEP_TRY(name_graph(found, graph, error, named));
cleanup:
    dsep_graph_destroy(&graph);
    return code;
}

/* A column with the share of each edge; of given marks instead of its own, unless they are 0. */
static int add_share(const dsep_replicates_found *found, dsep_named_graph *graph, int share,
                     dsep_mark at_source, dsep_mark at_target, dsep_error *error) {
    const int code = dsep_named_graph_add_share(graph, share, error);
    for (int64_t e = 0; !code && e < graph->n_edges; e++) {
        int64_t same, joined;
        dsep_edge edge = graph->edges[e];
        if (at_source) {
            edge.mark_source = at_source;
            edge.mark_target = at_target;
        }
        dsep_tally_count(found->tally, edge, &same, &joined);
        graph->share[share][e] =
            (double)(share == DSEP_SHARE_JOINED ? joined : same) / (double)found->done;
    }
    return code;
}

int dsep_replicates_ensemble(const dsep_replicates_found *found, dsep_ensemble_rule rule,
                             dsep_error *error, dsep_named_graph **graph) {
    int code = DSEP_OK;
    DSEP_TRY(make_graph(found, rule, error, graph));
    DSEP_TRY(add_share(found, *graph, DSEP_SHARE, 0, 0, error));
    DSEP_TRY(add_share(found, *graph, DSEP_SHARE_JOINED, 0, 0, error));
cleanup:
    if (code)
        dsep_named_graph_destroy(graph);
    return code;
}

int dsep_replicates_pairs(const dsep_replicates_found *found, dsep_error *error,
                          dsep_named_graph **graph) {
    int code = DSEP_OK;
    DSEP_TRY(make_graph(found, DSEP_ENSEMBLE_PRESERVED, error, graph));
    DSEP_TRY(add_share(found, *graph, DSEP_SHARE_JOINED, 0, 0, error));
    for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
        if (found->possible[kind])
            DSEP_TRY(add_share(found, *graph, DSEP_SHARE_MARKS + kind, dsep_tally_mark_x(kind),
                               dsep_tally_mark_y(kind), error));
cleanup:
    if (code)
        dsep_named_graph_destroy(graph);
    return code;
}
