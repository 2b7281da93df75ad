#include "jobs/campaign.h"

#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ranks meet about this often, in seconds, or oftener where checkpoints are asked for oftener. */
static const double MEETING = 5;

typedef struct {
    dsep_context *ctx;
    dsep_groups *groups;
    const dsep_campaign_plan *plan;
    dsep_running *running;
    dsep_campaign *made;
    dsep_tally **part; /* [n_tallies] of this rank since the last meeting */
    int64_t *todo;     /* [n_todo] units of this batch */
    uint8_t *finished; /* [n_todo] */
    dsep_campaign_shape shape;
    int64_t n_todo;
    int64_t *fresh; /* units that this rank has done since the last union, as its group's first */
    int64_t n_fresh;
    int64_t batch;  /* units until the next meeting */
    int64_t n_here; /* units that this group has done in this run */
    double longest; /* seconds of the longest unit here */
} working;

/* --- state ----------------------------------------------------------------------------------- */

static int keep(working *c) {
    int code = DSEP_OK;
    dsep_state state = {0};
    dsep_error *error = dsep_context_error(c->ctx);
    int mine = c->plan->with ? dsep_state_join(&state, c->plan->with, error) : DSEP_OK;
    if (!mine)
        mine = dsep_campaign_lend(&state, &c->shape, c->made, error);
    if (!mine && c->running->part.count > 0)
        mine = dsep_state_lend(&state, DSEP_CAMPAIGN_BLOCK, 0, &c->shape, sizeof c->shape, error);
    DSEP_AGREE(c->ctx, mine);
    dsep_running_keep(c->ctx, c->running, &state);
cleanup:
    dsep_state_clear(&state);
    return code;
}

static int resume(working *c) {
    dsep_error *error = dsep_context_error(c->ctx);
    const dsep_state *state = &c->running->state;
    if (!c->running->found || !dsep_campaign_is_kept(state, &c->shape))
        return DSEP_OK;
    return dsep_agree(c->ctx, dsep_campaign_is_sound(state, &c->shape)
                                  ? dsep_campaign_take(state, &c->shape, c->made, error)
                                  : dsep_error_set(error, DSEP_ERROR_DATA,
                                                   "the checkpoint does not hold the %s it names",
                                                   c->plan->units));
}

/* --- units ----------------------------------------------------------------------------------- */

static int run_unit(dsep_context *group, int64_t unit, void *data) {
    working *c = data;
    const double began = dsep_clock();
    const int code = c->plan->run(group, unit, c->made->values + unit * c->plan->n_values, c->part,
                                  c->plan->data);
    const double seconds = dsep_clock() - began;
    c->longest = seconds > c->longest ? seconds : c->longest;
    c->n_here++;
    if (!code && dsep_rank(group) == 0)
        c->fresh[c->n_fresh++] = unit;
    return code;
}

/* A deadline leaves time for one unit of each group, or runs of too little time would never end. */
static int wants_stop(void *data) {
    const working *c = data;
    if (c->n_here == 0 && !dsep_stop_signal())
        return 0;
    return dsep_stop_wanted(&c->running->stop, c->longest);
}

static void tell(int64_t taken, void *data) {
    working *c = data;
    dsep_log_progress(c->ctx, c->plan->units, (double)(c->made->n_done + taken),
                      (double)dsep_part_units(c->running->part, c->plan->n_units), c->plan->units);
}

/* --- meetings -------------------------------------------------------------------------------- */

/* Brings the values of new units to every rank. */
static int share_values(working *c) {
    int code = DSEP_OK;
    const int64_t width = 1 + c->plan->n_values;
    const size_t size = (size_t)c->plan->n_values * sizeof(double);
    double *all = NULL, *mine = dsep_array(c->n_fresh * width, sizeof *mine);
    int64_t bytes = 0;
    DSEP_AGREE(c->ctx,
               mine ? DSEP_OK : dsep_out_of_memory(dsep_context_error(c->ctx), "the values"));
    for (int64_t k = 0; k < c->n_fresh; k++) {
        mine[k * width] = (double)c->fresh[k];
        memcpy(mine + k * width + 1, c->made->values + c->fresh[k] * c->plan->n_values, size);
    }
    DSEP_TRY(dsep_gather_all(c->ctx, mine, c->n_fresh * width * (int64_t)sizeof *mine,
                             (void **)&all, &bytes));
    for (int64_t k = 0; k < bytes / (int64_t)sizeof *all / width; k++)
        memcpy(c->made->values + (int64_t)all[k * width] * c->plan->n_values, all + k * width + 1,
               size);
    c->n_fresh = 0;
cleanup:
    free(mine);
    free(all);
    return code;
}

/* Adds what all ranks have counted since the last meeting to the tallies that are equal on all. */
static int unite(working *c) {
    int code = DSEP_OK;
    dsep_tally *fresh = NULL;
    dsep_error *error = dsep_context_error(c->ctx);
    DSEP_TRY(share_values(c));
    for (int64_t t = 0; t < c->plan->n_tallies; t++) {
        DSEP_TRY(dsep_tally_unite(c->ctx, c->part[t], &fresh));
        dsep_tally_clear(c->part[t]);
        DSEP_AGREE(c->ctx,
                   dsep_tally_merge(c->made->tally[t], fresh->edges, fresh->n_edges, error));
        dsep_tally_destroy(&fresh);
    }
cleanup:
    dsep_tally_destroy(&fresh);
    return code;
}

/* Units of the next batch: the first that are not done, but none behind the next question whether
 * they are enough. */
