#include "solvers/cpdag.h"

#include "mpi/memory.h"
#include "solvers/meek.h"

#include <stdlib.h>
#include <string.h>

/* --- DAG to CPDAG ---------------------------------------------------------------------------- */

/* Keeps the arrowheads of v-structures, drops all others. */
static void keep_v_structures(const dsep_graph *dag, dsep_graph *cpdag) {
    memset(cpdag->mark, DSEP_MARK_TAIL, (size_t)(2 * cpdag->n_edges));
    for (int64_t z = 0; z < dag->n_nodes; z++)
        for (int64_t k = dag->offset[z]; k < dag->offset[z + 1]; k++)
            for (int64_t l = k + 1; l < dag->offset[z + 1]; l++)
                if (dsep_graph_place_directed(dag, dag->twin[k]) &&
                    dsep_graph_place_directed(dag, dag->twin[l]) &&
                    dsep_graph_find(dag, dag->neighbour[k], dag->neighbour[l]) < 0)
                    cpdag->mark[k] = cpdag->mark[l] = DSEP_MARK_ARROW;
}

int dsep_cpdag_from_dag(const dsep_graph *dag, dsep_error *error, dsep_graph **cpdag) {
    int code = DSEP_OK;
    dsep_conflicts conflicts = {0};
    *cpdag = NULL;
    for (int64_t k = 0; k < 2 * dag->n_edges; k++)
        if (!dsep_graph_place_directed(dag, k) && !dsep_graph_place_directed(dag, dag->twin[k]))
            return dsep_error_set(error, DSEP_ERROR_DATA, "the graph is no DAG");
    DSEP_TRY(dsep_graph_copy(dag, error, cpdag));
    (*cpdag)->kind = DSEP_GRAPH_CPDAG;
    keep_v_structures(dag, *cpdag);
    DSEP_TRY(dsep_meek_close(*cpdag, NULL, 0, &conflicts, error));
cleanup:
    free(conflicts.list);
    if (code)
        dsep_graph_destroy(cpdag);
    return code;
}

/* --- CPDAG to DAG ---------------------------------------------------------------------------- */

/* Whether y is adjacent to all other nodes that x is still joined to. */
static int covers(const dsep_graph *graph, const uint8_t *gone, int64_t x, int64_t y) {
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
        const int64_t z = graph->neighbour[k];
        if (z != y && !gone[z] && dsep_graph_find(graph, y, z) < 0)
            return 0;
    }
    return 1;
}

/* Whether x may be the last of the nodes that are left. */
static int can_be_sink(const dsep_graph *graph, const uint8_t *gone, int64_t x) {
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
        const int64_t y = graph->neighbour[k];
        if (gone[y])
            continue;
        if (dsep_graph_place_directed(graph, k) ||
            (dsep_graph_place_undirected(graph, k) && !covers(graph, gone, x, y)))
            return 0;
    }
    return 1;
}

/* Points all that is left of x at it. */
static void point_at(const dsep_graph *graph, const uint8_t *gone, int64_t x, dsep_graph *dag) {
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
        if (!gone[graph->neighbour[k]]) {
            dag->mark[k] = DSEP_MARK_ARROW;
            dag->mark[dag->twin[k]] = DSEP_MARK_TAIL;
        }
}

/* Takes sinks away until none is left to take; returns how many nodes went. A node is looked at
 * again when a neighbour has gone. stack: [n_nodes + 2 n_edges]. */
static int64_t take_sinks(const dsep_graph *graph, uint8_t *gone, int64_t *stack, dsep_graph *dag) {
    int64_t waiting = 0, taken = 0;
    for (int64_t x = graph->n_nodes - 1; x >= 0; x--)
        stack[waiting++] = x;
    while (waiting > 0) {
        const int64_t x = stack[--waiting];
        if (gone[x] || !can_be_sink(graph, gone, x))
            continue;
        point_at(graph, gone, x, dag);
        gone[x] = 1;
        taken++;
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
            if (!gone[graph->neighbour[k]])
                stack[waiting++] = graph->neighbour[k];
    }
    return taken;
}

static int has_bidirected(const dsep_graph *graph) {
    for (int64_t k = 0; k < 2 * graph->n_edges; k++)
        if (graph->mark[k] == DSEP_MARK_ARROW && graph->mark[graph->twin[k]] == DSEP_MARK_ARROW)
            return 1;
    return 0;
}

int dsep_cpdag_extend(const dsep_graph *pdag, dsep_error *error, dsep_graph **dag) {
    int code = DSEP_OK;
    uint8_t *gone = dsep_array(pdag->n_nodes, 1);
    int64_t *stack = dsep_array(pdag->n_nodes + 2 * pdag->n_edges, sizeof *stack);
    *dag = NULL;
    if (!gone || !stack) {
        code = dsep_out_of_memory(error, "an extension");
        goto cleanup;
    }
    if (has_bidirected(pdag))
        goto cleanup;
    DSEP_TRY(dsep_graph_copy(pdag, error, dag));
    (*dag)->kind = DSEP_GRAPH_DAG;
    if (take_sinks(pdag, gone, stack, *dag) < pdag->n_nodes)
        dsep_graph_destroy(dag);
cleanup:
    free(gone);
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
