#include "solvers/metrics.h"

#include <math.h>

static double ratio(int64_t part, int64_t whole) {
    return whole ? (double)part / (double)whole : NAN;
}

static void finish(dsep_score *score) {
    const int64_t tp = score->true_positive, fp = score->false_positive;
    const int64_t fn = score->false_negative;
    score->precision = ratio(tp, tp + fp);
    score->recall = ratio(tp, tp + fn);
    score->f1 = ratio(2 * tp, 2 * tp + fp + fn);
}

static int has_arrow(const dsep_graph *graph, int64_t place) {
    return graph->mark[place] == DSEP_MARK_ARROW;
}

/* What one graph has and the other lacks; each pair is met in both rows, its arrow at row x in
 * row x alone. */
static int64_t count_lacking(const dsep_graph *graph, const dsep_graph *other, int64_t x,
                             int64_t *arrows) {
    int64_t pairs = 0;
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
        const int64_t y = graph->neighbour[k], there = dsep_graph_find(other, x, y);
        pairs += there < 0 && x < y;
        *arrows += has_arrow(graph, k) && !(there >= 0 && has_arrow(other, there));
    }
    return pairs;
}

/* Pairs that both join, those of them with other marks, and arrows that both have. */
static void count_shared(const dsep_graph *learned, const dsep_graph *truth, int64_t x,
                         dsep_metrics *metrics) {
    for (int64_t k = learned->offset[x]; k < learned->offset[x + 1]; k++) {
        const int64_t y = learned->neighbour[k], there = dsep_graph_find(truth, x, y);
        if (there < 0)
            continue;
        metrics->arrowhead.true_positive += has_arrow(learned, k) && has_arrow(truth, there);
        if (x > y)
            continue;
        metrics->skeleton.true_positive++;
        metrics->shd += learned->mark[k] != truth->mark[there] ||
                        learned->mark[learned->twin[k]] != truth->mark[truth->twin[there]];
    }
}

int dsep_metrics_compare(const dsep_graph *learned, const dsep_graph *truth, dsep_error *error,
                         dsep_metrics *metrics) {
    *metrics = (dsep_metrics){.n_nodes = learned->n_nodes,
                              .edges_learned = learned->n_edges,
                              .edges_truth = truth->n_edges};
    if (learned->n_nodes != truth->n_nodes)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "graphs of %lld and %lld nodes cannot be compared",
                              (long long)learned->n_nodes, (long long)truth->n_nodes);
    dsep_score *skeleton = &metrics->skeleton, *arrowhead = &metrics->arrowhead;
    for (int64_t x = 0; x < learned->n_nodes; x++) {
        skeleton->false_positive += count_lacking(learned, truth, x, &arrowhead->false_positive);
        skeleton->false_negative += count_lacking(truth, learned, x, &arrowhead->false_negative);
        count_shared(learned, truth, x, metrics);
    }
    metrics->shd += skeleton->false_positive + skeleton->false_negative;
    finish(skeleton);
    finish(arrowhead);
    return DSEP_OK;
}
