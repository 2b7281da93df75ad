/* Units of work of which nobody knows what they are: the same rows and counts however they are
 * batched and grouped, also when it is stopped and gone on with; `enough` ends at the same number.
 */
#include "jobs/campaign.h"
#include "io/checkpoint.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { UNITS = 47, VALUES = 2, TALLIES = 2, NODES = 6, ROUND = 10 };

static dsep_context *ctx;

/* --- units ----------------------------------------------------------------------------------- */

typedef struct {
    dsep_running *running;
    int64_t stop_at, fail_at; /* from which unit on the deadline is over; which fails; -1: none */
    int64_t enough_at;
    int64_t asked, wrong; /* times `enough` was asked, and when it should not have been */
    int64_t seen[UNITS];  /* how often a unit was done, by the first rank of its group */
} bench;

static double value_of(int64_t unit, int which) {
    return which ? sin((double)unit) : 1.5 * (double)unit;
}

static dsep_tally_edge edge_of(int64_t unit, int which) {
    dsep_tally_edge edge = {.x = (int32_t)(unit % (NODES - 1)), .y = NODES - 1 + which};
    edge.count[unit % DSEP_TALLY_MARKS] = 1;
    return edge;
}

static int run_unit(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                    void *data) {
    bench *b = data;
    if (unit == b->fail_at)
        return dsep_fail(group, DSEP_ERROR_DATA, "unit %lld", (long long)unit);
    if (b->stop_at >= 0 && unit >= b->stop_at)
        b->running->stop.deadline = 1e-9;
    for (int v = 0; v < VALUES; v++)
        values[v] = dsep_rank(group) == 0 ? value_of(unit, v) : -1;
    int mine = DSEP_OK;
    for (int t = 0; dsep_rank(group) == 0 && !mine && t < TALLIES; t++) {
        const dsep_tally_edge edge = edge_of(unit, t);
        mine = dsep_tally_add_edge(tally[t], &edge, dsep_context_error(group));
    }
    b->seen[unit] += dsep_rank(group) == 0;
    return dsep_agree(group, mine);
}

static int enough(int64_t done, const double *values, dsep_tally *const *tally, void *data) {
    bench *b = data;
    b->asked++;
    b->wrong += done % ROUND != 0 || dsep_tally_total(tally[0]) != done;
    for (int64_t u = 0; u < done; u++)
        b->wrong += values[u * VALUES] != value_of(u, 0);
    return done >= b->enough_at;
}

/* --- runs ------------------------------------------------------------------------------------ */

typedef struct {
    int64_t each, n_units, enough_at, stop_at, fail_at;
    double every;
} how;

static const dsep_option no_options[] = {{0}};
static const dsep_option_group groups_of_options[] = {{"None", no_options, 0, NULL}, {0}};
static const dsep_command command = {.name = "bench", .groups = groups_of_options};

/* One allocation; b->seen goes on. */
static int run(how h, bench *b, dsep_campaign **made) {
    int code = DSEP_OK;
    char settings[8] = "";
    dsep_groups *groups = NULL;
    dsep_running running = {0};
    const dsep_invocation call = {.command = &command, .settings = settings, .line = "bench"};
    const dsep_running_options options = {.checkpoint_every = h.every};
    dsep_state with = {0};
    *made = NULL;
    b->running = &running;
    b->stop_at = h.stop_at;
    b->fail_at = h.fail_at;
    b->enough_at = h.enough_at;
    dsep_campaign_plan plan = {.name = "bench",
                               .units = "units",
                               .n_units = h.n_units,
                               .n_values = VALUES,
                               .n_tallies = TALLIES,
                               .round = ROUND,
                               .run = run_unit,
                               .enough = h.enough_at > 0 ? enough : NULL,
                               .data = b,
                               .with = &with};
    DSEP_TRY(dsep_state_lend(&with, "beside", 0, "beside", 6, dsep_context_error(ctx)));
    DSEP_TRY(dsep_groups_create(ctx, h.each, &groups));
    DSEP_TRY(
        dsep_running_open(ctx, &call, &options, tap_path("campaign"), "", dsep_clock(), &running));
    DSEP_TRY(dsep_campaign_run(ctx, groups, &plan, &running, made));
cleanup:
    dsep_running_close(&running);
    dsep_groups_destroy(&groups);
    dsep_state_clear(&with);
    return code;
}

static void remove_checkpoint(void) {
    dsep_checkpoint_remove(ctx, tap_path("campaign.checkpoint"));
}

/* --- what came out --------------------------------------------------------------------------- */

/* Whether tally t counts just the units that were done, sorted. */
static int counts_right(const dsep_campaign *c, int t) {
    int32_t wanted[NODES][DSEP_TALLY_MARKS] = {{0}};
    int64_t at = 0;
    for (int64_t u = 0; u < UNITS; u++)
        if (c->done[u])
            wanted[edge_of(u, t).x][u % DSEP_TALLY_MARKS]++;
    for (int x = 0; x < NODES; x++) {
        int64_t joined = 0;
        for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
            joined += wanted[x][kind];
        if (joined == 0)
            continue;
        const dsep_tally_edge *edge = &c->tally[t]->edges[at];
        if (at++ == c->tally[t]->n_edges || edge->x != x || edge->y != NODES - 1 + t ||
            memcmp(edge->count, wanted[x], sizeof wanted[x]) != 0)
            return 0;
    }
    return at == c->tally[t]->n_edges;
}

