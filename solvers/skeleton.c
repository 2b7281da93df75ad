#include "solvers/skeleton.h"

#include "mpi/amount.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/skeleton_search.h"

#include <stdlib.h>

/* --- workspace ------------------------------------------------------------------------------- */

static int prepare(dsep_context *ctx, dsep_search *s) {
    int mine = dsep_fault(ctx, "skeleton-memory");
    s->made = dsep_array(1, sizeof *s->made);
    s->degree = dsep_array(s->p, sizeof *s->degree);
    s->sets = dsep_array(s->p, sizeof *s->sets);
    s->adjacent = dsep_array(s->p, sizeof *s->adjacent);
    s->targets = dsep_array(s->p, sizeof *s->targets);
    s->places = dsep_array(s->p, sizeof *s->places);
    s->dependent = dsep_array(DSEP_CITEST_ROWS * DSEP_CITEST_COLUMNS / 64, sizeof *s->dependent);
    s->set = dsep_array(DSEP_ADJACENCY_MAX_ORDER, sizeof *s->set);
    s->members = dsep_array(DSEP_ADJACENCY_MAX_ORDER, sizeof *s->members);
    if (!mine && !(s->made && s->degree && s->sets && s->adjacent && s->targets && s->places &&
                   s->dependent && s->set && s->members))
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the search");
    if (!mine)
        mine = dsep_sepsets_create(s->p, dsep_context_error(ctx), &s->sepsets);
    return dsep_agree(ctx, mine);
}

static void release(dsep_search *s) {
    dsep_counter_destroy(&s->counter);
    dsep_adjacency_destroy(&s->adjacency);
    dsep_sepsets_destroy(&s->sepsets);
    dsep_skeleton_destroy(&s->made);
    free(s->tasks);
    free(s->pairs);
    free(s->gone);
    free(s->degree);
    free(s->sets);
    free(s->adjacent);
    free(s->targets);
    free(s->places);
    free(s->dependent);
    free(s->set);
    free(s->members);
}

/* --- levels ---------------------------------------------------------------------------------- */

static void sum_level(dsep_context *ctx, dsep_search *s, dsep_level *level) {
    int64_t sums[] = {s->tests, s->singular, s->removed};
    dsep_sum_i64(ctx, sums, 3);
    *level =
        (dsep_level){.order = s->order, .tests = sums[0], .singular = sums[1], .removed = sums[2]};
    for (int64_t x = 0; x < s->p; x++) {
        if (s->order > 0)
            s->sets[x] += dsep_skeleton_count_sets(s->degree[x], s->order);
        const int64_t degree = s->degree[x] = dsep_adjacency_degree(s->adjacency, x);
        level->edges += degree;
        level->max_degree = degree > level->max_degree ? degree : level->max_degree;
    }
    level->edges /= 2;
    level->seconds = dsep_clock() - s->began;
    dsep_max_f64(ctx, &level->seconds, 1);
    dsep_log_line(ctx,
                  "order %lld: %lld tests, %lld edges removed, %lld left, at most %lld neighbours, "
                  "%.2f s",
                  (long long)level->order, (long long)level->tests, (long long)level->removed,
                  (long long)level->edges, (long long)level->max_degree, level->seconds);
}

/* Whether another order is to be tried; if not, why. */
static int goes_on(dsep_context *ctx, dsep_search *s) {
    dsep_skeleton *made = s->made;
    const int64_t order = s->order, max_order = s->settings->max_order;
    const dsep_level *last = made->n_levels ? &made->levels[made->n_levels - 1] : NULL;
    made->next = (dsep_skeleton_next){.order = -1};
    made->stop = DSEP_SKELETON_EXHAUSTED;
    if (last && last->max_degree - 1 < order)
        return 0;
    made->stop = DSEP_SKELETON_NO_TEST;
    if (order > s->test->max_order)
        return 0;
    if (last)
        made->next = dsep_search_forecast(s);
    made->stop = DSEP_SKELETON_MAX_ORDER;
    if (order > DSEP_ADJACENCY_MAX_ORDER || (max_order >= 0 && order > max_order))
        return 0;
    made->stop = DSEP_SKELETON_TIME;
    if (last)
        dsep_search_set_deadline(ctx, s);
    return !s->late;
}