static void choose_batch(working *c, int64_t first_open) {
    const int64_t round = c->plan->enough ? c->plan->round : 0;
    int64_t end = c->plan->n_units;
    if (round > 0 && (first_open / round + 1) * round < end)
        end = (first_open / round + 1) * round;
    c->n_todo = 0;
    for (int64_t u = first_open; u < end && c->n_todo < c->batch; u++)
        if (!c->made->done[u] && dsep_part_has(c->running->part, u))
            c->todo[c->n_todo++] = u;
}

/* The next batch lasts until about the next meeting: clocks choose when ranks meet, nothing else.
 */
static void size_batch(working *c, double seconds, int64_t finished) {
    const double apart = c->running->every < MEETING ? c->running->every : MEETING;
    const int64_t groups = dsep_groups_count(c->groups);
    dsep_max_f64(c->ctx, &seconds, 1);
    const double wanted = finished > 0 ? apart / (seconds + 1e-9) * (double)finished : 1;
    c->batch = wanted > 1e6 ? 1000000 : (int64_t)wanted;
    if (c->batch < groups)
        c->batch = groups;
}

static int run_batch(working *c, int *cut_short) {
    int code = DSEP_OK;
    int64_t finished = 0;
    const double began = dsep_clock();
    const dsep_groups_work work = {run_unit, wants_stop, tell, c};
    DSEP_TRY(dsep_groups_run(c->ctx, c->groups, &work, c->todo, c->n_todo, c->finished));
    for (int64_t k = 0; k < c->n_todo; k++) {
        c->made->done[c->todo[k]] = c->finished[k];
        finished += c->finished[k];
    }
    c->made->n_done += finished;
    *cut_short = finished < c->n_todo;
    size_batch(c, dsep_clock() - began, finished);
cleanup:
    return code;
}

static int64_t next_open(const working *c, int64_t from) {
    while (from < c->plan->n_units &&
           (c->made->done[from] || !dsep_part_has(c->running->part, from)))
        from++;
    return from;
}

/* Whether the first units, `open` of them, are asked about now, and are enough. */
static int ask_enough(working *c, int64_t open) {
    return c->plan->enough && c->plan->round > 0 && open > 0 && open % c->plan->round == 0 &&
           open == c->made->n_done &&
           c->plan->enough(open, c->made->values, c->made->tally, c->plan->data);
}

static int run_batches(working *c) {
    int code = DSEP_OK, cut_short = 0;
    int64_t open = next_open(c, 0);
    c->made->enough = ask_enough(c, open);
    tell(0, c);
    while (open < c->plan->n_units && !c->made->enough) {
        choose_batch(c, open);
        DSEP_TRY(run_batch(c, &cut_short));
        open = next_open(c, open);
        const int asks = c->plan->enough && open % c->plan->round == 0;
        const int last = open == c->plan->n_units;
        const int stop = !last && (cut_short || dsep_stop_agree(c->ctx, &c->running->stop, 0));
        const int due = !last && (stop || dsep_running_due(c->ctx, c->running));
        DSEP_TRY(unite(c)); /* always, so that no rank holds many pairs of its own */
        c->made->enough = asks && ask_enough(c, open);
        c->made->stopped = stop && !c->made->enough;
        if (due && !c->made->enough)
            DSEP_TRY(keep(c));
        if (c->made->stopped)
            break;
    }
    if (c->running->part.count > 0 && !c->made->stopped) {
        DSEP_TRY(keep(c));
        c->running->share_is_done = c->made->stopped = 1;
    }
cleanup:
    return code;
}

/* --- life ------------------------------------------------------------------------------------ */

static int allocate(working *c) {
    const dsep_campaign_plan *plan = c->plan;
    dsep_error *error = dsep_context_error(c->ctx);
    int code = dsep_campaign_create(error, &c->shape, &c->made);
    c->part = dsep_array(plan->n_tallies, sizeof *c->part);
    c->todo = dsep_array(plan->n_units, sizeof *c->todo);
    c->finished = dsep_array(plan->n_units, 1);
    c->fresh = dsep_array(plan->n_units, sizeof *c->fresh);
    if (!code && (!c->part || !c->todo || !c->finished || !c->fresh))
        code = dsep_out_of_memory(error, "units of work");
    for (int64_t t = 0; t < plan->n_tallies && !code; t++)
        code = dsep_tally_create(error, &c->part[t]);
    return code;
}

static void release(working *c) {
    for (int64_t t = 0; c->part && t < c->plan->n_tallies; t++)
        dsep_tally_destroy(&c->part[t]);
    free(c->part);
    free(c->todo);
    free(c->finished);
    free(c->fresh);
    dsep_campaign_destroy(&c->made);
}

int dsep_campaign_run(dsep_context *ctx, dsep_groups *groups, const dsep_campaign_plan *plan,
                      dsep_running *running, dsep_campaign **made) {
    int code = DSEP_OK;
    working c = {.ctx = ctx,
                 .groups = groups,
                 .plan = plan,
                 .running = running,
                 .shape = {.n_units = plan->n_units,
                           .n_values = plan->n_values,
                           .n_tallies = plan->n_tallies},
                 .batch = dsep_groups_count(groups)};
    snprintf(c.shape.name, sizeof c.shape.name, "%s", plan->name);
    snprintf(c.shape.units, sizeof c.shape.units, "%s", plan->units);
    *made = NULL;
    if (running->part.count > 0)
        dsep_log_line(ctx, "part %lld of %lld: %lld of %lld %s", (long long)running->part.number,
                      (long long)running->part.count,
                      (long long)dsep_part_units(running->part, plan->n_units),
                      (long long)plan->n_units, plan->units);
    DSEP_AGREE(ctx, allocate(&c));
    DSEP_TRY(resume(&c));
    DSEP_TRY(run_batches(&c));
    *made = c.made;
    c.made = NULL;
cleanup:
    release(&c);
    return code;
}
