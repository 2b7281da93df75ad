#include "solvers/ensemble.h"

#include "mpi/memory.h"
#include "solvers/share.h"

#include <stdlib.h>

/* Kinds of edges in the order in which they win ties. */
static const struct {
    dsep_mark at_x, at_y;
} preference[DSEP_TALLY_MARKS] = {
    {DSEP_MARK_CIRCLE, DSEP_MARK_CIRCLE}, {DSEP_MARK_TAIL, DSEP_MARK_TAIL},
    {DSEP_MARK_CIRCLE, DSEP_MARK_ARROW},  {DSEP_MARK_ARROW, DSEP_MARK_CIRCLE},
    {DSEP_MARK_TAIL, DSEP_MARK_ARROW},    {DSEP_MARK_ARROW, DSEP_MARK_TAIL},
    {DSEP_MARK_ARROW, DSEP_MARK_ARROW},   {DSEP_MARK_TAIL, DSEP_MARK_CIRCLE},
    {DSEP_MARK_CIRCLE, DSEP_MARK_TAIL}};

static int most_frequent(const dsep_tally_edge *edge) {
    int best = -1;
    for (int i = 0; i < DSEP_TALLY_MARKS; i++) {
        const int kind = dsep_tally_kind(preference[i].at_x, preference[i].at_y);
        if (best < 0 || edge->count[kind] > edge->count[best])
            best = kind;
    }
    return best;
}

static int is_joined(const dsep_tally_edge *edge, int64_t n_graphs, dsep_ensemble_rule rule,
                     double threshold, int64_t most) {
    const int64_t joined = dsep_tally_joined(edge);
    switch (rule) {
    case DSEP_ENSEMBLE_PRESERVED:
        return joined > 0;
    case DSEP_ENSEMBLE_HIGHEST:
        return most > n_graphs - joined;
    case DSEP_ENSEMBLE_MAJORITY:
        return 2 * most > n_graphs;
    case DSEP_ENSEMBLE_THRESHOLD:
        return joined > 0 && dsep_share_reaches(joined, n_graphs, threshold);
    }
    return 0;
}

int dsep_ensemble_graph(const dsep_tally *tally, int64_t n_graphs, dsep_ensemble_rule rule,
                        double threshold, int64_t n_nodes, dsep_graph_kind kind, dsep_error *error,
                        dsep_graph **graph) {
    int64_t n_edges = 0;
    *graph = NULL;
    dsep_edge *edges = dsep_array(tally->n_edges, sizeof *edges);
    if (!edges)
        return dsep_out_of_memory(error, "an ensemble graph");
    for (int64_t e = 0; e < tally->n_edges; e++) {
        const dsep_tally_edge *edge = &tally->edges[e];
        const int best = most_frequent(edge);
        if (is_joined(edge, n_graphs, rule, threshold, edge->count[best]))
            edges[n_edges++] =
                (dsep_edge){edge->x, edge->y, dsep_tally_mark_x(best), dsep_tally_mark_y(best)};
    }
    const int code = dsep_graph_create(n_nodes, n_edges, edges, kind, error, graph);
    free(edges);
    return code;
}

double dsep_ensemble_threshold(const dsep_tally *tally, int64_t n_graphs) {
    int64_t least = n_graphs;
    for (int64_t e = 0; e < tally->n_edges; e++) {
        const int64_t joined = dsep_tally_joined(&tally->edges[e]);
        if (2 * joined > n_graphs && joined < least)
            least = joined;
    }
    return n_graphs > 0 ? (double)least / (double)n_graphs : 1;
}

const char *dsep_ensemble_name(dsep_ensemble_rule rule) {
    static const char *const names[] = {[DSEP_ENSEMBLE_PRESERVED] = "preserved",
                                        [DSEP_ENSEMBLE_HIGHEST] = "highest",
                                        [DSEP_ENSEMBLE_MAJORITY] = "majority",
                                        [DSEP_ENSEMBLE_THRESHOLD] = "threshold"};
    return names[rule];
}
