/* The exact posterior where the answer is known without enumeration; the same bits on any number of
 * ranks and nodes, and after a stop between any two layers. */
#include "solvers/exact.h"
#include "mpi/exchange.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Scores are pseudo-random within a range, smaller with every parent. */
typedef struct {
    double range, penalty;
} scoring;

static long double score(const void *data, int variable, uint32_t parents) {
    const scoring *s = data;
    const dsep_random source = {11, 1702, (uint32_t)variable};
    return -s->range * dsep_random_uniform(source, parents) -
           s->penalty * __builtin_popcount(parents);
}

/* Parents of v are the v - 1 and v - 2 before it, or it is as if 10,000 nats were lost. */
static long double chain(const void *data, int variable, uint32_t parents) {
    (void)data;
    const uint32_t wanted =
        (variable > 0 ? 1U << (variable - 1) : 0) | (variable > 1 ? 1U << (variable - 2) : 0);
    return parents == wanted ? 0 : -10000;
}

static long double infinite(const void *data, int variable, uint32_t parents) {
    (void)data;
    return variable == 1 && parents == 1 ? (long double)INFINITY : 0;
}

static dsep_exact *solve(dsep_context *ctx, int p, dsep_local_score *local, const void *data) {
    dsep_parent_sums *sums = NULL;
    dsep_exact *exact = NULL;
    if (!dsep_parent_sums_create(ctx, p, local, data, &sums))
        dsep_exact_create(ctx, sums, NULL, NULL, &exact);
    dsep_parent_sums_destroy(&sums);
    return exact;
}

static int same(const dsep_exact *a, const dsep_exact *b) {
    const size_t bytes = (size_t)(a->n_variables * a->n_variables) * sizeof *a->edge;
    return a->complete && b->complete && !memcmp(a->edge, b->edge, bytes) &&
           !memcmp(a->path, b->path, bytes) && a->log_evidence == b->log_evidence &&
           a->digits == b->digits;
}

/* --- known answers --------------------------------------------------------------------------- */

/* Every DAG weighs the same: the sum counts them, and all pairs are alike. */
static void counts_dags(dsep_context *ctx) {
    /* OEIS A003024 */
    static const double dags[] = {1, 3, 25, 543, 29281, 3781503, 1138779265, 783702329343};
    const scoring flat = {0, 0};
    for (int p = 1; p <= 9; p++) {
        dsep_exact *exact = solve(ctx, p, score, &flat);
        double uneven = 0;
        for (int i = 0; i < p; i++)
            for (int j = 0; j < p; j++)
                if (i != j)
                    uneven = fmax(uneven, fabs(exact->edge[i * p + j] - exact->edge[1]));
        tap_ok(uneven < 1e-13, "%d variables: all edges alike, within %.1g", p, uneven);
        tap_ok(fabs(exact->log_evidence - exact->log_dags) < 1e-12, "%d variables: as many DAGs",
               p);
        if (p <= 8)
            tap_ok(fabs(exp(exact->log_dags) / dags[p - 1] - 1) < 1e-12, "which are %.0f",
                   dags[p - 1]);
        dsep_exact_destroy(&exact);
    }
}

/* One DAG outweighs all others; then none has an edge. */
static void one_dag(dsep_context *ctx) {
    const int p = 13;
    const scoring lonely = {0, 1000};
    dsep_exact *exact = solve(ctx, p, chain, NULL), *empty = solve(ctx, p, score, &lonely);
    int right = 1, none = 1;
    for (int i = 0; i < p; i++)
        for (int j = 0; j < p; j++) {
            right &= exact->edge[i * p + j] == (j == i + 1 || j == i + 2);
            right &= exact->path[i * p + j] == (j > i);
            none &= empty->edge[i * p + j] == 0 && empty->path[i * p + j] == 0;
        }
    tap_ok(right && exact->log_evidence == 0, "one DAG that is certain");
    tap_ok(none && empty->log_evidence == 0 && empty->digits > 12, "no edges at all, %.1f digits",
           empty->digits);
    dsep_exact_destroy(&exact);
    dsep_exact_destroy(&empty);
}

/* Edges are paths, and ancestors cannot be mutual. */
static void bounds(dsep_context *ctx) {
    const int p = 11;
    const scoring s = {3, .5};
    dsep_exact *exact = solve(ctx, p, score, &s);
    int good = exact->digits > 11;
    for (int i = 0; i < p; i++)
        for (int j = 0; j < p; j++) {
            const double edge = exact->edge[i * p + j], path = exact->path[i * p + j];
            good &= i == j ? edge == 0 && path == 0
                           : edge > 0 && edge < path && path + exact->path[j * p + i] < 1;
        }
    tap_ok(good, "an edge is a path, and there is one at most of two directions");
    dsep_exact_destroy(&exact);
}

/* --- the same bits --------------------------------------------------------------------------- */

