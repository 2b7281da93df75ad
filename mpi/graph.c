#include "mpi/graph.h"

#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

static dsep_graph *allocate(int64_t n_nodes, int64_t n_edges) {
    dsep_graph *graph = dsep_array(1, sizeof *graph);
    if (!graph)
        return NULL;
    graph->n_nodes = n_nodes;
    graph->n_edges = n_edges;
    graph->offset = dsep_array(n_nodes + 1, sizeof *graph->offset);
    graph->neighbour = dsep_array(2 * n_edges, sizeof *graph->neighbour);
    graph->twin = dsep_array(2 * n_edges, sizeof *graph->twin);
    graph->mark = dsep_array(2 * n_edges, sizeof *graph->mark);
    if (!graph->offset || !graph->neighbour || !graph->twin || !graph->mark)
        dsep_graph_destroy(&graph);
    return graph;
}

static int64_t lower(dsep_edge edge) {
    return edge.source < edge.target ? edge.source : edge.target;
}

static dsep_edge from_lower(dsep_edge edge) {
    return edge.source < edge.target
               ? edge
               : (dsep_edge){edge.target, edge.source, edge.mark_target, edge.mark_source};
}

static int by_target(const void *left, const void *right) {
    const dsep_edge *a = left, *b = right;
    return (a->target > b->target) - (a->target < b->target);
}

/* Sorts by source through counting, then by target among those of one source. */
static void sort_edges(int64_t n_nodes, int64_t n_edges, const dsep_edge *edges, int64_t *start,
                       dsep_edge *sorted) {
    for (int64_t e = 0; e < n_edges; e++)
        start[lower(edges[e]) + 1]++;
    for (int64_t x = 0; x < n_nodes; x++)
        start[x + 1] += start[x];
    for (int64_t e = 0; e < n_edges; e++)
        sorted[start[lower(edges[e])]++] = from_lower(edges[e]);
    int64_t from = 0;
    for (int64_t x = 0; x < n_nodes; from = start[x++]) /* each start is now the end of its run */
        if (start[x] - from > 1)
            qsort(sorted + from, (size_t)(start[x] - from), sizeof *sorted, by_target);
}

/* Copies edges with the lower node first and sorts them, so that rows come out ascending. */
static int sort_pairs(int64_t n_nodes, int64_t n_edges, const dsep_edge *edges, dsep_edge *pairs,
                      dsep_error *error) {
    for (int64_t e = 0; e < n_edges; e++) {
        const dsep_edge edge = edges[e];
        if (edge.source < 0 || edge.target < 0 || edge.source >= n_nodes ||
            edge.target >= n_nodes || edge.source == edge.target)
            return dsep_error_set(error, DSEP_ERROR_DATA, "edge %lld - %lld is not possible",
                                  (long long)edge.source, (long long)edge.target);
    }
    int64_t *start = dsep_array(n_nodes + 1, sizeof *start);
    if (!start)
        return dsep_out_of_memory(error, "a graph");
    sort_edges(n_nodes, n_edges, edges, start, pairs);
    free(start);
    for (int64_t e = 1; e < n_edges; e++)
        if (pairs[e - 1].source == pairs[e].source && pairs[e - 1].target == pairs[e].target)
            return dsep_error_set(error, DSEP_ERROR_DATA, "edge %lld - %lld stands twice",
                                  (long long)pairs[e].source, (long long)pairs[e].target);
    return DSEP_OK;
}

/* Sorted pairs (x < y): row y gets its lower neighbours x in ascending order before any row gets
 * its higher ones, if all lower ones are placed first. */
