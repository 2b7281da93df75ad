#include "jobs/show_exact.h"

#include "jobs/show_text.h"

#include <math.h>
#include <stdlib.h>

enum { SHOWN = 12 };

typedef struct {
    double probability;
    int64_t at; /* row x p + column */
} pair;

/* Most probable first; ties by place. */
static int by_probability(const void *left, const void *right) {
    const pair *a = left, *b = right;
    if (a->probability != b->probability)
        return a->probability > b->probability ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static const double *find_matrix(const dsep_h5tree *tree, const char *path, int64_t p) {
    const dsep_h5tree *node = dsep_h5tree_find(tree, path);
    return node && node->reals && node->dimensions == 2 && node->count == p * p ? node->reals
                                                                                : NULL;
}

/* The most probable pairs, edges or ancestors, with what else there may be between them. */
static void print_pairs(FILE *stream, const dsep_named_graph *graph, const double *probability,
                        const double *edge) {
    const int64_t p = graph->n_nodes;
    dsep_edge edges[SHOWN];
    int64_t shown = 0;
    pair *list = calloc((size_t)(p * p), sizeof *list);
    if (!list)
        return;
    for (int64_t at = 0; at < p * p; at++)
        list[at] = (pair){probability[at], at};
    qsort(list, (size_t)(p * p), sizeof *list, by_probability);
    for (; shown < SHOWN && shown < p * (p - 1) && list[shown].probability >= .01; shown++)
        edges[shown] =
            (dsep_edge){list[shown].at / p, list[shown].at % p, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
    const int width = dsep_show_width(graph->names, edges, shown);
    for (int64_t k = 0; k < shown; k++) {
        const int64_t i = edges[k].source, j = edges[k].target;
        dsep_show_edge(stream, graph->names, edges[k], width);
        fprintf(stream, "  %.4f  other way %.4f", list[k].probability, probability[j * p + i]);
        if (edge)
            fprintf(stream, "  as an edge %.4f\n", edge[i * p + j]);
        else
            fprintf(stream, "  no edge %.4f\n",
                    fmax(0, 1 - list[k].probability - probability[j * p + i]));
    }
    free(list);
}

void dsep_show_exact(FILE *stream, const dsep_h5tree *tree, const dsep_named_graph *graph) {
    const int64_t p = graph->n_nodes;
    const double *edge = find_matrix(tree, "graph/edge_marginals", p);
    const double *path = find_matrix(tree, "graph/path_marginals", p);
    if (!edge || !path)
        return;
    fputs("\nMost probable edges, over all DAGs\n", stream);
    print_pairs(stream, graph, edge, NULL);
    fputs("\nMost probable causes, direct or through others, over all DAGs\n", stream);
    print_pairs(stream, graph, path, edge);
}
