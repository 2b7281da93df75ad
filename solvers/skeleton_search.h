/* What a rank works with while it searches a skeleton, and the parts of the search. Only the
 * skeleton_*.c files include this. */
#ifndef DSEP_SOLVERS_SKELETON_SEARCH_H
#define DSEP_SOLVERS_SKELETON_SEARCH_H

#include "mpi/counter.h"
#include "solvers/skeleton.h"

/* Some targets of one node, for handing out: those among its neighbours first .. end - 1. No other
 * task removes these. */
typedef struct {
    double cost; /* tests at most; the first member */
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
    dsep_units units;

    dsep_search_task *tasks; /* [n_tasks] of this half, largest first */
    int64_t n_tasks, tasks_room;
    dsep_pair *pairs; /* [n_pairs] dependent ones that this rank found in a listed order 0 */
    int64_t n_pairs, pairs_room;
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
    int listed;     /* the tiles of order 0 are those of the lists */
    int under_way;  /* this half, or a listed order 0, has begun */
    int64_t next;   /* its first task, or tile, that is not done */
    int resumed;    /* nothing was done since the resume */
    int stopped;    /* asked to */
    int ended;      /* resumed from a search that was complete */
    double began;   /* this order, as if it had been done without a break */
    double stop_at; /* when this order must be done; 0: never */
    int64_t visits; /* of prefixes in this order */
    int late, failed;
    dsep_pair *gone; /* what this rank has removed in this half, up to the list limit */
    int64_t n_gone, gone_room;
    int64_t tests, singular, removed;                 /* in this order, by this rank */
    int64_t n_sepsets, n_trace_tasks, n_trace_phases; /* when this order began */
} dsep_search;

/* Order 0: tests all pairs and makes the adjacency, unless s->stopped is set on the way.
 * Collective. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. */
int dsep_search_pairs(dsep_context *ctx, dsep_search *s);

/* An order of 1 or more, both halves, unless s->late or s->stopped is set on the way, on all ranks.
 * Collective. Errors as above. */
int dsep_search_sets(dsep_context *ctx, dsep_search *s);

/* Sets s->stop_at so that there is time left for the strengths of all orders up to this one, and
 * s->late where that is now. Collective. */
void dsep_search_set_deadline(dsep_context *ctx, dsep_search *s);

/* Number of tiles of order 0. Not collective. */
int64_t dsep_search_count_tiles(const dsep_search *s);

/* The node's neighbours when the order began, into s->adjacent. Not collective. */
void dsep_search_freeze(dsep_search *s, int64_t x);

/* Positions of this half's targets among the node's frozen neighbours first .. end - 1, into
 * s->targets; returns their number. Not collective. */
int64_t dsep_search_targets(dsep_search *s, int64_t x, int64_t first, int64_t end);

/* Between two units: has the state kept where that is due before `seconds` of work; sets s->stopped
 * when asked to. Collective. Errors as above, and those of the pauses. */
int dsep_search_pause(dsep_context *ctx, dsep_search *s, double seconds);

/* Takes everything from s->settings->resume. Collective. Errors: DSEP_ERROR_DATA for a damaged
 * state, DSEP_ERROR_RESOURCES, agreed. */
int dsep_search_resume(dsep_context *ctx, dsep_search *s);

/* What the order s->order would need. Not collective; the same on every rank but for seconds. */
dsep_skeleton_next dsep_search_forecast(const dsep_search *s);

/* With a trace: makes room for the tasks of one half; *costs is where this rank notes what its
 * own tasks cost, or NULL without a trace. dsep_search_trace_end() then sums over ranks.
 * Collective. Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_search_trace_begin(dsep_context *ctx, dsep_search *s, int64_t n_tasks,
                            dsep_skeleton_task **costs);
void dsep_search_trace_end(dsep_context *ctx, dsep_search *s, int64_t n_tasks, int64_t bytes);

#endif
