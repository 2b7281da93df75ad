#include "solvers/skeleton.h"

#include "mpi/counter.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/subsets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One node's part of one half of an order, for handing out. */
typedef struct {
    double cost;
    int64_t node;
} task;

/* What a rank works with while it searches. */
typedef struct {
    dsep_context *ctx;
    dsep_citest *test;
    const dsep_knowledge *knowledge;
    dsep_adjacency *adjacency;
    dsep_sepsets *sepsets;
    dsep_counter *counter;
    task *tasks; /* [p] largest first */
    int64_t n_tasks;
    int64_t *degree;             /* [p] when the order began */
    int32_t *adjacent;           /* [p] */
    int32_t *targets;            /* [p] positions */
    uint8_t *independent, *left; /* [p] of pairs; of adjacent */
    int32_t *set, *members;      /* [DSEP_ADJACENCY_MAX_ORDER] positions; variables */
    int64_t p, order;
    int half; /* 0: targets after the node; 1: those before it that are left */
    int failed;
    int64_t tests, singular, removed;
} search;

double dsep_skeleton_cost(int64_t adjacent, int64_t targets, int64_t order) {
    double sets = 1;
    for (int64_t i = 0; i < order; i++)
        sets *= (double)(adjacent - 1 - i) / (double)(i + 1);
    return sets > 0 ? sets * (double)targets : 0;
}

/* --- workspace ------------------------------------------------------------------------------- */

static int prepare(dsep_context *ctx, search *s) {
    int mine = dsep_fault(ctx, "skeleton-memory");
    s->tasks = dsep_array(s->p, sizeof *s->tasks);
    s->degree = dsep_array(s->p, sizeof *s->degree);
    s->adjacent = dsep_array(s->p, sizeof *s->adjacent);
    s->targets = dsep_array(s->p, sizeof *s->targets);
    s->independent = dsep_array(s->p, sizeof *s->independent);
    s->left = dsep_array(s->p, sizeof *s->left);
    s->set = dsep_array(DSEP_ADJACENCY_MAX_ORDER, sizeof *s->set);
    s->members = dsep_array(DSEP_ADJACENCY_MAX_ORDER, sizeof *s->members);
    if (!mine && (!s->tasks || !s->degree || !s->adjacent || !s->targets || !s->independent ||
                  !s->left || !s->set || !s->members))
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the search");
    if (!mine)
        mine = dsep_sepsets_create(s->p, dsep_context_error(ctx), &s->sepsets);
    return dsep_agree(ctx, mine);
}

static void release(search *s) {
    dsep_counter_destroy(&s->counter);
    dsep_sepsets_destroy(&s->sepsets);
    free(s->tasks);
    free(s->degree);
    free(s->adjacent);
    free(s->targets);
    free(s->independent);
    free(s->left);
    free(s->set);
    free(s->members);
}

/* --- order 0 --------------------------------------------------------------------------------- */

static void set_bit(uint64_t *row, int64_t y) {
    row[y / 64] |= (uint64_t)1 << y % 64;
}

/* Pairs that knowledge decides are no tests. */
static void search_pairs(search *s, int64_t x, uint64_t *row) {
    const int64_t count = s->p - x - 1;
    int64_t separated = s->test->pairs(s->test->state, x, x + 1, count, s->independent);
    int64_t tests = count;
    for (int64_t k = 0; k < count; k++) {
        const int64_t y = x + 1 + k;
        const int joined = s->knowledge && dsep_knowledge_joins(s->knowledge, x, y);
        const int parted = s->knowledge && dsep_knowledge_parts(s->knowledge, x, y);
        if (joined || (!parted && !s->independent[k]))
            set_bit(row, y);
        if (joined || parted) {
            separated -= s->independent[k];
            tests--;
        }
    }
    s->tests += tests;
    s->removed += separated;
}

static int run_order_zero(dsep_context *ctx, search *s) {
    int code = DSEP_OK;
    dsep_shared *bits = NULL;
    const int64_t words = (s->p + 63) / 64;
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(s->p, words, 8), "adjacency bits", &bits));
    uint64_t *rows = dsep_shared_data(bits);
    dsep_counter_reset(ctx, s->counter, s->p);
    for (int64_t x; (x = dsep_counter_next(s->counter)) >= 0;) {
        search_pairs(s, x, rows + x * words);
        dsep_log_progress(ctx, "order 0", (double)dsep_counter_taken(s->counter), (double)s->p,
                          "variables");
    }
    dsep_counter_finish(ctx, s->counter);
    dsep_shared_unite(ctx, bits);
    DSEP_TRY(dsep_adjacency_create(ctx, s->p, rows, words, &s->adjacency));