/* Gives an order up that was not done, as if it had not begun. */
static void give_up(dsep_context *ctx, dsep_search *s) {
    s->made->stop = s->stopped ? DSEP_SKELETON_STOPPED : DSEP_SKELETON_TIME;
    if (s->order == 0)
        return;
    dsep_adjacency_restore(ctx, s->adjacency, s->order);
    dsep_sepsets_truncate(s->sepsets, s->n_sepsets);
    s->made->n_tasks = s->n_trace_tasks;
    s->made->n_phases = s->n_trace_phases;
}

/* Begins an order that did not come with a state. */
static void open_order(dsep_search *s) {
    s->began = dsep_clock();
    s->half = 0;
    s->next = 0;
    s->n_sepsets = s->sepsets->count;
    s->n_trace_tasks = s->made->n_tasks;
    s->n_trace_phases = s->made->n_phases;
    s->tests = s->singular = s->removed = 0;
}

static void close_order(dsep_context *ctx, dsep_search *s) {
    dsep_level *level = &s->made->levels[s->made->n_levels++];
    sum_level(ctx, s, level);
    s->units.since += level->seconds - s->units.measured;
    s->units.measured = 0;
    s->under_way = 0;
}

static void tell_next(dsep_context *ctx, const dsep_skeleton *made) {
    if (made->next.order < 0)
        return;
    dsep_amount tests, time;
    dsep_log_line(ctx, "order %lld would need at most %s tests, about %s on these ranks",
                  (long long)made->next.order, dsep_amount_count(made->next.tests, tests),
                  dsep_amount_seconds(made->next.seconds, time));
}

static int run_levels(dsep_context *ctx, dsep_search *s) {
    int code = DSEP_OK;
    dsep_skeleton *made = s->made;
    for (; goes_on(ctx, s); s->order++) {
        if (made->n_levels > 0 && !s->resumed)
            DSEP_TRY(dsep_search_pause(ctx, s, made->next.seconds));
        s->resumed = 0;
        DSEP_AGREE(ctx,
                   dsep_array_reserve((void **)&made->levels, &s->level_room, made->n_levels + 1,
                                      sizeof *made->levels, dsep_context_error(ctx)));
        if (!s->under_way)
            open_order(s);
        if (!s->stopped)
            DSEP_TRY(s->order == 0 ? dsep_search_pairs(ctx, s) : dsep_search_sets(ctx, s));
        if (s->late || s->stopped) {
            give_up(ctx, s);
            break;
        }
        close_order(ctx, s);
    }
    tell_next(ctx, made);
cleanup:
    return code;
}

static void hand_over(dsep_search *s, dsep_skeleton **skeleton) {
    s->made->adjacency = s->adjacency;
    s->made->sepsets = s->sepsets;
    *skeleton = s->made;
    s->adjacency = NULL;
    s->sepsets = NULL;
    s->made = NULL;
}

int dsep_skeleton_search(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                         const dsep_skeleton_settings *settings, dsep_skeleton **skeleton) {
    int code = DSEP_OK;
    dsep_search s = {.ctx = ctx,
                     .test = test,
                     .knowledge = knowledge,
                     .settings = settings,
                     .units = {.pauses = settings->pauses},
                     .listed = settings->listed,
                     .p = test->n_variables};
    *skeleton = NULL;
    DSEP_TRY(prepare(ctx, &s));
    DSEP_TRY(dsep_counter_create(ctx, &s.counter));
    if (settings->resume)
        DSEP_TRY(dsep_search_resume(ctx, &s));
    if (!s.ended)
        DSEP_TRY(run_levels(ctx, &s));
    DSEP_TRY(dsep_sepsets_settle(ctx, s.sepsets));
    hand_over(&s, skeleton);
cleanup:
    release(&s);
    return code;
}

void dsep_skeleton_destroy(dsep_skeleton **skeleton) {
    if (!skeleton || !*skeleton)
        return;
    dsep_adjacency_destroy(&(*skeleton)->adjacency);
    dsep_sepsets_destroy(&(*skeleton)->sepsets);
    free((*skeleton)->levels);
    free((*skeleton)->tasks);
    free((*skeleton)->phases);
    free(*skeleton);
    *skeleton = NULL;
}
