/* What a rank works with while it searches a skeleton, and the parts of the search. Only the
 * skeleton_*.c files include this. */
#ifndef DSEP_SOLVERS_SKELETON_SEARCH_H
#define DSEP_SOLVERS_SKELETON_SEARCH_H

#include "mpi/counter.h"
#include "solvers/skeleton.h"

/* Some targets of one node, for handing out: those among its neighbours first .. end - 1. No other
 * task removes these. */
typedef struct {
    double cost; /* tests at most */
    int32_t node, first, end;
} dsep_search_task;

typedef struct {
    dsep_context *ctx;
    dsep_citest *test;
    const dsep_knowledge *knowledge;
    const dsep_skeleton_settings *settings;
    dsep_adjacency *adjacency;
    dsep_sepsets *sepsets;
    dsep_counter *counter;
    dsep_skeleton *made; /* levels and traces so far */
    int64_t level_room, task_room, phase_room;

    dsep_search_task *tasks; /* [n_tasks] largest first */
    int64_t n_tasks, tasks_room;
    int64_t *degree;     /* [p] when the order began */
    double *sets;        /* [p] sets tried so far for each neighbour of a node, over all orders */
    int32_t *adjacent;   /* [p] */
    int32_t *targets;    /* [p] positions */
    int32_t *places;     /* [p] of adjacent */
    uint64_t *dependent; /* a tile of pairs */
    int32_t *set, *members; /* [DSEP_ADJACENCY_MAX_ORDER] positions; variables */

    int64_t at_node, at_order, n_adjacent; /* whose neighbours stand in adjacent */

    int64_t p, order;
    int half;       /* 0: targets after the node; 1: those before it that are left */
    double stop_at; /* when this order must be done; 0: never */
    int64_t visits; /* of prefixes in this order */
    int late, failed;
    dsep_pair *gone; /* what this rank has removed in this half, up to the list limit */
    int64_t n_gone, gone_room;
    int64_t tests, singular, removed;
} dsep_search;

/* Order 0: tests all pairs and makes the adjacency. Collective. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL, agreed. */
int dsep_search_pairs(dsep_context *ctx, dsep_search *s);

/* An order of 1 or more, both halves, unless s->late is set on the way, on all ranks. Collective.
 * Errors as above. */
int dsep_search_sets(dsep_context *ctx, dsep_search *s);

/* Sets s->stop_at so that there is time left for the strengths of all orders up to this one, and
 * s->late where that is now. Collective. */
void dsep_search_set_deadline(dsep_context *ctx, dsep_search *s);

/* What the order s->order would need. Not collective; the same on every rank but for seconds. */
dsep_skeleton_next dsep_search_forecast(const dsep_search *s);

/* With a trace: makes room for the tasks of one half; *costs is where this rank notes what its
 * own tasks cost, or NULL without a trace. dsep_search_trace_end() then sums over ranks.
 * Collective. Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_search_trace_begin(dsep_context *ctx, dsep_search *s, int64_t n_tasks,
                            dsep_skeleton_task **costs);
void dsep_search_trace_end(dsep_context *ctx, dsep_search *s, int64_t n_tasks, int64_t bytes);

#endif