/* Whether values and counts are those of the units that were done, on every rank. */
static int is_right(const dsep_campaign *c) {
    int64_t done = 0;
    int good = c->n_tallies == TALLIES;
    for (int64_t u = 0; u < UNITS; u++) {
        done += c->done[u];
        for (int v = 0; v < VALUES; v++) {
            const double value = c->values[u * VALUES + v];
            good &= c->done[u] ? value == value_of(u, v) : isnan(value);
        }
    }
    for (int t = 0; good && t < TALLIES; t++)
        good &= counts_right(c, t);
    return good && c->n_done == done;
}

static int all_ranks_agree(const dsep_campaign *c) {
    int64_t high[UNITS], low[UNITS];
    for (int64_t u = 0; u < UNITS; u++)
        high[u] = c->done[u], low[u] = -c->done[u];
    dsep_max_i64(ctx, high, UNITS);
    dsep_max_i64(ctx, low, UNITS);
    for (int64_t u = 0; u < UNITS; u++)
        if (high[u] != -low[u])
            return 0;
    return 1;
}

/* Whether units 0 .. count - 1 were done once each, over all allocations, and no other. */
static int done_once(const bench *b, int64_t count) {
    int64_t seen[UNITS];
    memcpy(seen, b->seen, sizeof seen);
    dsep_sum_i64(ctx, seen, UNITS);
    for (int64_t u = 0; u < UNITS; u++)
        if (seen[u] != (u < count))
            return 0;
    return 1;
}

/* --- tests ----------------------------------------------------------------------------------- */

static how usual(int64_t each, double every) {
    return (how){.each = each, .n_units = UNITS, .stop_at = -1, .fail_at = -1, .every = every};
}

static void test_all(int64_t each, double every) {
    bench b = {0};
    dsep_campaign *c = NULL;
    remove_checkpoint();
    int good = run(usual(each, every), &b, &c) == DSEP_OK;
    tap_ok(good && c->n_done == UNITS && !c->stopped && !c->enough && is_right(c) &&
               done_once(&b, UNITS),
           "groups of %d, a checkpoint every %g s: all units, each once", (int)each, every);
    dsep_campaign_destroy(&c);
}

static void test_stop(int64_t each, double every, int64_t first, int64_t second) {
    bench b = {0};
    dsep_campaign *c = NULL;
    how h = usual(each, every);
    remove_checkpoint();
    h.stop_at = first;
    int good = run(h, &b, &c) == DSEP_OK && c->stopped && c->n_done > 0 && c->n_done < UNITS &&
               c->done[first];
    tap_ok(good && is_right(c) && all_ranks_agree(c), "stopped at unit %d: what is done is right",
           (int)first);
    const int64_t before = c ? c->n_done : 0;
    dsep_campaign_destroy(&c);
    h.each = 1 + each % dsep_size(ctx);
    h.stop_at = second;
    good = run(h, &b, &c) == DSEP_OK && c->stopped && c->n_done > before;
    tap_ok(good && is_right(c), "stopped again at unit %d", (int)second);
    dsep_campaign_destroy(&c);
    good = run(usual(dsep_size(ctx), 1e9), &b, &c) == DSEP_OK;
    tap_ok(good && !c->stopped && c->n_done == UNITS && is_right(c) && done_once(&b, UNITS),
           "then to the end: no unit was done twice");
    dsep_campaign_destroy(&c);
    remove_checkpoint();
}

/* Asked after 10, 20, 30 units; that ends it, whoever does how much between two meetings. */
static void test_enough(int64_t each, double every, int64_t stop_at) {
    bench b = {0};
    dsep_campaign *c = NULL;
    how h = usual(each, every);
    remove_checkpoint();
    h.enough_at = 3 * ROUND - 2;
    h.stop_at = stop_at;
    int good = run(h, &b, &c) == DSEP_OK;
    if (good && stop_at >= 0) {
        good = c->stopped && c->n_done < 3 * ROUND;
        dsep_campaign_destroy(&c);
        h.stop_at = -1;
        good = good && run(h, &b, &c) == DSEP_OK;
    }
    tap_ok(good && c->enough && !c->stopped && c->n_done == 3 * ROUND && is_right(c) &&
               done_once(&b, 3 * ROUND),
           "groups of %d, every %g s, stopped at %d: enough after %d units", (int)each, every,
           (int)stop_at, 3 * ROUND);
    tap_ok(b.asked >= 3 && b.wrong == 0, "asked at whole rounds only, of all that was done");
    dsep_campaign_destroy(&c);
    remove_checkpoint();
}

