#include "io/named_graph.h"

#include "io/name_index.h"
#include "io/utf8.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const dsep_robustness_names[] = {"partial_r2", "robustness", "robustness_ci"};

const char *const dsep_share_names[] = {"share",
                                        "share_joined",
                                        "share_tail_tail",
                                        "share_tail_arrow",
                                        "share_tail_circle",
                                        "share_arrow_tail",
                                        "share_arrow_arrow",
                                        "share_arrow_circle",
                                        "share_circle_tail",
                                        "share_circle_arrow",
                                        "share_circle_circle"};

/* The direction in which files hold an edge: a directed one from its tail, others from the lower
 * number. */
static dsep_edge canonical(dsep_edge edge) {
    const int backward = edge.mark_source == DSEP_MARK_ARROW && edge.mark_target == DSEP_MARK_TAIL;
    const int forward = edge.mark_source == DSEP_MARK_TAIL && edge.mark_target == DSEP_MARK_ARROW;
    if (backward || (!forward && edge.target < edge.source))
        return (dsep_edge){edge.target, edge.source, edge.mark_target, edge.mark_source};
    return edge;
}

static int by_ends(const void *left, const void *right) {
    const dsep_edge *a = left, *b = right;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->target > b->target) - (a->target < b->target);
}

static int by_edge(const void *left, const void *right) {
    return by_ends(&((const dsep_named_edge *)left)->edge, &((const dsep_named_edge *)right)->edge);
}

static int allocate(dsep_named_graph *made) {
    made->names = dsep_array(made->n_nodes, sizeof *made->names);
    made->edges = dsep_array(made->n_edges, sizeof *made->edges);
    made->weight = dsep_array(made->n_edges, sizeof *made->weight);
    made->p_max = dsep_array(made->n_edges, sizeof *made->p_max);
    made->order = dsep_array(made->n_edges, sizeof *made->order);
    int whole = made->names && made->edges && made->weight && made->p_max && made->order;
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        whole &= (made->robustness[k] = dsep_array(made->n_edges, sizeof(double))) != NULL;
    return whole;
}

static int fill(dsep_named_graph *made, char *const *names, const dsep_named_edge *edges) {
    dsep_named_edge *sorted = dsep_array(made->n_edges, sizeof *sorted);
    if (!sorted)
        return 0;
    for (int64_t e = 0; e < made->n_edges; e++) {
        sorted[e] = edges[e];
        sorted[e].edge = canonical(edges[e].edge);
    }
    qsort(sorted, (size_t)made->n_edges, sizeof *sorted, by_edge);
    for (int64_t e = 0; e < made->n_edges; e++) {
        made->edges[e] = sorted[e].edge;
        made->weight[e] = sorted[e].weight;
        made->p_max[e] = sorted[e].p_max;
        made->order[e] = sorted[e].order;
        for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
            made->robustness[k][e] = sorted[e].robustness[k];
    }
    free(sorted);
    for (int64_t x = 0; x < made->n_nodes; x++)
        if (!(made->names[x] = dsep_utf8_copy(names[x])))
            return 0;
    return 1;
}

int dsep_named_graph_create(char *const *names, int64_t n_nodes, const dsep_named_edge *edges,
                            int64_t n_edges, dsep_graph_kind kind, dsep_error *error,
                            dsep_named_graph **made) {
    int code = DSEP_OK;
    dsep_named_graph *graph = dsep_array(1, sizeof *graph);
    *made = NULL;
    if (graph) {
        graph->n_nodes = n_nodes;
        graph->n_edges = n_edges;
    }
    if (!graph || !allocate(graph) || !fill(graph, names, edges)) {
        code = dsep_out_of_memory(error, "a graph");
        goto cleanup;
    }
    DSEP_TRY(dsep_graph_create(n_nodes, n_edges, graph->edges, kind, error, &graph->graph));
    *made = graph;
    graph = NULL;
cleanup:
    dsep_named_graph_destroy(&graph);
    return code;
}

