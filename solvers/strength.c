#include "solvers/strength.h"

#include "mpi/clock.h"
#include "mpi/counter.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "mpi/shared.h"
#include "solvers/subsets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A task has about so many tests at most, unless one edge alone has more. */
static const double PIECE = 1 << 20;

/* The weakest test of an edge so far, seen from one of its ends. */
typedef struct {
    double statistic, association;
    int64_t order;
} weakest;

/* Some edges of one node, for handing out: first .. first + count - 1 of its row in the graph. */
typedef struct {
    double cost; /* tests; the first member */
    int32_t node, first, count;
} task;

typedef struct {
    dsep_citest *test;
    const dsep_skeleton *skeleton;
    const dsep_graph *graph;
    int32_t *adjacent, *targets; /* [p] */
    int32_t *set;                /* [DSEP_ADJACENCY_MAX_ORDER] */
    double *least;               /* [p] smallest |association| of this order, with its sign */
    weakest *found;              /* [2 n_edges] the graph's places, in found_memory */
    dsep_shared *found_memory;
    dsep_counter *counter;
    task *tasks; /* [n_tasks] largest first */
    int64_t n_tasks, tasks_room;
    int64_t next; /* the first task that is not done */
    dsep_units units;
    int stopped; /* asked to */
} measuring;

/* Where it stands, in a state; the tasks are made anew. */
typedef struct {
    int64_t n_tasks, next;
} progress;

static int visit_prefix(dsep_walk *walk, int32_t start) {
    measuring *m = walk->data;
    dsep_counter_serve(m->counter);
    for (int64_t t = 0; t < walk->n_targets; t++) {
        if (dsep_walk_member(walk, t))
            continue;
        const double association = m->test->weakest(m->test->state, t, start, fabs(m->least[t]));
        if (fabs(association) < fabs(m->least[t])) /* never for NaN */
            m->least[t] = association;
    }
    return 0;
}

/* Positions of the task's neighbours in the graph among the adjacent ones. */
static void place_targets(const measuring *m, task part, int64_t n_adjacent) {
    const int32_t *neighbour = m->graph->neighbour + m->graph->offset[part.node] + part.first;
    int64_t at = 0;
    for (int64_t k = 0; k < n_adjacent && at < part.count; k++)
        if (m->adjacent[k] == neighbour[at])
            m->targets[at++] = (int32_t)k;
}

static void note(measuring *m, int64_t place, double association, int64_t order) {
    weakest *found = &m->found[place];
    const double statistic = m->test->statistic(m->test->state, association, order);
    if (order == 0 || statistic < found->statistic)
        *found = (weakest){statistic, association, order};
}

static void measure_marginal(measuring *m, task part) {
    const int64_t first = m->graph->offset[part.node] + part.first;
    for (int64_t k = first; k < first + part.count; k++)
        note(m, k, m->test->marginal(m->test->state, part.node, m->graph->neighbour[k]), 0);
}

/* order: 1 or more. */
static void measure_order(measuring *m, task part, int64_t n_adjacent, int64_t order) {
    place_targets(m, part, n_adjacent);
    for (int64_t t = 0; t < part.count; t++)
        m->least[t] = INFINITY;
    dsep_walk walk = {.test = m->test,
                      .node = part.node,
                      .adjacent = m->adjacent,
                      .n_adjacent = n_adjacent,
                      .targets = m->targets,
                      .n_targets = part.count,
                      .order = order,
                      .set = m->set,
                      .data = m,
                      .visit = visit_prefix};
    dsep_walk_subsets(&walk);
    for (int64_t t = 0; t < part.count; t++)
        if (!isinf(m->least[t]))
            note(m, m->graph->offset[part.node] + part.first + t, m->least[t], order);
}

static int measure_task(dsep_context *ctx, measuring *m, task part) {
    int code = DSEP_OK;
    measure_marginal(m, part);
    for (int64_t l = 1; l < m->skeleton->n_levels; l++) {
        if (dsep_adjacency_frozen_degree(m->skeleton->adjacency, part.node, l) - 1 < l)
            break;
        const int64_t n_adjacent =
            dsep_adjacency_frozen(m->skeleton->adjacency, part.node, l, m->adjacent, NULL);
        DSEP_TRY(m->test->reserve(m->test->state, n_adjacent, l, dsep_context_error(ctx)));
        measure_order(m, part, n_adjacent, l);
    }
cleanup:
    return code;
}

