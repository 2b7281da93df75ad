/* Orders of 1 or more: node by node, in two halves. */
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/skeleton_search.h"
#include "solvers/subsets.h"

#include <stdio.h>
#include <stdlib.h>

/* A node is cut by its targets, which have nothing to do with each other, into pieces of about
 * PIECE tests at most; of a long order into MOST_PIECES, whatever its tests. Neither depends on the
 * number of ranks. */
enum { PIECE = 1 << 18, MOST_PIECES = 1 << 16 };

/* --- tasks ----------------------------------------------------------------------------------- */

/* Pieces of a node often follow one another. */
void dsep_search_freeze(dsep_search *s, int64_t x) {
    if (s->at_node == x && s->at_order == s->order)
        return;
    s->n_adjacent = dsep_adjacency_frozen(s->adjacency, x, s->order, s->adjacent, s->places);
    s->at_node = x;
    s->at_order = s->order;
}

int64_t dsep_search_targets(dsep_search *s, int64_t x, int64_t first, int64_t end) {
    int64_t count = 0;
    for (int64_t k = first; k < end; k++) {
        const int64_t y = s->adjacent[k];
        if ((y > x) == (s->half == 0) && dsep_adjacency_stays(s->adjacency, x, s->places[k]) &&
            !dsep_knowledge_joins(s->knowledge, x, y))
            s->targets[count++] = (int32_t)k;
    }
    return count;
}

/* How many targets a node has in this half. */
static int64_t count_targets(dsep_search *s, int64_t x) {
    if (s->degree[x] - 1 < s->order)
        return 0;
    if (!s->knowledge)
        return dsep_adjacency_degree_beyond(s->adjacency, x, s->half == 0);
    dsep_search_freeze(s, x);
    return dsep_search_targets(s, x, 0, s->n_adjacent);
}