static void test_never_enough(void) {
    bench b = {0};
    dsep_campaign *c = NULL;
    how h = usual(1, 1e9);
    h.enough_at = UNITS + 1;
    const int good = run(h, &b, &c) == DSEP_OK;
    tap_ok(good && !c->enough && c->n_done == UNITS && is_right(c) && b.wrong == 0,
           "never enough: all units");
    dsep_campaign_destroy(&c);
    remove_checkpoint();
}

/* What was enough before is enough at once. */
static void test_enough_at_once(void) {
    bench b = {0};
    dsep_campaign *c = NULL;
    how h = usual(1, 0);
    remove_checkpoint();
    h.stop_at = 2 * ROUND + 1;
    int good = run(h, &b, &c) == DSEP_OK && c->stopped;
    const int64_t before = c ? c->n_done : 0;
    dsep_campaign_destroy(&c);
    memset(b.seen, 0, sizeof b.seen);
    h.stop_at = -1;
    h.enough_at = 3 * ROUND;
    good = good && run(h, &b, &c) == DSEP_OK && c->n_done == 3 * ROUND && is_right(c);
    int64_t seen = 0;
    for (int64_t u = 0; u < UNITS; u++)
        seen += b.seen[u];
    dsep_sum_i64(ctx, &seen, 1);
    tap_ok(good && seen == 3 * ROUND - before, "only what is missing to a whole round is done");
    dsep_campaign_destroy(&c);
    remove_checkpoint();
}

static void test_failures(void) {
    bench b = {0};
    dsep_campaign *c = NULL;
    how h = usual(1, 0);
    remove_checkpoint();
    h.fail_at = 11;
    tap_ok(run(h, &b, &c) == DSEP_ERROR_DATA && !c &&
               strcmp(dsep_context_error(ctx)->text, "unit 11") == 0,
           "a unit that fails ends it everywhere");
    tap_ok(access(tap_path("campaign.checkpoint"), F_OK) == 0, "what was kept before stays");
    tap_ok(run(usual(2, 0), &b, &c) == DSEP_OK && c->n_done == UNITS && is_right(c),
           "and is gone on from");
    dsep_campaign_destroy(&c);
    h = usual(1, 0);
    h.stop_at = 20;
    remove_checkpoint();
    tap_ok(run(h, &b, &c) == DSEP_OK && c->stopped, "a checkpoint");
    dsep_campaign_destroy(&c);
    h.n_units = UNITS - 1;
    tap_ok(run(h, &b, &c) == DSEP_ERROR_DATA && !c, "of another number of units it is refused");
    remove_checkpoint();
}

/* What is kept comes back; blocks that do not fit together are told from those that do. */
static void test_kept(void) {
    enum { N = 3, WIDTH = 2 };
    const dsep_campaign_shape shape = {
        .name = "kept", .units = "units", .n_units = N, .n_values = WIDTH, .n_tallies = 2};
    dsep_error *error = dsep_context_error(ctx);
    const dsep_tally_edge edge = {.x = 1, .y = 4, .count = {3}};
    dsep_campaign *c = NULL, *back = NULL;
    dsep_state state = {0};
    if (dsep_campaign_create(error, &shape, &c) || dsep_campaign_create(error, &shape, &back) ||
        dsep_tally_add_edge(c->tally[1], &edge, error))
        goto cleanup;
    c->done[2] = 1;
    c->values[2 * WIDTH + 1] = 7;
    const int empty = !dsep_campaign_is_kept(&state, &shape);
    const int good = dsep_campaign_lend(&state, &shape, c, error) == DSEP_OK &&
                     dsep_campaign_is_sound(&state, &shape) &&
                     dsep_campaign_take(&state, &shape, back, error) == DSEP_OK;
    tap_ok(empty && good && back->n_done == 1 && !back->done[0] && back->done[2] &&
               isnan(back->values[0]) && back->values[2 * WIDTH + 1] == 7 &&
               back->tally[0]->n_edges == 0 && back->tally[1]->n_edges == 1 &&
               memcmp(back->tally[1]->edges, &edge, sizeof edge) == 0,
           "what is kept comes back");
    dsep_campaign_shape other = shape;
    other.n_tallies = 1;
    tap_ok(!dsep_campaign_is_sound(&state, &other), "not for another number of tallies");
    for (int i = 0; i < state.n_blocks; i++)
        if (strcmp(state.block[i].name, "kept.edges") == 0)
            state.block[i].bytes = 0;
    tap_ok(!dsep_campaign_is_sound(&state, &shape), "edges that are lacking are noticed");
cleanup:
    dsep_state_clear(&state);
    dsep_campaign_destroy(&back);
    dsep_campaign_destroy(&c);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    for (int64_t each = 1; each <= dsep_size(ctx); each++) {
        test_all(each, 1e9);
        test_all(each, 0);
        test_stop(each, each % 2 ? 0 : 1e-4, 9, 30);
        test_stop(each, 1e9, 9, 30);
        test_enough(each, 0, -1);
        test_enough(each, 1e9, -1);
        test_enough(each, 1e9, 13);
    }
    test_enough_at_once();
    test_never_enough();
    test_failures();
    test_kept();
    return tap_end();
}