static int fill_rows(dsep_graph *graph, const dsep_edge *pairs) {
    int64_t *next = dsep_array(graph->n_nodes + 1, sizeof *next);
    if (!next)
        return DSEP_ERROR_RESOURCES;
    for (int64_t e = 0; e < graph->n_edges; e++) {
        graph->offset[pairs[e].source + 1]++;
        graph->offset[pairs[e].target + 1]++;
    }
    for (int64_t x = 0; x < graph->n_nodes; x++)
        graph->offset[x + 1] += graph->offset[x];
    memcpy(next, graph->offset, (size_t)(graph->n_nodes + 1) * sizeof *next);
    for (int64_t e = 0; e < graph->n_edges; e++) {
        const int64_t low = next[pairs[e].target]++;
        graph->neighbour[low] = (int32_t)pairs[e].source;
        graph->mark[low] = (uint8_t)pairs[e].mark_target;
        graph->twin[low] = e; /* replaced below, once the place in the other row is known */
    }
    int64_t *place = dsep_array(graph->n_edges, sizeof *place);
    if (!place) {
        free(next);
        return DSEP_ERROR_RESOURCES;
    }
    for (int64_t e = 0; e < graph->n_edges; e++) {
        place[e] = next[pairs[e].source]++;
        graph->neighbour[place[e]] = (int32_t)pairs[e].target;
        graph->mark[place[e]] = (uint8_t)pairs[e].mark_source;
    }
    for (int64_t y = 0; y < graph->n_nodes; y++)
        for (int64_t k = graph->offset[y]; k < graph->offset[y + 1] && graph->neighbour[k] < y;
             k++) {
            graph->twin[k] = place[graph->twin[k]];
            graph->twin[graph->twin[k]] = k;
        }
    free(place);
    free(next);
    return DSEP_OK;
}

int dsep_graph_create(int64_t n_nodes, int64_t n_edges, const dsep_edge *edges,
                      dsep_graph_kind kind, dsep_error *error, dsep_graph **graph) {
    int code = DSEP_OK;
    *graph = NULL;
    if (n_nodes < 0 || n_nodes > INT32_MAX || n_edges < 0)
        return dsep_error_set(error, DSEP_ERROR_DATA, "a graph of %lld nodes is not possible",
                              (long long)n_nodes);
    dsep_graph *made = allocate(n_nodes, n_edges);
    dsep_edge *pairs = dsep_array(n_edges, sizeof *pairs);
    if (!made || !pairs) {
        code = dsep_out_of_memory(error, "a graph");
        goto cleanup;
    }
    made->kind = kind;
    DSEP_TRY(sort_pairs(n_nodes, n_edges, edges, pairs, error));
    if (fill_rows(made, pairs)) {
        code = dsep_out_of_memory(error, "a graph");
        goto cleanup;
    }
    *graph = made;
    made = NULL;
cleanup:
    free(pairs);
    dsep_graph_destroy(&made);
    return code;
}

int dsep_graph_copy(const dsep_graph *graph, dsep_error *error, dsep_graph **copy) {
    const size_t places = (size_t)(2 * graph->n_edges);
    *copy = allocate(graph->n_nodes, graph->n_edges);
    if (!*copy)
        return dsep_out_of_memory(error, "a copy of a graph");
    (*copy)->kind = graph->kind;
    memcpy((*copy)->offset, graph->offset, (size_t)(graph->n_nodes + 1) * sizeof *graph->offset);
    memcpy((*copy)->neighbour, graph->neighbour, places * sizeof *graph->neighbour);
    memcpy((*copy)->twin, graph->twin, places * sizeof *graph->twin);
    memcpy((*copy)->mark, graph->mark, places * sizeof *graph->mark);
    return DSEP_OK;
}

void dsep_graph_destroy(dsep_graph **graph) {
    if (!graph || !*graph)
        return;
    free((*graph)->offset);
    free((*graph)->neighbour);
    free((*graph)->twin);
    free((*graph)->mark);
    free(*graph);
    *graph = NULL;
}

int64_t dsep_graph_degree(const dsep_graph *graph, int64_t x) {
    return graph->offset[x + 1] - graph->offset[x];
}

int64_t dsep_graph_find(const dsep_graph *graph, int64_t x, int64_t y) {
    int64_t low = graph->offset[x], high = graph->offset[x + 1];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (graph->neighbour[middle] < y)
            low = middle + 1;
        else
            high = middle;
    }
    return low < graph->offset[x + 1] && graph->neighbour[low] == y ? low : -1;
}

int dsep_graph_place_directed(const dsep_graph *graph, int64_t place) {
    return graph->mark[place] == DSEP_MARK_TAIL &&
           graph->mark[graph->twin[place]] == DSEP_MARK_ARROW;
}

int dsep_graph_place_undirected(const dsep_graph *graph, int64_t place) {
    return graph->mark[place] == DSEP_MARK_TAIL &&
           graph->mark[graph->twin[place]] == DSEP_MARK_TAIL;
}

