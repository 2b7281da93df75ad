#include "solvers/knowledge.h"

#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

int dsep_knowledge_create(int64_t n_nodes, dsep_error *error, dsep_knowledge **knowledge) {
    dsep_knowledge *made = dsep_array(1, sizeof *made);
    *knowledge = made;
    if (made) {
        made->n_nodes = n_nodes;
        made->tier = dsep_array(n_nodes, sizeof *made->tier);
        made->closed = dsep_array(n_nodes, sizeof *made->closed);
    }
    if (!made || !made->tier || !made->closed) {
        dsep_knowledge_destroy(knowledge);
        return dsep_out_of_memory(error, "background knowledge");
    }
    for (int64_t x = 0; x < n_nodes; x++)
        made->tier[x] = -1;
    return DSEP_OK;
}

void dsep_knowledge_destroy(dsep_knowledge **knowledge) {
    if (!knowledge || !*knowledge)
        return;
    free((*knowledge)->required);
    free((*knowledge)->forbidden);
    free((*knowledge)->tier);
    free((*knowledge)->closed);
    free(*knowledge);
    *knowledge = NULL;
}

static int append(dsep_arc **arcs, int64_t *count, int64_t from, int64_t to, dsep_error *error) {
    dsep_arc *grown = realloc(*arcs, (size_t)(*count + 1) * sizeof *grown);
    if (!grown)
        return dsep_out_of_memory(error, "background knowledge");
    grown[(*count)++] = (dsep_arc){(int32_t)from, (int32_t)to};
    *arcs = grown;
    return DSEP_OK;
}

int dsep_knowledge_require(dsep_knowledge *knowledge, int64_t from, int64_t to, dsep_error *error) {
    return append(&knowledge->required, &knowledge->n_required, from, to, error);
}

int dsep_knowledge_forbid(dsep_knowledge *knowledge, int64_t from, int64_t to, dsep_error *error) {
    return append(&knowledge->forbidden, &knowledge->n_forbidden, from, to, error);
}

