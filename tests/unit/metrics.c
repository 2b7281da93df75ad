/* Distances between graphs, against figures worked out by hand. */
#include "solvers/metrics.h"
#include "tests/support/tap.h"

#include <math.h>

#define T DSEP_MARK_TAIL
#define A DSEP_MARK_ARROW
#define C DSEP_MARK_CIRCLE

static dsep_graph *graph(int64_t n_nodes, int64_t n_edges, const dsep_edge *edges) {
    dsep_graph *made = NULL;
    dsep_graph_create(n_nodes, n_edges, edges, DSEP_GRAPH_CPDAG, NULL, &made);
    return made;
}

static int is_score(const dsep_score *score, int64_t tp, int64_t fp, int64_t fn) {
    return score->true_positive == tp && score->false_positive == fp && score->false_negative == fn;
}

static int near(double a, double b) {
    return fabs(a - b) < 1e-15;
}

/* truth    0 -> 1, 2 -> 1, 1 -> 3, 3 - 4
 * learned  0 -> 1, 1 -> 2, 1 - 3, 3 - 4, 0 -> 4: the second is turned, the third has lost its
 * arrow, the last is extra */
static void test_figures(void) {
    const dsep_edge truth_edges[] = {{0, 1, T, A}, {2, 1, T, A}, {1, 3, T, A}, {3, 4, T, T}};
    const dsep_edge learned_edges[] = {
        {0, 1, T, A}, {1, 2, T, A}, {1, 3, T, T}, {4, 3, T, T}, {0, 4, T, A}};
    dsep_graph *truth = graph(6, 4, truth_edges), *learned = graph(6, 5, learned_edges);
    dsep_metrics m;
    tap_ok(dsep_metrics_compare(learned, truth, NULL, &m) == DSEP_OK, "two graphs are compared");
    tap_ok(m.n_nodes == 6 && m.edges_learned == 5 && m.edges_truth == 4, "sizes");
    tap_ok(m.shd == 3, "distance 3: one turned, one undirected, one extra; got %lld",
           (long long)m.shd);
    tap_ok(is_score(&m.skeleton, 4, 1, 0), "pairs");
    tap_ok(near(m.skeleton.precision, 0.8) && m.skeleton.recall == 1 &&
               near(m.skeleton.f1, 8.0 / 9.0),
           "precision, recall and F1 of pairs");
    tap_ok(is_score(&m.arrowhead, 1, 2, 2), "arrows");
    tap_ok(near(m.arrowhead.precision, 1.0 / 3) && near(m.arrowhead.recall, 1.0 / 3) &&
               near(m.arrowhead.f1, 1.0 / 3),
           "precision, recall and F1 of arrows");
    dsep_metrics back;
    dsep_metrics_compare(truth, learned, NULL, &back);
    tap_ok(back.shd == m.shd && is_score(&back.skeleton, 4, 0, 1) &&
               is_score(&back.arrowhead, 1, 2, 2),
           "the other way round, false positives and negatives change places");
    dsep_metrics_compare(learned, learned, NULL, &m);
    tap_ok(m.shd == 0 && m.skeleton.f1 == 1 && m.arrowhead.f1 == 1, "a graph is like itself");
    dsep_graph_destroy(&truth);
    dsep_graph_destroy(&learned);
}

/* truth 0 <-> 1, 1 o-> 2; learned 0 -> 1, 1 o-o 2 */
static void test_pag(void) {
    const dsep_edge truth_edges[] = {{0, 1, A, A}, {1, 2, C, A}};
    const dsep_edge learned_edges[] = {{0, 1, T, A}, {1, 2, C, C}};
    dsep_graph *truth = graph(3, 2, truth_edges), *learned = graph(3, 2, learned_edges);
    dsep_metrics m;
    dsep_metrics_compare(learned, truth, NULL, &m);
    tap_ok(m.shd == 2 && is_score(&m.arrowhead, 1, 0, 2) && m.arrowhead.precision == 1,
           "both ends of <-> count");
    dsep_graph_destroy(&truth);
    dsep_graph_destroy(&learned);
}

static void test_empty(void) {
    const dsep_edge edges[] = {{0, 1, T, T}};
    dsep_graph *none = graph(2, 0, edges), *one = graph(2, 1, edges), *small = graph(1, 0, edges);
    dsep_metrics m;
    dsep_error error = {0};
    dsep_metrics_compare(none, none, NULL, &m);
    tap_ok(m.shd == 0 && isnan(m.skeleton.precision) && isnan(m.skeleton.recall) &&
               isnan(m.skeleton.f1) && isnan(m.arrowhead.f1),
           "0 / 0 is NaN");
    dsep_metrics_compare(none, one, NULL, &m);
    tap_ok(m.shd == 1 && isnan(m.skeleton.precision) && m.skeleton.recall == 0 &&
               m.skeleton.f1 == 0,
           "nothing learned: no precision, no recall");
    tap_ok(dsep_metrics_compare(none, small, &error, &m) == DSEP_ERROR_DATA, "other nodes: %s",
           error.text);
    dsep_graph_destroy(&none);
    dsep_graph_destroy(&one);
    dsep_graph_destroy(&small);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_figures();
    test_pag();
    test_empty();
    return tap_end();
}
