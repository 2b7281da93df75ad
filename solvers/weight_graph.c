#include "solvers/weight_graph.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t from, to, required;
    double w;
} entry;

/* Required ones, then the largest first; ties by place. */
static int by_size(const void *left, const void *right) {
    const entry *a = left, *b = right;
    if (a->required != b->required)
        return a->required ? -1 : 1;
    if (fabs(a->w) != fabs(b->w))
        return fabs(a->w) > fabs(b->w) ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

/* The entry at place k of this piece. */
static entry entry_at(const dsep_matrix *w, const dsep_knowledge *knowledge, int64_t k) {
    entry e = {.from = dsep_matrix_row(w, (int)(k % w->local_rows)),
               .to = dsep_matrix_column(w, (int)(k / w->local_rows)),
               .w = w->values[k]};
    e.required = dsep_knowledge_requires(knowledge, e.from, e.to);
    return e;
}

static int is_edge(const entry *e, double threshold) {
    return e->required || (e->w != 0 && fabs(e->w) >= threshold);
}

/* Required entries and those from the threshold on, on every rank; *below: the largest other. */
static int gather(dsep_context *ctx, const dsep_matrix *w,
                  const dsep_weight_graph_settings *settings, entry **entries, int64_t *count,
                  double *below) {
    int code = DSEP_OK;
    int64_t mine = 0, bytes = 0;
    const int64_t cells = (int64_t)w->local_rows * w->local_columns;
    *below = 0;
    for (int64_t k = 0; k < cells; k++) {
        const entry e = entry_at(w, settings->knowledge, k);
        const int kept = is_edge(&e, settings->threshold);
        mine += kept;
        *below = kept ? *below : fmax(*below, fabs(e.w));
    }
    entry *list = dsep_array(mine, sizeof *list);
    DSEP_AGREE(ctx, list ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the edges"));
    mine = 0;
    for (int64_t k = 0; k < cells; k++) {
        const entry e = entry_at(w, settings->knowledge, k);
        if (is_edge(&e, settings->threshold))
            list[mine++] = e;
    }
    dsep_max_f64(ctx, below, 1);
    DSEP_TRY(dsep_gather_all(ctx, list, mine * (int64_t)sizeof *list, (void **)entries, &bytes));
    *count = bytes / (int64_t)sizeof **entries;
    if (*count > 0)
        qsort(*entries, (size_t)*count, sizeof **entries, by_size);
cleanup:
    free(list);
    return code;
}

/* Whether the first `count` entries have a cycle: nodes without parents are taken away until none
 * is left or none has none. work: [3 n + 1 + count]. */
static int has_cycle(int64_t n, const entry *entries, int64_t count, int64_t *work) {
    int64_t *parents = work, *start = work + n, *stack = start + n + 1, *child = stack + n;
    int64_t top = 0, taken = 0;
    memset(work, 0, (size_t)(2 * n + 1) * sizeof *work);
    for (int64_t e = 0; e < count; e++) {
        parents[entries[e].to]++;
        start[entries[e].from + 1]++;
    }
    for (int64_t i = 0; i < n; i++) {
        start[i + 1] += start[i];
        if (parents[i] == 0)
            stack[top++] = i;
    }
    for (int64_t e = count - 1; e >= 0; e--) /* start[i + 1] - 1 down to start[i], then moved */
        child[--start[entries[e].from + 1]] = entries[e].to;
    /* start[i + 1] is now where i's children begin; they end where those of i + 1 do. */
    while (top > 0) {
        const int64_t i = stack[--top];
        const int64_t end = i + 1 < n ? start[i + 2] : count;
        taken++;
        for (int64_t e = start[i + 1]; e < end; e++)
            if (--parents[child[e]] == 0)
                stack[top++] = child[e];
    }
    return taken < n;
}

/* How many of the first entries can stay, equal ones together; the required ones always. */
static int64_t longest_dag(int64_t n, const entry *entries, int64_t count, int64_t required,
                           int64_t *work) {
    int64_t good = required, bad = count + 1;
    if (!has_cycle(n, entries, count, work))
        return count;
    while (bad - good > 1) {
        const int64_t middle = good + (bad - good) / 2;
        if (has_cycle(n, entries, middle, work))
            bad = middle;
        else
            good = middle;
    }
    while (good > required && fabs(entries[good - 1].w) == fabs(entries[good].w))
        good--;
    return good;
}

static int by_place(const void *left, const void *right) {
    const entry *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

/* What of the entries stays, and what is said about the threshold; returns how many. */
static int64_t choose(int64_t n, const entry *entries, int64_t count, double asked, int64_t *work,
                      dsep_weight_graph *g) {
    int64_t required = 0;
    while (required < count && entries[required].required)
        required++;
    const int64_t keep = longest_dag(n, entries, count, required, work);
    g->threshold = asked;
    g->raised = keep < count;
    if (g->raised) {
        g->dropped = fabs(entries[keep].w);
        g->threshold = nextafter(g->dropped, INFINITY);
    }
    g->kept = keep > required ? fabs(entries[keep - 1].w) : INFINITY;
    for (int64_t e = 0; e < required; e++)
        g->weak += fabs(entries[e].w) < g->threshold;
    return keep;
}

/* Graph, order and weights from the entries that stay, which are sorted by place. */
static int build(dsep_context *ctx, int64_t n, entry *entries, int64_t count,
                 dsep_weight_graph *made) {
    dsep_error *error = dsep_context_error(ctx);
    dsep_edge *edges = dsep_array(count, sizeof *edges);
    made->order = dsep_array(n, sizeof *made->order);
    made->found = dsep_array(count, sizeof *made->found);
    made->fitted = dsep_array(count, sizeof *made->fitted);
    int code = edges && made->order && made->found && made->fitted
                   ? DSEP_OK
                   : dsep_out_of_memory(error, "the graph");
    if (code)
        goto cleanup;
    if (count > 0)
        qsort(entries, (size_t)count, sizeof *entries, by_place);
    for (int64_t e = 0; e < count; e++) {
        edges[e] = (dsep_edge){entries[e].from, entries[e].to, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
        made->found[e] = entries[e].w;
    }
    DSEP_TRY(dsep_graph_create(n, count, edges, DSEP_GRAPH_DAG, error, &made->graph));
    if (dsep_graph_topological(made->graph, made->order) != 1)
        code = dsep_error_set(error, DSEP_ERROR_INTERNAL, "no topological order was found");
cleanup:
    free(edges);
    return code;
}

/* Weights of one node's parents into `weight` [k]: whether they are determined. work: [k (k + 2)],
 * whose first k are the answer. */
static int fit_node(const dsep_correlation *correlation, const int32_t *parents, int32_t node,
                    int64_t k, double *work) {
    double *answer = work, *gram = work + k;
    dsep_correlation_block(correlation, parents, k, &node, 1, answer, 1);
    dsep_correlation_block(correlation, parents, k, parents, k, gram, k);
    if (dsep_dense_cholesky(k, gram))
        return 0;
    for (int64_t i = 0; i < k; i++) /* a pivot that is rounding error is none */
        if (gram[i * k + i] < 1e-7)
            return 0;
    dsep_dense_cholesky_solve(k, gram, 1, answer);
    return 1;
}

/* Least squares of every node on its parents; a rank does a block of the nodes. */
static int fit(dsep_context *ctx, const dsep_correlation *correlation, const double *sd,
               dsep_weight_graph *made) {
    int code = DSEP_OK, mine = DSEP_OK;
    const dsep_graph *graph = made->graph;
    const dsep_block nodes = dsep_layout_block(graph->n_nodes, dsep_size(ctx), dsep_rank(ctx));
    int64_t widest = 0;
    for (int64_t j = 0; j < graph->n_nodes; j++)
        widest = dsep_graph_degree(graph, j) > widest ? dsep_graph_degree(graph, j) : widest;
    double *work = dsep_array(widest * (widest + 2) + 1, sizeof *work);
    int32_t *parents = dsep_array(widest, sizeof *parents);
    double *table = dsep_array(2 * graph->n_edges, sizeof *table); /* by place in the graph */
    int64_t *place = dsep_array(2 * graph->n_edges, sizeof *place);
    if (!work || !parents || !table || !place)
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the fit");
    DSEP_AGREE(ctx, mine);
    for (int64_t j = nodes.first; j < nodes.first + nodes.count; j++) {
        int64_t k = 0;
        for (int64_t e = graph->offset[j]; e < graph->offset[j + 1]; e++)
            if (graph->mark[e] == DSEP_MARK_ARROW) {
                place[k] = graph->twin[e]; /* in the parent's row */
                parents[k++] = graph->neighbour[e];
            }
        const int good = k == 0 || fit_node(correlation, parents, (int32_t)j, k, work);
        made->singular += !good;
        for (int64_t i = 0; i < k; i++)
            table[place[i]] = !good ? NAN : sd ? work[i] * sd[j] / sd[parents[i]] : work[i];
    }
    dsep_sum_i64(ctx, &made->singular, 1);
    dsep_sum_f64(ctx, table, 2 * graph->n_edges); /* each place is one rank's, else 0 */
    int64_t e = 0;
    for (int64_t i = 0; i < graph->n_nodes; i++)
        for (int64_t at = graph->offset[i]; at < graph->offset[i + 1]; at++)
            if (graph->mark[at] == DSEP_MARK_TAIL)
                made->fitted[e++] = table[at];
cleanup:
    free(work);
    free(parents);
    free(table);
    free(place);
    return code;
}

int dsep_weight_graph_create(dsep_context *ctx, const dsep_matrix *w,
                             const dsep_correlation *correlation,
                             const dsep_weight_graph_settings *settings, dsep_weight_graph **made) {
    int code = DSEP_OK, mine = DSEP_OK;
    entry *entries = NULL;
    int64_t count = 0, *work = NULL;
    dsep_weight_graph *g = dsep_array(1, sizeof *g);
    *made = NULL;
    DSEP_AGREE(ctx, g ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the graph"));
    DSEP_TRY(gather(ctx, w, settings, &entries, &count, &g->dropped));
    work = dsep_array(3 * w->rows + 1 + count, sizeof *work);
    DSEP_AGREE(ctx, work ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the graph"));
    const int64_t keep = choose(w->rows, entries, count, settings->threshold, work, g);
    mine = build(ctx, w->rows, entries, keep, g);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(fit(ctx, correlation, settings->sd, g));
    *made = g;
    g = NULL;
cleanup:
    free(entries);
    free(work);
    dsep_weight_graph_destroy(&g);
    return code;
}

void dsep_weight_graph_destroy(dsep_weight_graph **made) {
    if (!made || !*made)
        return;
    dsep_graph_destroy(&(*made)->graph);
    free((*made)->order);
    free((*made)->found);
    free((*made)->fitted);
    free(*made);
    *made = NULL;
}