static void any_ranks(dsep_context *ctx, const char *node_ranks) {
    dsep_context *alone = NULL, *nodes = NULL;
    setenv("DSEP_NODE_RANKS", node_ranks, 1);
    dsep_context_create(MPI_COMM_WORLD, &nodes);
    unsetenv("DSEP_NODE_RANKS");
    dsep_context_create(MPI_COMM_SELF, &alone);
    static const scoring cases[] = {{4, .3}, {800, 3}, {0, 2}};
    for (int c = 0; c < 3; c++)
        for (int p = 2; p <= 12; p += 5) {
            dsep_exact *one = solve(alone, p, score, &cases[c]);
            dsep_exact *all = solve(ctx, p, score, &cases[c]);
            dsep_exact *apart = solve(nodes, p, score, &cases[c]);
            tap_ok(same(one, all) && same(one, apart),
                   "range %g, %d variables: the bits of one rank, also on nodes of %s",
                   cases[c].range, p, node_ranks);
            dsep_exact_destroy(&one);
            dsep_exact_destroy(&all);
            dsep_exact_destroy(&apart);
        }
    dsep_context_destroy(&alone);
    dsep_context_destroy(&nodes);
}

/* A state that outlives its run. */
typedef struct {
    int stop_at, asked;
    dsep_state state;
} memory;

static int due(dsep_context *ctx, double seconds, void *data) {
    (void)ctx;
    (void)seconds;
    memory *m = data;
    return m->asked++ <= m->stop_at;
}

static int keep(dsep_context *ctx, const dsep_state *state, void *data, int *stop) {
    memory *m = data;
    int mine = 0;
    dsep_state_clear(&m->state);
    for (int b = 0; b < state->n_blocks; b++) {
        const dsep_state_block *block = &state->block[b];
        void *copy = malloc((size_t)block->bytes);
        memcpy(copy, block->data, (size_t)block->bytes);
        mine |= dsep_state_give(&m->state, block->name, block->record, copy, block->bytes, NULL);
        dsep_broadcast(ctx, copy, block->bytes, 0); /* as what a checkpoint keeps: rank 0's */
    }
    *stop = m->asked > m->stop_at;
    return dsep_agree(ctx, mine);
}

/* Kept before each layer and stopped before layer `at`; then kept before each of the others.
 * Returns whether there was such a layer. */
static int stopped_at(dsep_context *ctx, const dsep_parent_sums *sums, int at,
                      const dsep_exact *wanted, int *good) {
    memory m = {.stop_at = at}, rest = {.stop_at = 1000};
    const dsep_pauses pauses = {.due = due, .keep = keep, .data = &m};
    const dsep_pauses going_on = {.due = due, .keep = keep, .data = &rest};
    dsep_exact *part = NULL, *whole = NULL;
    *good &= !dsep_exact_create(ctx, sums, &pauses, NULL, &part);
    const int stopped = !part->complete;
    *good &= stopped || same(part, wanted);
    if (stopped) {
        *good &= !dsep_exact_create(ctx, sums, &going_on, &m.state, &whole);
        *good &= same(whole, wanted);
    }
    dsep_state_clear(&m.state);
    dsep_state_clear(&rest.state);
    dsep_exact_destroy(&part);
    dsep_exact_destroy(&whole);
    return stopped;
}

static void any_stop(dsep_context *ctx, const char *where) {
    const scoring s = {4, .3};
    const int p = 7;
    dsep_parent_sums *sums = NULL;
    dsep_exact *wanted = solve(ctx, p, score, &s);
    int good = !dsep_parent_sums_create(ctx, p, score, &s, &sums), at = 0;
    while (stopped_at(ctx, sums, at, wanted, &good))
        at++;
    tap_ok(good && at == p / 2 + 1 + p, "%s: stopped before each of %d layers, the same bits",
           where, at);
    dsep_state empty = {0};
    dsep_exact *none = NULL;
    tap_ok(dsep_exact_create(ctx, sums, NULL, &empty, &none) == DSEP_ERROR_DATA && !none,
           "%s: a state of something else", where);
    dsep_exact_destroy(&wanted);
    dsep_parent_sums_destroy(&sums);
}

static void refusals(dsep_context *ctx) {
    dsep_parent_sums *sums = NULL;
    tap_ok(dsep_parent_sums_create(ctx, 3, infinite, NULL, &sums) == DSEP_ERROR_DATA && !sums &&
               strstr(dsep_context_error(ctx)->text, "differ too much"),
           "scores that are not finite");
    tap_ok(dsep_exact_memory(DSEP_EXACT_MOST + 1) == -1 && dsep_exact_memory(20) > 150000000 &&
               dsep_exact_memory(20) < 200000000,
           "what 20 variables need, and that 26 are too many");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    counts_dags(ctx);
    one_dag(ctx);
    bounds(ctx);
    any_ranks(ctx, "1");
    any_stop(ctx, "one node");
    dsep_context *nodes = NULL;
    setenv("DSEP_NODE_RANKS", "2", 1);
    dsep_context_create(MPI_COMM_WORLD, &nodes);
    unsetenv("DSEP_NODE_RANKS");
    any_stop(nodes, "nodes of two ranks");
    dsep_context_destroy(&nodes);
    refusals(ctx);
    return tap_end();
}