static int by_arc(const void *left, const void *right) {
    const dsep_arc *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

static void sort_arcs(dsep_arc *arcs, int64_t *count) {
    if (*count == 0)
        return;
    qsort(arcs, (size_t)*count, sizeof *arcs, by_arc);
    int64_t kept = 1;
    for (int64_t k = 1; k < *count; k++)
        if (by_arc(&arcs[kept - 1], &arcs[k]) != 0)
            arcs[kept++] = arcs[k];
    *count = kept;
}

static int has_arc(const dsep_arc *arcs, int64_t count, int64_t from, int64_t to) {
    const dsep_arc wanted = {(int32_t)from, (int32_t)to};
    return count > 0 && bsearch(&wanted, arcs, (size_t)count, sizeof *arcs, by_arc) != NULL;
}

/* An arc may not lead to an earlier tier, nor stay inside a closed one. */
static int tiers_forbid(const dsep_knowledge *knowledge, int64_t from, int64_t to) {
    const int32_t cause = knowledge->tier[from], result = knowledge->tier[to];
    if (cause < 0 || result < 0)
        return 0;
    return result < cause ||
           (result == cause && (knowledge->closed[from] || knowledge->closed[to]));
}

int dsep_knowledge_forbids(const dsep_knowledge *knowledge, int64_t from, int64_t to) {
    if (!knowledge)
        return 0;
    return tiers_forbid(knowledge, from, to) ||
           has_arc(knowledge->forbidden, knowledge->n_forbidden, from, to) ||
           dsep_knowledge_requires(knowledge, to, from);
}

int dsep_knowledge_requires(const dsep_knowledge *knowledge, int64_t from, int64_t to) {
    return knowledge && has_arc(knowledge->required, knowledge->n_required, from, to);
}

/* The first required arc that leaves a node or one after it. */
static int64_t first_arc(const dsep_knowledge *knowledge, int64_t from) {
    int64_t low = 0, high = knowledge->n_required;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (knowledge->required[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void dsep_knowledge_reach(const dsep_knowledge *knowledge, int64_t from, int32_t *work,
                          uint8_t *reached) {
    int64_t top = 0;
    memset(reached, 0, (size_t)knowledge->n_nodes);
    reached[from] = 1;
    work[top++] = (int32_t)from;
    while (top > 0) {
        const int32_t x = work[--top];
        for (int64_t k = first_arc(knowledge, x);
             k < knowledge->n_required && knowledge->required[k].from == x; k++) {
            const int32_t y = knowledge->required[k].to;
            if (!reached[y])
                work[top++] = y;
            reached[y] = 1;
        }
    }
}

int dsep_knowledge_joins(const dsep_knowledge *knowledge, int64_t x, int64_t y) {
    return dsep_knowledge_requires(knowledge, x, y) || dsep_knowledge_requires(knowledge, y, x);
}

int dsep_knowledge_parts(const dsep_knowledge *knowledge, int64_t x, int64_t y) {
    return dsep_knowledge_forbids(knowledge, x, y) && dsep_knowledge_forbids(knowledge, y, x);
}

static int check_cycle(const dsep_knowledge *knowledge, dsep_error *error) {
    dsep_graph *graph = NULL;
    dsep_edge *edges = dsep_array(knowledge->n_required, sizeof *edges);
    int64_t *order = dsep_array(knowledge->n_nodes, sizeof *order);
    int code = edges && order ? DSEP_OK : dsep_out_of_memory(error, "background knowledge");
    for (int64_t k = 0; !code && k < knowledge->n_required; k++)
        edges[k] = (dsep_edge){knowledge->required[k].from, knowledge->required[k].to,
                               DSEP_MARK_TAIL, DSEP_MARK_ARROW};
    if (!code)
        code = dsep_graph_create(knowledge->n_nodes, knowledge->n_required, edges, DSEP_GRAPH_DAG,
                                 error, &graph);
    if (!code && dsep_graph_topological(graph, order) == 0)
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "the required edges have a cycle; take one of them out");
    dsep_graph_destroy(&graph);
    free(edges);
    free(order);
    return code;
}

int dsep_knowledge_settle(dsep_knowledge *knowledge, char *const *names, dsep_error *error) {
    sort_arcs(knowledge->required, &knowledge->n_required);
    sort_arcs(knowledge->forbidden, &knowledge->n_forbidden);
    for (int64_t k = 0; k < knowledge->n_required; k++) {
        const dsep_arc arc = knowledge->required[k];
        if (dsep_knowledge_forbids(knowledge, arc.from, arc.to))
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "background knowledge requires %s -> %s and rules it out, too, "
                                  "by a forbidden edge, a tier or another required edge",
                                  names[arc.from], names[arc.to]);
    }
    return check_cycle(knowledge, error);
}

/* Whether an edge stands against what is known of one of its directions. */
static int wrong_way(const dsep_graph *graph, int64_t from, int64_t to) {
    const int64_t place = dsep_graph_find(graph, from, to);
    return place >= 0 && graph->mark[place] == DSEP_MARK_TAIL &&
           graph->mark[graph->twin[place]] != DSEP_MARK_CIRCLE;
}

dsep_certificate dsep_knowledge_certify(const dsep_knowledge *knowledge, const dsep_graph *graph) {
    dsep_certificate certificate = {0};
    if (!knowledge)
        return certificate;
    const int skeleton = graph->kind == DSEP_GRAPH_SKELETON;
    certificate.required = knowledge->n_required;
    certificate.forbidden = knowledge->n_forbidden;
    for (int64_t x = 0; x < knowledge->n_nodes; x++)
        certificate.tiers += knowledge->tier[x] >= 0;
    for (int64_t k = 0; k < knowledge->n_required; k++) {
        const dsep_arc arc = knowledge->required[k];
        certificate.violations += skeleton ? dsep_graph_find(graph, arc.from, arc.to) < 0
                                           : !dsep_graph_directed(graph, arc.from, arc.to);
    }
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            const int64_t y = graph->neighbour[k];
            if (skeleton)
                certificate.violations += x < y && dsep_knowledge_parts(knowledge, x, y);
            else
                certificate.violations +=
                    dsep_knowledge_forbids(knowledge, x, y) && wrong_way(graph, x, y);
        }
    return certificate;
}
