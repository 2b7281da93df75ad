/* Ensemble graphs: rules, ties, and the threshold of Scutari & Nagarajan against a search. */
#include "solvers/ensemble.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { T = DSEP_MARK_TAIL, A = DSEP_MARK_ARROW, C = DSEP_MARK_CIRCLE, GRAPHS = 10 };

static void count(dsep_tally *tally, int32_t x, int32_t y, int at_x, int at_y, int32_t times) {
    dsep_tally_edge edge = {.x = x, .y = y};
    edge.count[dsep_tally_kind((dsep_mark)at_x, (dsep_mark)at_y)] = times;
    dsep_tally_add_edge(tally, &edge, NULL);
}

/* The edges as text: "0-1" "0>2" "1<2" "2x3". */
static int joins(const dsep_tally *tally, dsep_ensemble_rule rule, double threshold,
                 const char *wanted) {
    char text[200] = "";
    size_t length = 0;
    dsep_graph *graph = NULL;
    int good = dsep_ensemble_graph(tally, GRAPHS, rule, threshold, 6, DSEP_GRAPH_PAG, NULL,
                                   &graph) == DSEP_OK;
    good &= graph && graph->kind == DSEP_GRAPH_PAG && graph->n_nodes == 6;
    for (int64_t x = 0; good && x < 6; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
            if (graph->neighbour[k] > x) {
                static const char left[] = " -<o", right[] = " ->o";
                length += (size_t)snprintf(text + length, sizeof text - length, "%d%c%c%d ", (int)x,
                                           left[graph->mark[k]], right[graph->mark[graph->twin[k]]],
                                           (int)graph->neighbour[k]);
            }
    dsep_graph_destroy(&graph);
    if (strcmp(text, wanted) != 0)
        tap_note("%s instead of %s", text, wanted);
    return good && strcmp(text, wanted) == 0;
}

static void test_rules(void) {
    dsep_tally *tally = NULL;
    dsep_tally_create(NULL, &tally);
    count(tally, 0, 1, T, A, 6); /* joined in 9: -> 6, -- 3 */
    count(tally, 0, 1, T, T, 3);
    count(tally, 0, 2, A, T, 4); /* joined in 7: <- 4, -> 3 */
    count(tally, 0, 2, T, A, 3);
    count(tally, 1, 2, T, A, 3); /* joined in 6: three times 2 or 3, not joined in 4 */
    count(tally, 1, 2, A, T, 2);
    count(tally, 1, 2, A, A, 1);
    count(tally, 1, 3, A, A, 5); /* joined in 5 */
    count(tally, 2, 4, A, T, 1); /* joined once */
    tap_ok(joins(tally, DSEP_ENSEMBLE_PRESERVED, 0, "0->1 0<-2 1->2 1<>3 2<-4 "),
           "preserved: all that was ever joined");
    tap_ok(joins(tally, DSEP_ENSEMBLE_HIGHEST, 0, "0->1 0<-2 "),
           "highest: marks more frequent than not joined, which wins ties");
    tap_ok(joins(tally, DSEP_ENSEMBLE_MAJORITY, 0, "0->1 "), "majority: more than half");
    tap_ok(joins(tally, DSEP_ENSEMBLE_THRESHOLD, .6, "0->1 0<-2 1->2 "),
           "threshold: .6 is met by 6 of 10");
    tap_ok(joins(tally, DSEP_ENSEMBLE_THRESHOLD, .7000000001, "0->1 "), "and not by 7 of 10");
    tap_ok(joins(tally, DSEP_ENSEMBLE_THRESHOLD, 0, "0->1 0<-2 1->2 1<>3 2<-4 "),
           "threshold 0: as preserved");
    tap_ok(joins(tally, DSEP_ENSEMBLE_THRESHOLD, 1, ""), "threshold 1: nothing was in all");
    dsep_graph *graph = NULL;
    tap_ok(dsep_ensemble_graph(tally, GRAPHS, DSEP_ENSEMBLE_PRESERVED, 0, 4, DSEP_GRAPH_CPDAG, NULL,
                               &graph) == DSEP_ERROR_DATA &&
               !graph,
           "a pair of no variable is refused");
    dsep_tally_destroy(&tally);
}

/* Each kind of edge loses a tie with the one before and wins against the one after. */
static void test_ties(void) {
    static const int order[][2] = {{C, C}, {T, T}, {C, A}, {A, C}, {T, A},
                                   {A, T}, {A, A}, {T, C}, {C, T}};
    static const char *const text[] = {"1oo3 ", "1--3 ", "1o>3 ", "1<o3 ", "1->3 ",
                                       "1<-3 ", "1<>3 ", "1-o3 ", "1o-3 "};
    int good = 1;
    for (int first = 0; first < 9; first++)
        for (int second = first + 1; second < 9; second++) {
            dsep_tally *tally = NULL;
            dsep_tally_create(NULL, &tally);
            count(tally, 1, 3, order[second][0], order[second][1], 4);
            count(tally, 1, 3, order[first][0], order[first][1], 4);
            good &= joins(tally, DSEP_ENSEMBLE_HIGHEST, 0, text[first]) &&
                    joins(tally, DSEP_ENSEMBLE_PRESERVED, 0, text[first]);
            count(tally, 1, 3, order[second][0], order[second][1], 1);
            good &= joins(tally, DSEP_ENSEMBLE_HIGHEST, 0, text[second]);
            dsep_tally_destroy(&tally);
        }
    tap_ok(good, "ties of marks: the order of the comment");
    int kinds = 1;
    for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
        kinds &= dsep_tally_kind(dsep_tally_mark_x(kind), dsep_tally_mark_y(kind)) == kind;
    tap_ok(kinds, "kinds and marks lead to each other");
}

/* F is 1/2 from .39 to .77: so is its median, whose quantile is .39. */
static void test_six(void) {
    const int32_t joined[] = {5, 22, 39, 77, 89, 94};
    dsep_tally *tally = NULL;
    dsep_tally_create(NULL, &tally);
    for (int32_t e = 0; e < 6; e++)
        count(tally, e, e + 1, T, A, joined[e]);
    tap_ok(dsep_ensemble_threshold(tally, 100) == .77, "of six pairs three are significant");
    tap_ok(dsep_ensemble_threshold(tally, 188) == 1, "94 of 188 are not more than half");
    dsep_tally_destroy(&tally);
}

/* The empirical cdf of all pairs, those never joined included, at joined / n. */
static double cdf(const int64_t *pairs, int64_t n, int64_t joined) {
    int64_t below = 0, all = 0;
    for (int64_t j = 0; j <= n; j++) {
        below += j <= joined ? pairs[j] : 0;
        all += pairs[j];
    }
    return (double)below / (double)all;
}

static double distance(const int64_t *pairs, int64_t n, double t) {
    double sum = 0;
    for (int64_t j = 0; j < n; j++)
        sum += fabs(cdf(pairs, n, j) - t) / (double)n;
    return sum;
}

/* By search: the distance is convex and bends at values of the cdf only, so one of them is best,
 * the last where there are several; significant is what is above its quantile. Returns how many
 * graphs join the least significant pair, or n + 1. */
static int64_t search(const int64_t *pairs, int64_t n) {
    double best = INFINITY, t = 0;
    for (int64_t j = 0; j <= n; j++) {
        const double here = distance(pairs, n, cdf(pairs, n, j));
        if (here <= best + 1e-12) {
            best = here < best ? here : best;
            t = cdf(pairs, n, j);
        }
    }
    int64_t quantile = 0;
    while (cdf(pairs, n, quantile) < t)
        quantile++;
    for (int64_t j = quantile + 1; j <= n; j++)
        if (pairs[j] > 0)
            return j;
    return n + 1;
}

static void test_threshold(void) {
    int same = 1, none = 0;
    for (uint32_t trial = 0; trial < 300; trial++) {
        const dsep_random source = {5, 1400, trial};
        const int64_t n = 1 + (int64_t)dsep_random_below(source, 0, 20);
        const int64_t seen = (int64_t)dsep_random_below(source, 1, 30);
        int64_t pairs[21] = {0};
        dsep_tally *tally = NULL;
        dsep_tally_create(NULL, &tally);
        pairs[0] = trial % 3 * 40;
        for (int64_t e = 0; e < seen; e++) {
            const double u = dsep_random_uniform(source, 2 + (uint64_t)e);
            const int64_t joined = 1 + (int64_t)(u * u * (double)n * (trial % 2 ? 1 : .6));
            pairs[joined]++;
            count(tally, (int32_t)e, 40, T, A, (int32_t)joined);
        }
        if (seen > 0 || pairs[0] > 0) {
            const int64_t wanted = search(pairs, n);
            const double got = dsep_ensemble_threshold(tally, n);
            none += wanted > n;
            same &= wanted > n ? got == 1 && pairs[n] == 0 : got == (double)wanted / (double)n;
        }
        dsep_tally_destroy(&tally);
    }
    tap_ok(same, "the threshold is the one of least L1 distance");
    tap_ok(none > 10 && none < 200, "%d of 300 had no significant pair", none);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_rules();
    test_ties();
    test_six();
    test_threshold();
    return tap_end();
}