void dsep_named_graph_destroy(dsep_named_graph **graph) {
    if (!graph || !*graph)
        return;
    for (int64_t x = 0; (*graph)->names && x < (*graph)->n_nodes; x++)
        free((*graph)->names[x]);
    free((*graph)->names);
    dsep_graph_destroy(&(*graph)->graph);
    free((*graph)->edges);
    free((*graph)->weight);
    free((*graph)->p_max);
    free((*graph)->order);
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        free((*graph)->robustness[k]);
    for (int k = 0; k < DSEP_SHARES; k++)
        free((*graph)->share[k]);
    free(*graph);
    *graph = NULL;
}

int dsep_named_graph_add_share(dsep_named_graph *graph, int share, dsep_error *error) {
    if (!graph->share[share])
        graph->share[share] = dsep_array(graph->n_edges, sizeof(double));
    if (!graph->share[share])
        return dsep_out_of_memory(error, "the shares of edges");
    for (int64_t e = 0; e < graph->n_edges; e++)
        graph->share[share][e] = NAN;
    return DSEP_OK;
}

int64_t dsep_named_graph_find(const dsep_named_graph *graph, dsep_edge edge) {
    const dsep_edge key = canonical(edge);
    const dsep_edge *found =
        graph->n_edges > 0
            ? bsearch(&key, graph->edges, (size_t)graph->n_edges, sizeof key, by_ends)
            : NULL;
    return found ? found - graph->edges : -1;
}

/* Where each of the graph's names stands among the others; some may be missing. */
static int find_all(const dsep_named_graph *graph, const dsep_name_index *index, int64_t *where,
                    dsep_error *error) {
    char list[512] = "";
    int64_t missing = 0;
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        where[x] = dsep_name_index_find(index, graph->names[x], (int64_t)strlen(graph->names[x]));
        if (where[x] >= 0 || missing++ >= 5)
            continue;
        const size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s'%.80s'", length ? ", " : "",
                 graph->names[x]);
    }
    if (missing == 0)
        return DSEP_OK;
    return dsep_error_set(
        error, DSEP_ERROR_DATA, "%lld of %lld names are not known on the other side: %s%s",
        (long long)missing, (long long)graph->n_nodes, list, missing > 5 ? ", ..." : "");
}

int dsep_named_graph_map(const dsep_named_graph *graph, char *const *names, int64_t n_names,
                         dsep_error *error, dsep_named_graph **mapped) {
    int code = DSEP_OK;
    dsep_name_index *index = NULL;
    int64_t *where = dsep_array(graph->n_nodes, sizeof *where);
    dsep_named_edge *edges = dsep_array(graph->n_edges, sizeof *edges);
    *mapped = NULL;
    if (!where || !edges) {
        code = dsep_out_of_memory(error, "a graph over other names");
        goto cleanup;
    }
    DSEP_TRY(dsep_name_index_create(names, n_names, error, &index));
    DSEP_TRY(find_all(graph, index, where, error));
    for (int64_t e = 0; e < graph->n_edges; e++) {
        const dsep_edge old = graph->edges[e];
        edges[e] = (dsep_named_edge){
            .edge = {where[old.source], where[old.target], old.mark_source, old.mark_target},
            .weight = graph->weight[e],
            .p_max = graph->p_max[e],
            .order = graph->order[e]};
        for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
            edges[e].robustness[k] = graph->robustness[k][e];
    }
    DSEP_TRY(dsep_named_graph_create(names, n_names, edges, graph->n_edges, graph->graph->kind,
                                     error, mapped));
cleanup:
    dsep_name_index_destroy(&index);
    free(where);
    free(edges);
    return code;
}

dsep_graph_kind dsep_named_graph_guess(const dsep_named_edge *edges, int64_t n_edges) {
    int64_t directed = 0, undirected = 0;
    for (int64_t e = 0; e < n_edges; e++) {
        const dsep_mark a = edges[e].edge.mark_source, b = edges[e].edge.mark_target;
        undirected += a == DSEP_MARK_TAIL && b == DSEP_MARK_TAIL;
        directed += (a == DSEP_MARK_TAIL && b == DSEP_MARK_ARROW) ||
                    (a == DSEP_MARK_ARROW && b == DSEP_MARK_TAIL);
    }
    if (directed + undirected < n_edges)
        return DSEP_GRAPH_PAG;
    if (undirected == 0)
        return DSEP_GRAPH_DAG;
    return directed == 0 ? DSEP_GRAPH_SKELETON : DSEP_GRAPH_CPDAG;
}
