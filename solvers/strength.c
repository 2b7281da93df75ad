#include "solvers/strength.h"

#include "mpi/counter.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "mpi/shared.h"
#include "solvers/subsets.h"

#include <math.h>
#include <stdlib.h>

/* The weakest test of an edge so far, seen from one of its ends. order -1: none yet. */
typedef struct {
    double statistic, association;
    int64_t order;
} weakest;

typedef struct {
    dsep_citest *test;
    const dsep_skeleton *skeleton;
    const dsep_graph *graph;
    int32_t *adjacent, *targets; /* [p] */
    int32_t *set;                /* [DSEP_ADJACENCY_MAX_ORDER] */
    double *association;         /* [p] */
    double *least;               /* [p] smallest |association| of this order, with its sign */
    weakest *found;              /* [2 n_edges] shared: the graph's places */
} measuring;

static int visit_set(dsep_walk *walk, int32_t pivot) {
    measuring *m = walk->data;
    m->test->measure(m->test->state, pivot, m->association);
    for (int64_t t = 0; t < walk->n_targets; t++)
        if (fabs(m->association[t]) < fabs(m->least[t])) /* never for NaN */
            m->least[t] = m->association[t];
    return 0;
}

/* Positions of the node's neighbours in the graph among the adjacent ones. */
static void place_targets(const measuring *m, int64_t x, int64_t n_adjacent) {
    const int32_t *neighbour = m->graph->neighbour + m->graph->offset[x];
    const int64_t degree = dsep_graph_degree(m->graph, x);
    int64_t at = 0;
    for (int64_t k = 0; k < n_adjacent && at < degree; k++)
        if (m->adjacent[k] == neighbour[at])
            m->targets[at++] = (int32_t)k;
}

/* Order 0 needs no neighbours but the targets themselves. */
static int64_t list_adjacent(const measuring *m, int64_t x, int64_t order) {
    if (order > 0)
        return dsep_adjacency_frozen(m->skeleton->adjacency, x, order, m->adjacent);
    const int64_t degree = dsep_graph_degree(m->graph, x);
    for (int64_t k = 0; k < degree; k++)
        m->adjacent[k] = m->graph->neighbour[m->graph->offset[x] + k];
    return degree;
}

static void measure_order(measuring *m, int64_t x, int64_t order) {
    const int64_t degree = dsep_graph_degree(m->graph, x);
    const int64_t n_adjacent = list_adjacent(m, x, order);
    if (n_adjacent - 1 < order)
        return;
    place_targets(m, x, n_adjacent);
    for (int64_t t = 0; t < degree; t++)
        m->least[t] = INFINITY;
    dsep_walk walk = {.test = m->test,
                      .node = x,
                      .adjacent = m->adjacent,
                      .n_adjacent = n_adjacent,
                      .targets = m->targets,
                      .n_targets = degree,
                      .order = order,
                      .set = m->set,
                      .data = m,
                      .visit = visit_set};
    dsep_walk_subsets(&walk);
    for (int64_t t = 0; t < degree; t++) {
        weakest *found = &m->found[m->graph->offset[x] + t];
        if (isinf(m->least[t]))
            continue;
        const double statistic = m->test->statistic(m->test->state, m->least[t], order);
        if (order == 0 || found->order < 0 || statistic < found->statistic)
            *found = (weakest){statistic, m->least[t], order};
    }
}

