/* A graph as files hold it: names, edges in file order, and what is known about each edge. */
#ifndef DSEP_IO_NAMED_GRAPH_H
#define DSEP_IO_NAMED_GRAPH_H

#include "mpi/graph.h"

/* What is known of an edge's robustness to an unmeasured common cause, as files call it. */
enum { DSEP_PARTIAL_R2, DSEP_ROBUSTNESS, DSEP_ROBUSTNESS_CI, DSEP_ROBUSTNESS_VALUES };
extern const char *const dsep_robustness_names[DSEP_ROBUSTNESS_VALUES];

/* Shares of replicates, as files call them: of those that had the edge with just these marks, of
 * those that joined its ends, and of those that had a tail, arrow or circle at the source (3 times
 * which) and at the target (plus which). */
enum { DSEP_SHARE, DSEP_SHARE_JOINED, DSEP_SHARE_MARKS, DSEP_SHARES = DSEP_SHARE_MARKS + 9 };
extern const char *const dsep_share_names[DSEP_SHARES];

typedef struct {
    int64_t n_nodes, n_edges;
    char **names; /* [n_nodes], valid UTF-8 */
    dsep_graph *graph;
    dsep_edge *edges; /* [n_edges] in the order and direction of dsep_graph_edges() */
    double *weight;   /* [n_edges] NaN where unknown; so is p_max */
    double *p_max;
    int64_t *order;                             /* [n_edges] -1 where unknown */
    double *robustness[DSEP_ROBUSTNESS_VALUES]; /* each [n_edges] NaN where unknown */
    double *share[DSEP_SHARES]; /* each [n_edges] NaN where unknown; NULL: no such column */
    int counted; /* edges were counted, not tested: weight is the share that joined them */
} dsep_named_graph;

/* An edge with its values, on the way in. */
typedef struct {
    dsep_edge edge;
    double weight, p_max;
    int64_t order;
    double robustness[DSEP_ROBUSTNESS_VALUES];
} dsep_named_edge;

/* Makes a graph from edges in any order and direction. Not collective. names and edges are copied.
 * Errors: as dsep_graph_create(). Owner of *made: the caller. Cost: sorting. */
int dsep_named_graph_create(char *const *names, int64_t n_nodes, const dsep_named_edge *edges,
                            int64_t n_edges, dsep_graph_kind kind, dsep_error *error,
                            dsep_named_graph **made);

/* Adds a column of shares, all unknown. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_named_graph_add_share(dsep_named_graph *graph, int share, dsep_error *error);

/* Where an edge, given from either end, stands in `edges`; -1 where it does not. Not collective. */
int64_t dsep_named_graph_find(const dsep_named_graph *graph, dsep_edge edge);

/* The same graph without shares over other names, which hold all of its own. Not collective.
 * Errors: DSEP_ERROR_DATA naming up to five names that are not there. Owner of *mapped: the caller.
 */
int dsep_named_graph_map(const dsep_named_graph *graph, char *const *names, int64_t n_names,
                         dsep_error *error, dsep_named_graph **mapped);

/* Frees the graph and sets *graph to NULL; accepts NULL. Not collective. */
void dsep_named_graph_destroy(dsep_named_graph **graph);

/* What a set of edges can be: a PAG with a circle or a <->, a DAG with directed edges alone, a
 * skeleton with undirected ones alone, else a CPDAG. Cycles are not looked for. Not collective. */
dsep_graph_kind dsep_named_graph_guess(const dsep_named_edge *edges, int64_t n_edges);

#endif
