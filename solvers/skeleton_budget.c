/* What a search costs: forecast, deadline, trace. */
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/skeleton_search.h"

#include <string.h>

double dsep_skeleton_count_sets(int64_t adjacent, int64_t order) {
    double sets = 1;
    for (int64_t i = 0; i < order; i++)
        sets *= (double)(adjacent - 1 - i) / (double)(i + 1);
    return sets > 0 ? sets : 0;
}

/* --- time ------------------------------------------------------------------------------------ */

double dsep_skeleton_rate(const dsep_context *ctx, const dsep_skeleton *skeleton) {
    double tests = 0, seconds = 0;
    for (int64_t l = 1; l < skeleton->n_levels; l++) {
        tests += (double)skeleton->levels[l].tests;
        seconds += skeleton->levels[l].seconds;
    }
    return tests > 1e7 && seconds > 0 ? tests / seconds : 3e8 * dsep_size(ctx);
}

/* A strength's tests look for the smallest value: somewhat slower. */
static const double STRENGTH_SLOWER = 1.3;

void dsep_search_set_deadline(dsep_context *ctx, dsep_search *s) {
    double tests = 0;
    s->visits = 0;
    if (s->settings->deadline <= 0)
        return;
    for (int64_t x = 0; x < s->p; x++)
        tests +=
            (s->sets[x] + dsep_skeleton_count_sets(s->degree[x], s->order)) * (double)s->degree[x];
    s->stop_at =
        s->settings->deadline - STRENGTH_SLOWER * tests / dsep_skeleton_rate(s->ctx, s->made);
    int64_t late = dsep_clock() > s->stop_at;
    dsep_max_i64(ctx, &late, 1);
    s->late = (int)late;
}

dsep_skeleton_next dsep_search_forecast(const dsep_search *s) {
    dsep_skeleton_next next = {.order = s->order};
    for (int64_t x = 0; x < s->p; x++)
        next.tests += dsep_skeleton_count_sets(s->degree[x], s->order) * (double)s->degree[x];
    next.seconds = next.tests / dsep_skeleton_rate(s->ctx, s->made);
    return next;
}

/* --- trace ----------------------------------------------------------------------------------- */

int dsep_search_trace_begin(dsep_context *ctx, dsep_search *s, int64_t n_tasks,
                            dsep_skeleton_task **costs) {
    int code = DSEP_OK;
    dsep_skeleton *made = s->made;
    dsep_error *error = dsep_context_error(ctx);
    *costs = NULL;
    if (!s->settings->trace)
        return DSEP_OK;
    int mine = dsep_array_reserve((void **)&made->tasks, &s->task_room, made->n_tasks + n_tasks,
                                  sizeof *made->tasks, error);
    if (!mine)
        mine = dsep_array_reserve((void **)&made->phases, &s->phase_room, made->n_phases + 1,
                                  sizeof *made->phases, error);
    DSEP_AGREE(ctx, mine);
    *costs = made->tasks + made->n_tasks;
    memset(*costs, 0, (size_t)n_tasks * sizeof **costs);
cleanup:
    return code;
}

void dsep_search_trace_end(dsep_context *ctx, dsep_search *s, int64_t n_tasks, int64_t bytes) {
    dsep_skeleton *made = s->made;
    if (!s->settings->trace)
        return;
    dsep_skeleton_task *costs = made->tasks + made->n_tasks;
    const int64_t fields = (int64_t)(sizeof *costs / sizeof(int64_t));
    dsep_sum_i64(ctx, (int64_t *)costs, n_tasks * fields);
    for (int64_t t = 0; t < n_tasks; t++) {
        costs[t].order = s->order;
        costs[t].half = s->half;
    }
    made->n_tasks += n_tasks;
    made->phases[made->n_phases++] = (dsep_skeleton_phase){s->order, s->half, n_tasks, bytes};
}
