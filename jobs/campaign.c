#include "jobs/campaign.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <math.h>
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

void dsep_campaign_block(const char *name, const char *part, char block[DSEP_STATE_NAME]) {
    snprintf(block, DSEP_STATE_NAME, "%s.%s", name, part);
}

/* All edges of all tallies, one after another, behind their numbers. */
static int lend_tallies(working *c, dsep_state *state, dsep_error *error) {
    int code = DSEP_OK;
    char name[DSEP_STATE_NAME];
    int64_t total = 0, at = 0;
    const int64_t count = c->plan->n_tallies;
    int64_t *n_edges = dsep_array(count, sizeof *n_edges);
    for (int64_t t = 0; t < count; t++)
        total += c->made->tally[t]->n_edges;
    dsep_tally_edge *edges = dsep_array(total, sizeof *edges);
    if (!n_edges || !edges) {
        free(n_edges);
        free(edges);
        return dsep_out_of_memory(error, "a checkpoint");
    }
    for (int64_t t = 0; t < count; t++) {
        n_edges[t] = c->made->tally[t]->n_edges;
        if (n_edges[t] > 0)
            memcpy(edges + at, c->made->tally[t]->edges, (size_t)n_edges[t] * sizeof *edges);
        at += n_edges[t];
    }
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_N_EDGES, name);
    code = dsep_state_give(state, name, 0, n_edges, count * (int64_t)sizeof *n_edges, error);
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_EDGES, name);
    const int second =
        dsep_state_give(state, name, 0, edges, total * (int64_t)sizeof *edges, error);
    return code ? code : second;
}

static int keep(working *c) {
    int code = DSEP_OK;
    char name[DSEP_STATE_NAME];
    dsep_state state = {0};
    dsep_error *error = dsep_context_error(c->ctx);
    const dsep_campaign_plan *plan = c->plan;
    int mine = plan->with ? dsep_state_join(&state, plan->with, error) : DSEP_OK;
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_DONE, name);
    if (!mine)
        mine = dsep_state_lend(&state, name, 0, c->made->done, plan->n_units, error);
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_VALUES, name);
    if (!mine)
        mine = dsep_state_lend(&state, name, 0, c->made->values,
                               plan->n_units * plan->n_values * (int64_t)sizeof(double), error);
    if (!mine)
        mine = lend_tallies(c, &state, error);
    if (!mine && c->running->part.count > 0)
        mine = dsep_state_lend(&state, DSEP_CAMPAIGN_BLOCK, 0, &c->shape, sizeof c->shape, error);
    DSEP_AGREE(c->ctx, mine);
    dsep_running_keep(c->ctx, c->running, &state);
cleanup:
    dsep_state_clear(&state);
    return code;
}

static int resume_tallies(working *c, dsep_error *error) {
    int code = DSEP_OK;
    char name[DSEP_STATE_NAME];
    int64_t *n_edges = dsep_array(c->plan->n_tallies, sizeof *n_edges);
    if (!n_edges)
        return dsep_out_of_memory(error, "the counts of edges");
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_N_EDGES, name);
    DSEP_TRY(dsep_state_read(&c->running->state, name, n_edges,
                             c->plan->n_tallies * (int64_t)sizeof *n_edges, error));
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_EDGES, name);
    const dsep_state_block *edges = dsep_state_find(&c->running->state, name);
    int64_t left = edges ? edges->bytes / (int64_t)sizeof(dsep_tally_edge) : 0;
    const dsep_tally_edge *at = edges ? edges->data : NULL;
    for (int64_t t = 0; t < c->plan->n_tallies; t++) {
        if (n_edges[t] < 0 || n_edges[t] > left) {
            code = dsep_error_set(error, DSEP_ERROR_DATA, "the checkpoint lacks edges");
            goto cleanup;
        }
        DSEP_TRY(dsep_tally_merge(c->made->tally[t], at, n_edges[t], error));
        at += n_edges[t];
        left -= n_edges[t];
    }
cleanup:
    free(n_edges);
    return code;
}

static int resume(working *c) {
    char name[DSEP_STATE_NAME];
    dsep_error *error = dsep_context_error(c->ctx);
    const dsep_state *state = &c->running->state;
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_DONE, name);
    if (!c->running->found || !dsep_state_find(state, name))
        return DSEP_OK;
    int mine = dsep_state_read(state, name, c->made->done, c->plan->n_units, error);
    dsep_campaign_block(c->plan->name, DSEP_CAMPAIGN_VALUES, name);
    if (!mine)
        mine =
            dsep_state_read(state, name, c->made->values,
                            c->plan->n_units * c->plan->n_values * (int64_t)sizeof(double), error);
    if (!mine)
        mine = resume_tallies(c, error);
    for (int64_t u = 0; u < c->plan->n_units; u++)
        c->made->n_done += c->made->done[u];
    return dsep_agree(c->ctx, mine);
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
    const int64_t units = plan->n_units;
    dsep_campaign *made = c->made = dsep_array(1, sizeof *made);
    if (!made)
        return dsep_out_of_memory(error, "units of work");
    made->n_tallies = plan->n_tallies;
    made->done = dsep_array(units, 1);
    made->values = dsep_array(dsep_bytes(units, plan->n_values, 1), sizeof *made->values);
    made->tally = dsep_array(plan->n_tallies, sizeof *made->tally);
    c->part = dsep_array(plan->n_tallies, sizeof *c->part);
    c->todo = dsep_array(units, sizeof *c->todo);
    c->finished = dsep_array(units, 1);
    c->fresh = dsep_array(units, sizeof *c->fresh);
    if (!made->done || !made->values || !made->tally || !c->part || !c->todo || !c->finished ||
        !c->fresh)
        return dsep_out_of_memory(error, "units of work");
    for (int64_t k = 0; k < units * plan->n_values; k++)
        made->values[k] = NAN;
    int code = DSEP_OK;
    for (int64_t t = 0; t < plan->n_tallies && !code; t++) {
        code = dsep_tally_create(error, &c->part[t]);
        if (!code)
            code = dsep_tally_create(error, &made->tally[t]);
    }
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

void dsep_campaign_destroy(dsep_campaign **campaign) {
    if (!campaign || !*campaign)
        return;
    for (int64_t t = 0; (*campaign)->tally && t < (*campaign)->n_tallies; t++)
        dsep_tally_destroy(&(*campaign)->tally[t]);
    free((*campaign)->tally);
    free((*campaign)->done);
    free((*campaign)->values);
    free(*campaign);
    *campaign = NULL;
}