cleanup:
    dsep_shared_destroy(&bits);
    return code;
}

/* --- higher orders --------------------------------------------------------------------------- */

/* Records that the prefix with `pivot` separates a target, and lets the target leave. */
static void take_separated(dsep_walk *walk, search *s, int64_t target, int64_t pivot) {
    const int64_t y = walk->adjacent[walk->targets[target]];
    walk->set[walk->order - 1] = (int32_t)pivot;
    for (int64_t d = 0; d < walk->order; d++)
        s->members[d] = walk->adjacent[walk->set[d]];
    dsep_adjacency_remove(s->adjacency, walk->node, y, s->order);
    s->removed++;
    if (!s->failed)
        s->failed = dsep_sepsets_add(s->sepsets, walk->node, y, s->members, walk->order,
                                     dsep_context_error(s->ctx));
    dsep_walk_drop(walk, target);
}

/* From the last target to the first, so that one that leaves moves none that is still to come. */
static int visit_prefix(dsep_walk *walk, int32_t start) {
    search *s = walk->data;
    const int others_wait = dsep_nodes(s->ctx) > 1;
    for (int64_t m = walk->n_targets - 1; m >= 0; m--) {
        if (others_wait)
            dsep_counter_serve(s->counter);
        if (dsep_walk_member(walk, m))
            continue;
        const dsep_citest_scan found = dsep_walk_scan(walk, m, start);
        if (found.pivot >= 0)
            take_separated(walk, s, m, found.pivot);
    }
    return s->failed;
}

/* Positions of the targets of this half among the node's frozen neighbours. */
static int64_t choose_targets(search *s, int64_t x, int64_t n_adjacent) {
    int64_t count = 0;
    for (int64_t k = 0; k < n_adjacent; k++) {
        const int64_t y = s->adjacent[k];
        if ((y > x) != (s->half == 0) || dsep_knowledge_joins(s->knowledge, x, y))
            continue;
        if (s->left[k])
            s->targets[count++] = (int32_t)k;
    }
    return count;
}

static void search_node(search *s, int64_t x) {
    const int64_t n_adjacent =
        dsep_adjacency_frozen(s->adjacency, x, s->order, s->adjacent, s->left);
    const int64_t n_targets = choose_targets(s, x, n_adjacent);
    dsep_walk walk = {.test = s->test,
                      .node = x,
                      .adjacent = s->adjacent,
                      .n_adjacent = n_adjacent,
                      .targets = s->targets,
                      .n_targets = n_targets,
                      .order = s->order,
                      .set = s->set,
                      .data = s,
                      .visit = visit_prefix};
    if (n_targets > 0)
        dsep_walk_subsets(&walk);
    s->tests += walk.tests;
    s->singular += walk.singular;
}