int dsep_graph_directed(const dsep_graph *graph, int64_t x, int64_t y) {
    const int64_t place = dsep_graph_find(graph, x, y);
    return place >= 0 && dsep_graph_place_directed(graph, place);
}

int dsep_graph_undirected(const dsep_graph *graph, int64_t x, int64_t y) {
    const int64_t place = dsep_graph_find(graph, x, y);
    return place >= 0 && dsep_graph_place_undirected(graph, place);
}

int64_t dsep_graph_count_directed(const dsep_graph *graph) {
    int64_t count = 0;
    for (int64_t k = 0; k < 2 * graph->n_edges; k++)
        count += dsep_graph_place_directed(graph, k);
    return count;
}

/* The edge at a place of row x, in the order in which files hold edges: a directed edge from its
 * tail, any other from the lower number. */
static dsep_edge edge_at(const dsep_graph *graph, int64_t x, int64_t place) {
    const int64_t y = graph->neighbour[place];
    const dsep_mark near = graph->mark[place], far = graph->mark[graph->twin[place]];
    const int backward = near == DSEP_MARK_ARROW && far == DSEP_MARK_TAIL;
    const int forward = near == DSEP_MARK_TAIL && far == DSEP_MARK_ARROW;
    if (backward || (!forward && y < x))
        return (dsep_edge){y, x, far, near};
    return (dsep_edge){x, y, near, far};
}

/* Rows ascend, so the edges whose source is x stand in row x as files want them. A pair's number
 * is counted at its lower node: base[x] plus its place there. */
int dsep_graph_edges(const dsep_graph *graph, dsep_error *error, dsep_edge *edges, int64_t *pair) {
    int64_t *base = dsep_array(graph->n_nodes, sizeof *base), before = 0, count = 0;
    if (!base)
        return dsep_out_of_memory(error, "a list of edges");
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        int64_t higher = graph->offset[x];
        while (higher < graph->offset[x + 1] && graph->neighbour[higher] < x)
            higher++;
        base[x] = before - higher;
        before += graph->offset[x + 1] - higher;
    }
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            const int64_t y = graph->neighbour[k];
            const dsep_edge edge = edge_at(graph, x, k);
            if (edge.source != x)
                continue;
            if (edges)
                edges[count] = edge;
            if (pair)
                pair[count] = x < y ? base[x] + k : base[y] + graph->twin[k];
            count++;
        }
    free(base);
    return DSEP_OK;
}

/* A binary heap of node numbers, lowest first. */
static void heap_push(int64_t *heap, int64_t *count, int64_t value) {
    int64_t at = (*count)++;
    while (at > 0 && heap[(at - 1) / 2] > value) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = value;
}

static int64_t heap_pop(int64_t *heap, int64_t *count) {
    const int64_t least = heap[0], value = heap[--*count];
    int64_t at = 0;
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= *count)
            break;
        if (child + 1 < *count && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= value)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = value;
    return least;
}

int dsep_graph_topological(const dsep_graph *graph, int64_t *order) {
    int64_t *parents = dsep_array(graph->n_nodes, sizeof *parents);
    int64_t *heap = dsep_array(graph->n_nodes, sizeof *heap);
    int64_t waiting = 0, done = 0;
    if (!parents || !heap) {
        free(parents);
        free(heap);
        return -1;
    }
    for (int64_t k = 0; k < 2 * graph->n_edges; k++)
        parents[graph->neighbour[k]] += dsep_graph_place_directed(graph, k);
    for (int64_t x = 0; x < graph->n_nodes; x++)
        if (parents[x] == 0)
            heap_push(heap, &waiting, x);
    while (waiting > 0) {
        const int64_t x = heap_pop(heap, &waiting);
        order[done++] = x;
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
            if (dsep_graph_place_directed(graph, k) && --parents[graph->neighbour[k]] == 0)
                heap_push(heap, &waiting, graph->neighbour[k]);
    }
    free(parents);
    free(heap);
    return done == graph->n_nodes;
}

const char *dsep_mark_name(dsep_mark mark) {
    switch (mark) {
    case DSEP_MARK_TAIL:
        return "tail";
    case DSEP_MARK_ARROW:
        return "arrow";
    default:
        return "circle";
    }
}

const char *dsep_graph_kind_name(dsep_graph_kind kind) {
    static const char *const names[] = {"skeleton", "cpdag", "pag", "dag"};
    return names[kind];
}
