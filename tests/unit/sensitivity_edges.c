/* Shares of edges by analysis choice, where runs drop variables: against counts made one by one. */
#include "jobs/sensitivity_edges.h"
#include "mpi/memory.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>

enum { P = 7, CELLS = 4, REPLICATES = 40, UNITS = CELLS * REPLICATES, EFFECTS = 4 };

static dsep_error error;
static dsep_study_design *design;
static uint8_t done[UNITS];
static int kept[UNITS][P];           /* which variables a run had */
static dsep_mark marks[UNITS][P][P]; /* its graph: mark at x of the edge to y, 0 for none */
static dsep_tally *tally[1 + EFFECTS];

/* Graphs whose edges come and go with the unit's number. */
static void draw_unit(int64_t unit) {
    int32_t list[P];
    const int64_t cell = unit / REPLICATES;
    const int64_t stay = dsep_study_kept(P, dsep_study_value(design, cell, "drop-variables", 0));
    dsep_study_keep(dsep_study_unit_seed(design, unit), P, stay, list);
    for (int64_t k = 0; k < stay; k++)
        kept[unit][list[k]] = 1;
    done[unit] = unit % 11 != 3;
    for (int x = 0; x < P; x++)
        for (int y = x + 1; y < P; y++)
            if (kept[unit][x] && kept[unit][y] && y < P - 1 &&
                (unit * (x + 2) + y) % (y + 1 + cell % 2) == 0) {
                marks[unit][x][y] = unit % 3 ? DSEP_MARK_TAIL : DSEP_MARK_ARROW;
                marks[unit][y][x] = unit % 3 == 1 ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
            }
}

static void count_unit(int64_t unit) {
    for (int32_t x = 0; x < P; x++)
        for (int32_t y = x + 1; y < P; y++) {
            if (!done[unit] || !marks[unit][x][y])
                continue;
            dsep_tally_edge edge = {.x = x, .y = y};
            edge.count[dsep_tally_kind(marks[unit][x][y], marks[unit][y][x])] = 1;
            dsep_tally_add_edge(tally[0], &edge, &error);
            for (int f = 0; f < design->n_factors; f++) {
                const int64_t effect = dsep_study_effect_in(design, unit / REPLICATES, f);
                dsep_tally_add_edge(tally[1 + effect], &edge, &error);
            }
        }
}

/* Share of the runs of an effect (-1: all) with both variables that have these marks, or any. */
static double share(int64_t effect, int x, int y, dsep_mark at_x, dsep_mark at_y) {
    double runs = 0, joined = 0;
    for (int64_t unit = 0; unit < UNITS; unit++) {
        int in = effect < 0;
        for (int f = 0; f < design->n_factors; f++)
            in |= dsep_study_effect_in(design, unit / REPLICATES, f) == effect;
        if (!in || !done[unit] || !kept[unit][x] || !kept[unit][y])
            continue;
        runs++;
        joined += marks[unit][x][y] &&
                  (!at_x || (marks[unit][x][y] == at_x && marks[unit][y][x] == at_y));
    }
    return joined / runs;
}

static int agree(const dsep_sensitivity_edges *edges) {
    const dsep_mark t = DSEP_MARK_TAIL, a = DSEP_MARK_ARROW;
    int right = 1;
    for (int64_t e = 0; e < edges->n_edges; e++) {
        const int x = edges->tally->edges[e].x, y = edges->tally->edges[e].y;
        right &= edges->share[e] == share(-1, x, y, 0, 0) &&
                 edges->forward[e] == share(-1, x, y, t, a) &&
                 edges->backward[e] == share(-1, x, y, a, t) &&
                 edges->reference[e] == (x == 0 && y == 1);
        for (int64_t g = 0; g < EFFECTS; g++)
            right &= edges->by_effect[e * EFFECTS + g] == share(g, x, y, 0, 0);
    }
    return right;
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    const double shares[] = {0, 0.4}, alphas[] = {0.01, 0.05};
    const dsep_factor factors[] = {{"drop-variables", DSEP_FACTOR_REAL, NULL, 2, shares},
                                   {"alpha", DSEP_FACTOR_LOG, NULL, 2, alphas}};
    const dsep_edge one = {0, 1, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
    dsep_sensitivity_edges edges = {0};
    dsep_tally *sums[1 + EFFECTS] = {NULL};
    dsep_graph *reference = NULL;
    int code = dsep_study_design_create(factors, 2, 0, REPLICATES, 5, &error, &design);
    dsep_graph_create(P, 1, &one, DSEP_GRAPH_CPDAG, &error, &reference);
    for (int t = 0; t < 1 + EFFECTS; t++)
        dsep_tally_create(&error, &tally[t]);
    for (int64_t unit = 0; unit < UNITS; unit++) {
        draw_unit(unit);
        if (unit % dsep_size(ctx) == dsep_rank(ctx))
            count_unit(unit);
    }
    for (int t = 0; t < 1 + EFFECTS && !code; t++)
        code = dsep_tally_unite(ctx, tally[t], &sums[t]);
    tap_ok(!code && sums[0]->n_edges > 5 && dsep_study_effects(design) == EFFECTS,
           "%lld pairs are joined", (long long)sums[0]->n_edges);
    code = dsep_sensitivity_edges_create(design, done, P, reference, sums, &error, &edges);
    tap_ok(code == DSEP_OK && agree(&edges), "shares are of the runs that had both variables");
    int never = 0;
    for (int64_t e = 0; e < edges.n_edges; e++)
        never |= edges.tally->edges[e].y == P - 1;
    tap_ok(!never, "pairs that were never joined are not told");
    dsep_sensitivity_edges_release(&edges);
    for (int t = 0; t < 1 + EFFECTS; t++) {
        dsep_tally_destroy(&tally[t]);
        dsep_tally_destroy(&sums[t]);
    }
    dsep_graph_destroy(&reference);
    dsep_study_design_destroy(&design);
    return tap_end();
}