/* Tests that an edge of a node has over all orders. */
static double tests_of(const measuring *m, int64_t x) {
    double tests = 1;
    for (int64_t l = 1; l < m->skeleton->n_levels; l++)
        tests +=
            dsep_skeleton_count_sets(dsep_adjacency_frozen_degree(m->skeleton->adjacency, x, l), l);
    return tests;
}

static int by_cost(const void *left, const void *right) {
    const task *a = left, *b = right;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

/* Cuts every node by its edges, which have nothing to do with each other. */
static int list_tasks(measuring *m, dsep_error *error) {
    for (int64_t x = 0; x < m->graph->n_nodes; x++) {
        const int64_t degree = dsep_graph_degree(m->graph, x);
        const double each = degree > 0 ? tests_of(m, x) : 1;
        const int64_t most = each < PIECE ? (int64_t)(PIECE / each) : 1;
        for (int64_t first = 0; first < degree; first += most) {
            const int64_t count = degree - first < most ? degree - first : most;
            const int code = dsep_array_reserve((void **)&m->tasks, &m->tasks_room, m->n_tasks + 1,
                                                sizeof *m->tasks, error);
            if (code)
                return code;
            m->tasks[m->n_tasks++] =
                (task){each * (double)count, (int32_t)x, (int32_t)first, (int32_t)count};
        }
    }
    if (m->n_tasks > 1)
        qsort(m->tasks, (size_t)m->n_tasks, sizeof *m->tasks, by_cost);
    return DSEP_OK;
}

/* Tasks m->next .. end - 1; then every node knows what was found. */
static int measure_tasks(dsep_context *ctx, measuring *m, int64_t end) {
    int code = DSEP_OK, mine = DSEP_OK;
    const int64_t first = m->next;
    dsep_counter_reset(ctx, m->counter, end - first);
    for (int64_t t; !mine && (t = dsep_counter_next(m->counter)) >= 0;) {
        mine = measure_task(ctx, m, m->tasks[first + t]);
        dsep_log_progress(ctx, "edge strengths", (double)(first + dsep_counter_taken(m->counter)),
                          (double)m->n_tasks, "tasks");
    }
    dsep_counter_finish(ctx, m->counter);
    DSEP_AGREE(ctx, mine);
    dsep_shared_unite(ctx, m->found_memory);
    m->next = end;
cleanup:
    return code;
}

/* --- units ------------------------------------------------------------------------------------ */

/* Has the state kept where that is due before `seconds` of work. */
static int pause_here(dsep_context *ctx, measuring *m, double seconds) {
    int code = DSEP_OK;
    dsep_state state = {0};
    dsep_error *error = dsep_context_error(ctx);
    const progress at = {m->n_tasks, m->next};
    if (!dsep_units_due(ctx, &m->units, seconds))
        return DSEP_OK;
    DSEP_TRY(dsep_skeleton_save(ctx, m->skeleton, &state));
    int mine = dsep_state_lend(&state, "strength.progress", 0, &at, sizeof at, error);
    if (!mine)
        mine = dsep_state_lend(&state, "strength.found", 0, m->found,
                               2 * m->graph->n_edges * (int64_t)sizeof *m->found, error);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(m->units.pauses->keep(ctx, &state, m->units.pauses->data, &m->stopped));
cleanup:
    dsep_state_clear(&state);
    return code;
}

/* The copy that a node's first rank makes serves all of them. */
static int read_state(dsep_context *ctx, measuring *m, const dsep_state *state, dsep_error *error) {
    progress at;
    const int64_t bytes = 2 * m->graph->n_edges * (int64_t)sizeof *m->found;
    int code = dsep_state_read(state, "strength.progress", &at, sizeof at, error);
    if (!code && (at.n_tasks != m->n_tasks || at.next < 0 || at.next > m->n_tasks))
        code =
            dsep_error_set(error, DSEP_ERROR_DATA,
                           "the state of the edge strengths is damaged: of %lld tasks, and there "
                           "are %lld",
                           (long long)at.n_tasks, (long long)m->n_tasks);
    const dsep_state_block *found = dsep_state_find(state, "strength.found");
    if (!code && (!found || found->bytes != bytes))
        code =
            dsep_error_set(error, DSEP_ERROR_DATA,
                           "the state of the edge strengths is damaged: there are not %lld bytes",
                           (long long)bytes);
    if (!code && bytes > 0 && dsep_node_rank(ctx) == 0)
        memcpy(m->found, found->data, (size_t)bytes);
    m->next = code ? 0 : at.next;
    return code;
}

static int measure_units(dsep_context *ctx, measuring *m, const dsep_state *resume) {
    int code = DSEP_OK;
    int resumed = resume && dsep_state_find(resume, "strength.progress");
    DSEP_AGREE(ctx, list_tasks(m, dsep_context_error(ctx)));
    if (resumed)
        DSEP_AGREE(ctx, read_state(ctx, m, resume, dsep_context_error(ctx)));
    dsep_shared_sync(ctx, m->found_memory);
    const dsep_unit_costs costs = {m->tasks, sizeof *m->tasks, m->n_tasks};
    while (m->next < m->n_tasks) {
        const double began = dsep_clock();
        double cost;
        const int64_t end = dsep_units_end(ctx, &m->units, costs, m->next, &cost);
        if (!resumed && (m->next > 0 || end < m->n_tasks))
            DSEP_TRY(pause_here(ctx, m, dsep_units_ahead(ctx, &m->units, costs, m->next)));
        if (m->stopped)
            break;
        DSEP_TRY(measure_tasks(ctx, m, end));
        if (end < m->n_tasks)
            dsep_units_measure(ctx, &m->units, cost, began);
        resumed = 0;
    }
cleanup:
    return code;
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

/* --- finished ones --------------------------------------------------------------------------- */

int dsep_strength_save(const dsep_strength *strength, int64_t n_edges, dsep_state *state,
                       dsep_error *error) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_state_lend(state, "strength.weight", 0, strength->weight,
                             n_edges * (int64_t)sizeof *strength->weight, error));
    DSEP_TRY(dsep_state_lend(state, "strength.p_max", 0, strength->p_max,
                             n_edges * (int64_t)sizeof *strength->p_max, error));
    DSEP_TRY(dsep_state_lend(state, "strength.order", 0, strength->order,
                             n_edges * (int64_t)sizeof *strength->order, error));
cleanup:
    return code;
}

