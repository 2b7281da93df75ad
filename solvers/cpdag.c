#include "solvers/cpdag.h"

#include "mpi/memory.h"
#include "solvers/meek.h"

#include <stdlib.h>
#include <string.h>

/* --- DAG to CPDAG ---------------------------------------------------------------------------- */

/* Whether the parent at place k of z's row is joined to all other parents, which stand at
 * parents[count]. It stops at the first that it is not joined to: the others make triangles. */
static int is_shielded(const dsep_graph *dag, const int64_t *parents, int64_t count, int64_t k) {
    const int64_t x = dag->neighbour[k];
    for (int64_t i = 0; i < count; i++)
        if (parents[i] != k && dsep_graph_find(dag, x, dag->neighbour[parents[i]]) < 0)
            return 0;
    return 1;
}

/* Keeps the arrowheads of v-structures, drops all others. parents: room for the largest row. */
static void keep_v_structures(const dsep_graph *dag, int64_t *parents, dsep_graph *cpdag) {
    memset(cpdag->mark, DSEP_MARK_TAIL, (size_t)(2 * cpdag->n_edges));
    for (int64_t z = 0; z < dag->n_nodes; z++) {
        int64_t count = 0;
        for (int64_t k = dag->offset[z]; k < dag->offset[z + 1]; k++)
            if (dsep_graph_place_directed(dag, dag->twin[k]))
                parents[count++] = k;
        for (int64_t i = 0; i < count; i++)
            if (!is_shielded(dag, parents, count, parents[i]))
                cpdag->mark[parents[i]] = DSEP_MARK_ARROW;
    }
}

static int64_t largest_degree(const dsep_graph *graph) {
    int64_t most = 0;
    for (int64_t x = 0; x < graph->n_nodes; x++)
        most = dsep_graph_degree(graph, x) > most ? dsep_graph_degree(graph, x) : most;
    return most;
}

int dsep_cpdag_from_dag(const dsep_graph *dag, dsep_error *error, dsep_graph **cpdag) {
    int code = DSEP_OK;
    dsep_conflicts conflicts = {0};
    int64_t *parents = NULL;
    *cpdag = NULL;
    for (int64_t k = 0; k < 2 * dag->n_edges; k++)
        if (!dsep_graph_place_directed(dag, k) && !dsep_graph_place_directed(dag, dag->twin[k]))
            return dsep_error_set(error, DSEP_ERROR_DATA, "the graph is no DAG");
    DSEP_TRY(dsep_graph_copy(dag, error, cpdag));
    (*cpdag)->kind = DSEP_GRAPH_CPDAG;
    parents = dsep_array(largest_degree(dag), sizeof *parents);
    if (!parents) {
        code = dsep_out_of_memory(error, "a CPDAG");
        goto cleanup;
    }
    keep_v_structures(dag, parents, *cpdag);
    DSEP_TRY(dsep_meek_close(*cpdag, NULL, 0, &conflicts, error));
cleanup:
    free(conflicts.list);
    free(parents);
    if (code)
        dsep_graph_destroy(cpdag);
    return code;
}

/* --- CPDAG to DAG ---------------------------------------------------------------------------- */

/* Nodes leave one after the other, so what was found of a node stays true while nodes go: each
 * look at it begins where the last one stopped, and is worth while only after a node that it
 * stopped at has gone. */
typedef struct {
    const dsep_graph *graph;
    uint8_t *gone; /* [p] */
    int64_t *next; /* [2 n_edges] from a place whose neighbour has gone to a later one */
    int64_t *at,
        *past;     /* [p] places in a row: the neighbour looked at; the one it is held against */
    int32_t *stop; /* [2 p] why a node cannot go yet: one or two neighbours; -1: not looked at */
} taking;

/* The first place of x's row from `place` on whose neighbour is still there. Halves the way that
 * the next search from here has to go. */
static int64_t still_there(taking *t, int64_t x, int64_t place) {
    const int64_t end = t->graph->offset[x + 1];
    while (place < end && t->gone[t->graph->neighbour[place]]) {
        const int64_t after = t->next[place];
        if (after < end && t->gone[t->graph->neighbour[after]])
            t->next[place] = t->next[after];
        place = t->next[place];
    }
    return place;
}

static int stop_at(taking *t, int64_t x, int64_t one, int64_t other) {
    t->stop[2 * x] = (int32_t)one;
    t->stop[2 * x + 1] = (int32_t)other;
    return 0;
}

/* Whether x's neighbour y is adjacent to all other nodes that x is still joined to. */
static int covers(taking *t, int64_t x, int64_t y) {
    const dsep_graph *graph = t->graph;
    for (;; t->past[x]++) {
        t->past[x] = still_there(t, x, t->past[x]);
        if (t->past[x] == graph->offset[x + 1])
            return 1;
        const int64_t z = graph->neighbour[t->past[x]];
        if (z != y && dsep_graph_find(graph, y, z) < 0)
            return stop_at(t, x, y, z);
    }
}

