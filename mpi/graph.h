/* Mixed graphs: who is joined to whom, and the mark at each end of every edge.
 *
 * Rows of neighbours in ascending order (CSR), so memory grows with the edges. Each edge stands
 * in two rows; `twin` leads from one place to the other. */
#ifndef DSEP_MPI_GRAPH_H
#define DSEP_MPI_GRAPH_H

#include "mpi/error.h"

#include <stdint.h>

typedef enum { DSEP_MARK_TAIL = 1, DSEP_MARK_ARROW = 2, DSEP_MARK_CIRCLE = 3 } dsep_mark;

typedef enum {
    DSEP_GRAPH_SKELETON,
    DSEP_GRAPH_CPDAG,
    DSEP_GRAPH_PAG,
    DSEP_GRAPH_DAG
} dsep_graph_kind;

typedef struct {
    dsep_graph_kind kind;
    int64_t n_nodes, n_edges;
    int64_t *offset;    /* [n_nodes + 1] row x is places offset[x] .. offset[x + 1] - 1 */
    int32_t *neighbour; /* [2 n_edges] ascending in each row */
    int64_t *twin;      /* [2 n_edges] the same edge in the other node's row */
    uint8_t *mark;      /* [2 n_edges] mark at this row's node: for x - y in row x, x's end */
} dsep_graph;

/* One edge as files hold it: source - target with the mark at each. */
typedef struct {
    int64_t source, target;
    dsep_mark mark_source, mark_target;
} dsep_edge;

/* Makes a graph from edges in any order; each pair at most once, no loops. Not collective.
 * Errors: DSEP_ERROR_DATA for a loop, a repeated pair or an index out of range;
 * DSEP_ERROR_RESOURCES. Cost: sorting. Owner of *graph: the caller. */
int dsep_graph_create(int64_t n_nodes, int64_t n_edges, const dsep_edge *edges,
                      dsep_graph_kind kind, dsep_error *error, dsep_graph **graph);

/* A copy with its own memory. Not collective. */
int dsep_graph_copy(const dsep_graph *graph, dsep_error *error, dsep_graph **copy);

/* Frees the graph and sets *graph to NULL; accepts NULL. Not collective. */
void dsep_graph_destroy(dsep_graph **graph);

/* Number of neighbours of x. Not collective. */
int64_t dsep_graph_degree(const dsep_graph *graph, int64_t x);

/* Place of y in row x, or -1 when they are not joined. Not collective. Cost: a binary search. */
int64_t dsep_graph_find(const dsep_graph *graph, int64_t x, int64_t y);

/* Whether x -> y: tail at x, arrow at y. Not collective. */
int dsep_graph_directed(const dsep_graph *graph, int64_t x, int64_t y);

/* Whether x - y: tail at both. Not collective. */
int dsep_graph_undirected(const dsep_graph *graph, int64_t x, int64_t y);

/* The same at a place of row x, which stands for the edge to its neighbour there: x -> y; x - y.
 * Not collective. */
int dsep_graph_place_directed(const dsep_graph *graph, int64_t place);
int dsep_graph_place_undirected(const dsep_graph *graph, int64_t place);

/* How many edges are x -> y for some x and y. Not collective. Cost: a look at each edge. */
int64_t dsep_graph_count_directed(const dsep_graph *graph);

/* All edges (n_edges of them), sorted by (source, target), into `edges`, and for each its index
 * among the pairs x < y in ascending order into `pair`; either may be NULL. Not collective. */
int dsep_graph_edges(const dsep_graph *graph, dsep_error *error, dsep_edge *edges, int64_t *pair);

/* A topological order of the directed edges into order[n_nodes]: 1, or 0 when they have a cycle,
 * or -1 without memory. Among free nodes the lowest comes first. Not collective. */
int dsep_graph_topological(const dsep_graph *graph, int64_t *order);

/* The names in which files speak of marks and kinds. Not collective. */
const char *dsep_mark_name(dsep_mark mark);
const char *dsep_graph_kind_name(dsep_graph_kind kind);

#endif