static int read_finished(const dsep_state *state, int64_t n_edges, dsep_strength *strength,
                         dsep_error *error) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_state_read(state, "strength.weight", strength->weight,
                             n_edges * (int64_t)sizeof *strength->weight, error));
    DSEP_TRY(dsep_state_read(state, "strength.p_max", strength->p_max,
                             n_edges * (int64_t)sizeof *strength->p_max, error));
    DSEP_TRY(dsep_state_read(state, "strength.order", strength->order,
                             n_edges * (int64_t)sizeof *strength->order, error));
cleanup:
    return code;
}

int dsep_strength_measure(dsep_context *ctx, dsep_citest *test, const dsep_skeleton *skeleton,
                          const dsep_graph *graph, const dsep_skeleton_settings *settings,
                          dsep_strength **strength) {
    int code = DSEP_OK;
    measuring m = {
        .test = test,
        .skeleton = skeleton,
        .graph = graph,
        .units = {.pauses = settings->pauses, .rate = dsep_skeleton_rate(ctx, skeleton)}};
    dsep_strength *made = dsep_array(1, sizeof *made);
    *strength = NULL;
    DSEP_TRY(allocate(ctx, &m, made));
    if (settings->resume && dsep_state_find(settings->resume, "strength.weight")) {
        DSEP_AGREE(ctx,
                   read_finished(settings->resume, graph->n_edges, made, dsep_context_error(ctx)));
        goto finished;
    }
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(2 * graph->n_edges, sizeof(weakest), 1),
                                "edge strengths", &m.found_memory));
    DSEP_TRY(dsep_counter_create(ctx, &m.counter));
    m.found = dsep_shared_data(m.found_memory);
    DSEP_TRY(measure_units(ctx, &m, settings->resume));
    if (m.stopped)
        goto cleanup;
    join_ends(&m, made);
finished:
    *strength = made;
    made = NULL;
cleanup:
    dsep_counter_destroy(&m.counter);
    dsep_shared_destroy(&m.found_memory);
    free(m.adjacent);
    free(m.targets);
    free(m.set);
    free(m.least);
    free(m.tasks);
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