static int by_cost(const void *left, const void *right) {
    const dsep_search_task *a = left, *b = right;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

static int add_task(dsep_search *s, dsep_search_task task) {
    const int code = dsep_array_reserve((void **)&s->tasks, &s->tasks_room, s->n_tasks + 1,
                                        sizeof *s->tasks, dsep_context_error(s->ctx));
    if (!code)
        s->tasks[s->n_tasks++] = task;
    return code;
}

/* Cuts a node's targets into tasks of so many. */
static int cut_node(dsep_search *s, int64_t x, double each, int64_t most) {
    int code = DSEP_OK;
    dsep_search_freeze(s, x);
    const int64_t n_targets = dsep_search_targets(s, x, 0, s->n_adjacent);
    int32_t first = 0;
    for (int64_t done = 0; done < n_targets && !code;) {
        const int64_t count = n_targets - done < most ? n_targets - done : most;
        done += count;
        const int32_t end = s->targets[done - 1] + 1;
        code = add_task(s, (dsep_search_task){each * (double)count, (int32_t)x, first, end});
        first = end;
    }
    return code;
}

/* The tasks of this half, largest first. */
static int list_tasks(dsep_search *s) {
    int code = DSEP_OK;
    double total = 0;
    s->n_tasks = 0;
    for (int64_t x = 0; x < s->p && !code; x++) {
        const int64_t n_targets = count_targets(s, x);
        if (n_targets == 0)
            continue;
        const double cost = (double)n_targets * dsep_skeleton_count_sets(s->degree[x], s->order);
        code = add_task(s, (dsep_search_task){cost, (int32_t)x, 0, (int32_t)s->degree[x]});
        total += cost;
    }
    const double piece = total / MOST_PIECES > PIECE ? total / MOST_PIECES : PIECE;
    const int64_t n_nodes = s->n_tasks;
    int64_t kept = 0;
    for (int64_t t = 0; t < n_nodes && !code; t++) {
        const dsep_search_task whole = s->tasks[t];
        const double each = dsep_skeleton_count_sets(whole.end, s->order);
        if (whole.cost <= piece)
            s->tasks[kept++] = whole;
        else
            code = cut_node(s, whole.node, each, piece < each ? 1 : (int64_t)(piece / each));
    }
    /* what was cut stands behind the nodes: close the gap */
    for (int64_t t = n_nodes; t < s->n_tasks; t++)
        s->tasks[kept++] = s->tasks[t];
    s->n_tasks = kept;
    if (!code && s->n_tasks > 1)
        qsort(s->tasks, (size_t)s->n_tasks, sizeof *s->tasks, by_cost);
    return code;
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Records that the prefix with `pivot` separates a target, and lets the target leave. */
static void take_separated(dsep_walk *walk, dsep_search *s, int64_t target, int64_t pivot) {
    const int64_t y = walk->adjacent[walk->targets[target]];
    walk->set[walk->order - 1] = (int32_t)pivot;
    for (int64_t d = 0; d < walk->order; d++)
        s->members[d] = walk->adjacent[walk->set[d]];
    dsep_adjacency_remove(s->adjacency, walk->node, s->places[walk->targets[target]], s->order);
    s->removed++;
    if (s->n_gone++ < s->gone_room)
        s->gone[s->n_gone - 1] = (dsep_pair){(int32_t)walk->node, (int32_t)y};
    if (!s->failed)
        s->failed = dsep_sepsets_add(s->sepsets, walk->node, y, s->members, walk->order,
                                     dsep_context_error(s->ctx));
    dsep_walk_drop(walk, target);
}

/* Now and then: does another node wait for an answer, is it late? */
static int look_up(dsep_search *s) {
    enum { VISITS = 256 };
    dsep_counter_serve(s->counter);
    if (s->stop_at > 0 && ++s->visits % VISITS == 0)
        s->late = s->late || dsep_clock() > s->stop_at;
    return s->late;
}

/* From the last target to the first, so that one that leaves moves none that is still to come. */
static int visit_prefix(dsep_walk *walk, int32_t start) {
    dsep_search *s = walk->data;
    for (int64_t m = walk->n_targets - 1; m >= 0; m--) {
        if (dsep_walk_member(walk, m))
            continue;
        const dsep_citest_scan found = dsep_walk_scan(walk, m, start);
        if (found.pivot >= 0)
            take_separated(walk, s, m, found.pivot);
    }
    return s->failed || look_up(s);
}

static dsep_skeleton_task search_task(dsep_search *s, dsep_search_task task) {
    dsep_search_freeze(s, task.node);
    const int64_t n_targets = dsep_search_targets(s, task.node, task.first, task.end);
    dsep_walk walk = {.test = s->test,
                      .node = task.node,
                      .adjacent = s->adjacent,
                      .n_adjacent = s->n_adjacent,
                      .targets = s->targets,
                      .n_targets = n_targets,
                      .order = s->order,
                      .set = s->set,
                      .data = s,
                      .visit = visit_prefix};
    dsep_walk_subsets(&walk);
    s->tests += walk.tests;
    s->singular += walk.singular;
    return (dsep_skeleton_task){
        .node = task.node, .targets = n_targets, .cost = walk.tests + walk.steps};
}

/* Tasks s->next .. end - 1. */
static int search_tasks(dsep_context *ctx, dsep_search *s, int64_t end, dsep_skeleton_task *costs) {
    int code = DSEP_OK;
    char phase[32];
    const int64_t first = s->next;
    snprintf(phase, sizeof phase, "order %lld, %s half", (long long)s->order,
             s->half ? "second" : "first");
    dsep_counter_reset(ctx, s->counter, end - first);
    s->failed = dsep_fault(ctx, "skeleton-task");
    for (int64_t t; !s->failed && !s->late && (t = dsep_counter_next(s->counter)) >= 0;) {
        const dsep_skeleton_task done = search_task(s, s->tasks[first + t]);
        if (costs)
            costs[first + t] = done;
        dsep_log_progress(ctx, phase, (double)(first + dsep_counter_taken(s->counter)),
                          (double)s->n_tasks, "tasks");
    }
    dsep_counter_finish(ctx, s->counter);
    DSEP_AGREE(ctx, s->failed);
    s->next = end;
cleanup:
    return code;
}

/* Makes the tasks, unless they came with a state, and room for them. */
static int open_half(dsep_context *ctx, dsep_search *s) {
    int64_t most = 0;
    dsep_error *error = dsep_context_error(ctx);
    int mine = dsep_array_reserve((void **)&s->gone, &s->gone_room,
                                  dsep_adjacency_list_limit(s->adjacency), sizeof *s->gone, error);
    if (!s->under_way)
        s->next = 0;
    if (!mine && !s->under_way)
        mine = list_tasks(s);
    for (int64_t t = 0; t < s->n_tasks; t++) {
        const int64_t degree = s->degree[s->tasks[t].node];
        most = degree > most ? degree : most;
    }
    if (!mine)
        mine = s->test->reserve(s->test->state, most, s->order, error);
    s->under_way = 1;
    return dsep_agree(ctx, mine);
}

/* One unit, after which all nodes know what was removed. */
static int run_unit(dsep_context *ctx, dsep_search *s, int64_t end, dsep_skeleton_task *costs,
                    int64_t *bytes) {
    int code = DSEP_OK;
    s->n_gone = 0;
    DSEP_TRY(search_tasks(ctx, s, end, costs));
    DSEP_TRY(dsep_adjacency_sync(ctx, s->adjacency, s->gone, s->n_gone, s->order, bytes));
    if (s->stop_at > 0) {
        int64_t late = s->late;
        dsep_max_i64(ctx, &late, 1);
        s->late = (int)late;
    }
cleanup:
    return code;
}

static int run_half(dsep_context *ctx, dsep_search *s) {
    int code = DSEP_OK, several = s->under_way;
    int64_t bytes = 0;
    dsep_skeleton_task *traced = NULL;
    DSEP_TRY(open_half(ctx, s));
    DSEP_TRY(dsep_search_trace_begin(ctx, s, s->n_tasks, &traced));
    const dsep_unit_costs costs = {s->tasks, sizeof *s->tasks, s->n_tasks};
    while (s->next < s->n_tasks && !s->late && !s->stopped) {
        const double began = dsep_clock();
        double cost = 0;
        const int64_t end =
            traced ? s->n_tasks : dsep_units_end(ctx, &s->units, costs, s->next, &cost);
        several = several || end < s->n_tasks;
        DSEP_TRY(run_unit(ctx, s, end, traced, &bytes));
        if (several)
            dsep_units_measure(ctx, &s->units, cost, began);
        const int order_ends = s->half == 1 && end == s->n_tasks; /* which asks itself */
        if (several && !s->late && !order_ends)
            DSEP_TRY(dsep_search_pause(ctx, s, dsep_units_ahead(ctx, &s->units, costs, end)));
    }
    dsep_search_trace_end(ctx, s, s->n_tasks, bytes);
    s->under_way = 0;
cleanup:
    return code;
}

int dsep_search_sets(dsep_context *ctx, dsep_search *s) {
    int code = DSEP_OK;
    s->units.rate = dsep_skeleton_rate(ctx, s->made);
    for (; s->half < 2 && !s->late && !s->stopped; s->half++)
        DSEP_TRY(run_half(ctx, s));
cleanup:
    return code;
}
