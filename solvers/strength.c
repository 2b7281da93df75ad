#include "solvers/strength.h"

#include "mpi/counter.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "mpi/shared.h"
#include "solvers/subsets.h"

#include <math.h>
#include <stdlib.h>

/* The weakest test of an edge so far, seen from one of its ends. */
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
    double *least;               /* [p] smallest |association| of this order, with its sign */
    weakest *found;              /* [2 n_edges] shared: the graph's places */
} measuring;

static int visit_prefix(dsep_walk *walk, int32_t start) {
    measuring *m = walk->data;
    for (int64_t t = 0; t < walk->n_targets; t++) {
        if (dsep_walk_member(walk, t))
            continue;
        const double association = m->test->weakest(m->test->state, t, start);
        if (fabs(association) < fabs(m->least[t])) /* never for NaN */
            m->least[t] = association;
    }
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

static void note(measuring *m, int64_t place, double association, int64_t order) {
    weakest *found = &m->found[place];
    const double statistic = m->test->statistic(m->test->state, association, order);
    if (order == 0 || statistic < found->statistic)
        *found = (weakest){statistic, association, order};
}

static void measure_marginal(measuring *m, int64_t x) {
    for (int64_t k = m->graph->offset[x]; k < m->graph->offset[x + 1]; k++)
        note(m, k, m->test->marginal(m->test->state, x, m->graph->neighbour[k]), 0);
}

/* order: 1 or more. */
static void measure_order(measuring *m, int64_t x, int64_t n_adjacent, int64_t order) {
    const int64_t degree = dsep_graph_degree(m->graph, x);
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
                      .visit = visit_prefix};
    dsep_walk_subsets(&walk);
    for (int64_t t = 0; t < degree; t++)
        if (!isinf(m->least[t]))
            note(m, m->graph->offset[x] + t, m->least[t], order);
}

static int measure_node(dsep_context *ctx, measuring *m, int64_t x) {
    int code = DSEP_OK;
    if (dsep_graph_degree(m->graph, x) == 0)
        return DSEP_OK;
    measure_marginal(m, x);
    for (int64_t l = 1; l < m->skeleton->n_levels; l++) {
        const int64_t n_adjacent =
            dsep_adjacency_frozen(m->skeleton->adjacency, x, l, m->adjacent, NULL);
        DSEP_TRY(m->test->reserve(m->test->state, n_adjacent, l, dsep_context_error(ctx)));
        measure_order(m, x, n_adjacent, l);
    }
cleanup:
    return code;
}

static int measure_nodes(dsep_context *ctx, measuring *m, dsep_counter *counter) {
    int mine = DSEP_OK;
    const int64_t p = m->graph->n_nodes;
    dsep_counter_reset(ctx, counter, p);
    for (int64_t x; !mine && (x = dsep_counter_next(counter)) >= 0;) {
        mine = measure_node(ctx, m, x);
        dsep_log_progress(ctx, "edge strengths", (double)dsep_counter_taken(counter), (double)p,
                          "variables");
    }
    dsep_counter_finish(ctx, counter);
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
    m->least = dsep_array(p, sizeof *m->least);
    if (strength) {
        strength->weight = dsep_array(edges, sizeof *strength->weight);
        strength->p_max = dsep_array(edges, sizeof *strength->p_max);
        strength->order = dsep_array(edges, sizeof *strength->order);
    }
    const int whole = strength && strength->weight && strength->p_max && strength->order &&
                      m->adjacent && m->targets && m->set && m->least;
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