/* Whether x may be the last of the nodes that are left. */
static int can_be_sink(taking *t, int64_t x) {
    const dsep_graph *graph = t->graph;
    for (;; t->at[x]++, t->past[x] = graph->offset[x]) {
        const int64_t place = still_there(t, x, t->at[x]);
        if (place != t->at[x])
            t->past[x] = graph->offset[x];
        t->at[x] = place;
        if (place == graph->offset[x + 1])
            return 1;
        if (dsep_graph_place_directed(graph, place))
            return stop_at(t, x, graph->neighbour[place], -1);
        if (dsep_graph_place_undirected(graph, place) && !covers(t, x, graph->neighbour[place]))
            return 0;
    }
}

/* Points all that is left of x at it. */
static void point_at(const taking *t, int64_t x, dsep_graph *dag) {
    for (int64_t k = dag->offset[x]; k < dag->offset[x + 1]; k++)
        if (!t->gone[dag->neighbour[k]]) {
            dag->mark[k] = DSEP_MARK_ARROW;
            dag->mark[dag->twin[k]] = DSEP_MARK_TAIL;
        }
}

/* Takes sinks away until none is left to take; returns how many nodes went. A node is looked at
 * again when what stopped it has gone. stack: [n_nodes + 2 n_edges]. */
static int64_t take_sinks(taking *t, int64_t *stack, dsep_graph *dag) {
    const dsep_graph *graph = t->graph;
    int64_t waiting = 0, taken = 0;
    for (int64_t x = graph->n_nodes - 1; x >= 0; x--)
        stack[waiting++] = x;
    while (waiting > 0) {
        const int64_t x = stack[--waiting];
        if (t->gone[x] || !can_be_sink(t, x))
            continue;
        point_at(t, x, dag);
        t->gone[x] = 1;
        taken++;
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            const int64_t y = graph->neighbour[k];
            const int waits = t->stop[2 * y] < 0;
            if (t->gone[y] || (!waits && t->stop[2 * y] != x && t->stop[2 * y + 1] != x))
                continue;
            stack[waiting++] = y;
            stop_at(t, y, -1, -1);
        }
    }
    return taken;
}

static int prepare(const dsep_graph *pdag, dsep_error *error, taking *t) {
    const int64_t p = pdag->n_nodes, places = 2 * pdag->n_edges;
    *t = (taking){.graph = pdag,
                  .gone = dsep_array(p, 1),
                  .next = dsep_array(places, sizeof *t->next),
                  .at = dsep_array(p, sizeof *t->at),
                  .past = dsep_array(p, sizeof *t->past),
                  .stop = dsep_array(2 * p, sizeof *t->stop)};
    if (!t->gone || !t->next || !t->at || !t->past || !t->stop)
        return dsep_out_of_memory(error, "an extension");
    for (int64_t k = 0; k < places; k++)
        t->next[k] = k + 1;
    for (int64_t x = 0; x < p; x++) {
        t->at[x] = t->past[x] = pdag->offset[x];
        stop_at(t, x, -1, -1);
    }
    return DSEP_OK;
}

static int has_bidirected(const dsep_graph *graph) {
    for (int64_t k = 0; k < 2 * graph->n_edges; k++)
        if (graph->mark[k] == DSEP_MARK_ARROW && graph->mark[graph->twin[k]] == DSEP_MARK_ARROW)
            return 1;
    return 0;
}

int dsep_cpdag_extend(const dsep_graph *pdag, dsep_error *error, dsep_graph **dag) {
    int code = DSEP_OK;
    taking t = {0};
    int64_t *stack = dsep_array(pdag->n_nodes + 2 * pdag->n_edges, sizeof *stack);
    *dag = NULL;
    if (!stack) {
        code = dsep_out_of_memory(error, "an extension");
        goto cleanup;
    }
    if (has_bidirected(pdag))
        goto cleanup;
    DSEP_TRY(prepare(pdag, error, &t));
    DSEP_TRY(dsep_graph_copy(pdag, error, dag));
    (*dag)->kind = DSEP_GRAPH_DAG;
    if (take_sinks(&t, stack, *dag) < pdag->n_nodes)
        dsep_graph_destroy(dag);
cleanup:
    free(t.gone);
    free(t.next);
    free(t.at);
    free(t.past);
    free(t.stop);
    free(stack);
    return code;
}

int dsep_cpdag_valid(const dsep_graph *graph, int with_knowledge, dsep_error *error, int *valid) {
    int code = DSEP_OK;
    dsep_graph *dag = NULL, *again = NULL;
    *valid = 0;
    DSEP_TRY(dsep_cpdag_extend(graph, error, &dag));
    if (!dag)
        goto cleanup;
    *valid = 1;
    if (with_knowledge)
        goto cleanup;
    DSEP_TRY(dsep_cpdag_from_dag(dag, error, &again));
    *valid = memcmp(again->mark, graph->mark, (size_t)(2 * graph->n_edges)) == 0;
cleanup:
    dsep_graph_destroy(&dag);
    dsep_graph_destroy(&again);
    return code;
}