static int by_cost(const void *left, const void *right) {
    const task *a = left, *b = right;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* The tasks of this half, largest first; returns the most neighbours that one of them has. */
static int64_t list_tasks(search *s) {
    int64_t most = 0;
    s->n_tasks = 0;
    for (int64_t x = 0; x < s->p; x++) {
        if (s->degree[x] - 1 < s->order)
            continue;
        const int64_t n_adjacent =
            dsep_adjacency_frozen(s->adjacency, x, s->order, s->adjacent, s->left);
        const int64_t n_targets = choose_targets(s, x, n_adjacent);
        if (n_targets == 0)
            continue;
        s->tasks[s->n_tasks++] = (task){dsep_skeleton_cost(n_adjacent, n_targets, s->order), x};
        most = n_adjacent > most ? n_adjacent : most;
    }
    qsort(s->tasks, (size_t)s->n_tasks, sizeof *s->tasks, by_cost);
    return most;
}

static int run_half(dsep_context *ctx, search *s) {
    int code = DSEP_OK;
    char phase[32];
    snprintf(phase, sizeof phase, "order %lld, %s half", (long long)s->order,
             s->half ? "second" : "first");
    const int64_t most = list_tasks(s);
    DSEP_AGREE(ctx, s->test->reserve(s->test->state, most, s->order, dsep_context_error(ctx)));
    dsep_counter_reset(ctx, s->counter, s->n_tasks);
    s->failed = dsep_fault(ctx, "skeleton-task");
    for (int64_t t; !s->failed && (t = dsep_counter_next(s->counter)) >= 0;) {
        search_node(s, s->tasks[t].node);
        dsep_log_progress(ctx, phase, (double)dsep_counter_taken(s->counter), (double)s->n_tasks,
                          "variables");
    }
    dsep_counter_finish(ctx, s->counter);
    DSEP_AGREE(ctx, s->failed);
    DSEP_TRY(dsep_adjacency_sync(ctx, s->adjacency));
cleanup:
    return code;
}

/* --- levels ---------------------------------------------------------------------------------- */

static int run_order(dsep_context *ctx, search *s) {
    int code = DSEP_OK;
    s->tests = s->singular = s->removed = 0;
    if (s->order == 0)
        return run_order_zero(ctx, s);
    for (s->half = 0; s->half < 2; s->half++)
        DSEP_TRY(run_half(ctx, s));
cleanup:
    return code;
}

static void sum_level(dsep_context *ctx, search *s, double began, dsep_level *level) {
    int64_t sums[] = {s->tests, s->singular, s->removed};
    dsep_sum_i64(ctx, sums, 3);
    *level =
        (dsep_level){.order = s->order, .tests = sums[0], .singular = sums[1], .removed = sums[2]};
    for (int64_t x = 0; x < s->p; x++) {
        const int64_t degree = s->degree[x] = dsep_adjacency_degree(s->adjacency, x);
        level->edges += degree;
        level->max_degree = degree > level->max_degree ? degree : level->max_degree;
    }
    level->edges /= 2;
    level->seconds = dsep_clock() - began;
    dsep_max_f64(ctx, &level->seconds, 1);
    dsep_log_line(ctx,
                  "order %lld: %lld tests, %lld edges removed, %lld left, at most %lld neighbours, "
                  "%.2f s",
                  (long long)level->order, (long long)level->tests, (long long)level->removed,
                  (long long)level->edges, (long long)level->max_degree, level->seconds);
}

/* Whether another order is to be tried; if not, why. */
static int goes_on(const search *s, int64_t max_order, const dsep_level *last,
                   dsep_skeleton_stop *stop) {
    *stop = DSEP_SKELETON_EXHAUSTED;
    if (last && last->max_degree - 1 < s->order)
        return 0;
    *stop = DSEP_SKELETON_NO_TEST;
    if (s->order > s->test->max_order)
        return 0;
    *stop = DSEP_SKELETON_MAX_ORDER;
    return s->order <= DSEP_ADJACENCY_MAX_ORDER && (max_order < 0 || s->order <= max_order);
}

static int run_levels(dsep_context *ctx, search *s, int64_t max_order, dsep_skeleton *made) {
    int code = DSEP_OK;
    int64_t room = 0;
    for (s->order = 0;
         goes_on(s, max_order, room ? &made->levels[made->n_levels - 1] : NULL, &made->stop);
         s->order++) {
        const double began = dsep_clock();
        DSEP_AGREE(ctx, dsep_array_reserve((void **)&made->levels, &room, made->n_levels + 1,
                                           sizeof *made->levels, dsep_context_error(ctx)));
        DSEP_TRY(run_order(ctx, s));
        sum_level(ctx, s, began, &made->levels[made->n_levels++]);
    }
cleanup:
    return code;
}

int dsep_skeleton_search(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                         int64_t max_order, dsep_skeleton **skeleton) {
    int code = DSEP_OK;
    search s = {.ctx = ctx, .test = test, .knowledge = knowledge, .p = test->n_variables};
    dsep_skeleton *made = dsep_array(1, sizeof *made);
    *skeleton = NULL;
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the search"));
    DSEP_TRY(prepare(ctx, &s));
    DSEP_TRY(dsep_counter_create(ctx, &s.counter));
    DSEP_TRY(run_levels(ctx, &s, max_order, made));
    DSEP_TRY(dsep_sepsets_settle(ctx, &s.sepsets));
    made->adjacency = s.adjacency;
    made->sepsets = s.sepsets;
    s.adjacency = NULL;
    s.sepsets = NULL;
    *skeleton = made;
    made = NULL;
cleanup:
    dsep_adjacency_destroy(&s.adjacency);
    release(&s);
    dsep_skeleton_destroy(&made);
    return code;
}

void dsep_skeleton_destroy(dsep_skeleton **skeleton) {
    if (!skeleton || !*skeleton)
        return;
    dsep_adjacency_destroy(&(*skeleton)->adjacency);
    dsep_sepsets_destroy(&(*skeleton)->sepsets);
    free((*skeleton)->levels);
    free(*skeleton);
    *skeleton = NULL;
}