/* A node whose degree is 0 has nothing to measure; the others are handed out. */
static int measure_nodes(dsep_context *ctx, measuring *m, dsep_counter *counter) {
    const dsep_graph *graph = m->graph;
    int64_t most = 0;
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        const int64_t degree =
            m->skeleton->adjacency->offset[x + 1] - m->skeleton->adjacency->offset[x];
        if (dsep_graph_degree(graph, x) > 0 && degree > most)
            most = degree;
    }
    int mine = m->test->reserve(m->test->state, most, 1, dsep_context_error(ctx));
    dsep_counter_reset(ctx, counter, graph->n_nodes);
    for (int64_t x; !mine && (x = dsep_counter_next(counter)) >= 0;) {
        if (dsep_graph_degree(graph, x) == 0)
            continue;
        for (int64_t l = 0; l < m->skeleton->n_levels && !mine; l++) {
            if (l >= 2)
                mine = m->test->reserve(
                    m->test->state,
                    dsep_adjacency_frozen(m->skeleton->adjacency, x, l, m->adjacent), l,
                    dsep_context_error(ctx));
            if (!mine)
                measure_order(m, x, l);
        }
        dsep_log_progress(ctx, "edge strengths", (double)dsep_counter_taken(counter),
                          (double)graph->n_nodes, "variables");
    }
    return dsep_agree(ctx, mine);
}

/* An edge was tested from both ends; the weaker test speaks, the lower node's among equals. */
static void join_ends(const measuring *m, dsep_strength *strength) {
    const dsep_graph *graph = m->graph;
    int64_t pair = 0;
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            if (graph->neighbour[k] < x)
                continue;
            const weakest here = m->found[k], there = m->found[graph->twin[k]];
            const int other = there.statistic < here.statistic ||
                              (there.statistic == here.statistic && there.order < here.order);
            const weakest least = other ? there : here;
            strength->weight[pair] = least.association;
            strength->order[pair] = least.order;
            strength->p_max[pair++] = m->test->p_value(m->test->state, least.statistic);
        }
}

static int allocate(dsep_context *ctx, measuring *m, dsep_strength *strength) {
    const int64_t p = m->graph->n_nodes, edges = m->graph->n_edges;
    m->adjacent = dsep_array(p, sizeof *m->adjacent);
    m->targets = dsep_array(p, sizeof *m->targets);
    m->set = dsep_array(DSEP_ADJACENCY_MAX_ORDER, sizeof *m->set);
    m->association = dsep_array(p, sizeof *m->association);
    m->least = dsep_array(p, sizeof *m->least);
    if (strength) {
        strength->weight = dsep_array(edges, sizeof *strength->weight);
        strength->p_max = dsep_array(edges, sizeof *strength->p_max);
        strength->order = dsep_array(edges, sizeof *strength->order);
    }
    const int whole = strength && strength->weight && strength->p_max && strength->order &&
                      m->adjacent && m->targets && m->set && m->association && m->least;
    return dsep_agree(ctx, whole ? DSEP_OK
                                 : dsep_out_of_memory(dsep_context_error(ctx), "edge strengths"));
}

int dsep_strength_measure(dsep_context *ctx, dsep_citest *test, const dsep_skeleton *skeleton,
                          const dsep_graph *graph, dsep_strength **strength) {
    int code = DSEP_OK;
    measuring m = {.test = test, .skeleton = skeleton, .graph = graph};
    dsep_shared *found = NULL;
    dsep_counter *counter = NULL;
    dsep_strength *made = dsep_array(1, sizeof *made);
    *strength = NULL;
    DSEP_TRY(allocate(ctx, &m, made));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(2 * graph->n_edges, sizeof(weakest), 1),
                                "edge strengths", &found));
    DSEP_TRY(dsep_counter_create(ctx, &counter));
    m.found = dsep_shared_data(found);
    DSEP_TRY(measure_nodes(ctx, &m, counter));
    dsep_shared_unite(ctx, found);
    join_ends(&m, made);
    *strength = made;
    made = NULL;
cleanup:
    dsep_counter_destroy(&counter);
    dsep_shared_destroy(&found);
    free(m.adjacent);
    free(m.targets);
    free(m.set);
    free(m.association);
    free(m.least);
    dsep_strength_destroy(&made);
    return code;
}

void dsep_strength_destroy(dsep_strength **strength) {
    if (!strength || !*strength)
        return;
    free((*strength)->weight);
    free((*strength)->p_max);
    free((*strength)->order);
    free(*strength);
    *strength = NULL;
}
