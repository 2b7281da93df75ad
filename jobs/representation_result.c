#include "jobs/representation_result.h"

#include "io/graph_hash.h"
#include "jobs/graph_result.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Z1" of factor 0. */
static void factor_name(int64_t factor, char name[24]) {
    snprintf(name, 24, "Z%" PRId64, factor + 1);
}

/* Texts of equal room, and the list of them that writers want. */
typedef struct {
    char (*text)[24];
    const char **list;
} names;

static void release_names(names *n) {
    free(n->text);
    free(n->list);
}

static int factor_names(int64_t d, names *made, dsep_error *error) {
    *made = (names){dsep_array(d, sizeof *made->text), dsep_array(d, sizeof *made->list)};
    if (!made->text || !made->list)
        return dsep_out_of_memory(error, "the names of factors");
    for (int64_t i = 0; i < d; i++) {
        factor_name(i, made->text[i]);
        made->list[i] = made->text[i];
    }
    return DSEP_OK;
}

/* --- edges ----------------------------------------------------------------------------------- */

int dsep_factor_edges(const dsep_representation *r, dsep_error *error, dsep_factor_edge **edges,
                      int64_t *count) {
    const int64_t d = r->n_factors;
    dsep_factor_edge *made = *edges = dsep_array(d * d, sizeof *made);
    *count = 0;
    if (!made)
        return dsep_out_of_memory(error, "the edges of factors");
    for (int64_t cause = 0; cause < d; cause++)
        for (int64_t effect = 0; effect < d; effect++) {
            dsep_factor_edge edge = {cause, effect, 0, NAN, NAN, 0};
            for (int64_t k = 0; k < r->n_environments && effect != cause; k++) {
                const double weight = r->weight[(k * d + effect) * d + cause];
                if (fabs(weight) > fabs(edge.weight)) {
                    edge.weight = weight;
                    edge.environment = k;
                }
            }
            if (edge.weight != 0)
                made[(*count)++] = edge;
        }
    return DSEP_OK;
}

/* In file order, with what tables of edges hold; on every rank. */
typedef struct {
    dsep_edge *edges;
    int64_t *environment;
    double *weight, *lowest, *highest;
} edge_columns;

static int by_ends(const void *left, const void *right) {
    const dsep_factor_edge *a = left, *b = right;
    if (a->cause != b->cause)
        return a->cause < b->cause ? -1 : 1;
    return (a->effect > b->effect) - (a->effect < b->effect);
}

static int fill_columns(const dsep_representation_parts *parts, edge_columns *c,
                        dsep_error *error) {
    const int64_t n = parts->n_edges;
    dsep_factor_edge *sorted = dsep_array(n, sizeof *sorted);
    *c = (edge_columns){dsep_array(n, sizeof *c->edges), dsep_array(n, sizeof *c->environment),
                        dsep_array(n, sizeof(double)), dsep_array(n, sizeof(double)),
                        dsep_array(n, sizeof(double))};
    if (!sorted || !c->edges || !c->environment || !c->weight || !c->lowest || !c->highest) {
        free(sorted);
        return dsep_out_of_memory(error, "the edges of factors");
    }
    if (n > 0)
        memcpy(sorted, parts->edges, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_ends);
    for (int64_t e = 0; e < n; e++) {
        c->edges[e] =
            (dsep_edge){sorted[e].cause, sorted[e].effect, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
        c->environment[e] = sorted[e].environment;
        c->weight[e] = sorted[e].weight;
        c->lowest[e] = sorted[e].lowest;
        c->highest[e] = sorted[e].highest;
    }
    free(sorted);
    return DSEP_OK;
}

static void release_columns(edge_columns *c) {
    void *all[] = {c->edges, c->environment, c->weight, c->lowest, c->highest};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static int write_edges(dsep_context *ctx, dsep_h5write *file,
                       const dsep_representation_parts *parts) {
    int code = DSEP_OK;
    edge_columns c = {0};
    const dsep_block mine = dsep_whole_on_zero(ctx, parts->n_edges);
    DSEP_AGREE(ctx, fill_columns(parts, &c, dsep_context_error(ctx)));
    DSEP_TRY(dsep_graph_result_edges(ctx, file, parts->n_edges, mine, c.edges));
    DSEP_TRY(dsep_h5write_column(file, "weight", DSEP_H5_DOUBLE, mine, c.weight));
    DSEP_TRY(dsep_h5write_column(file, "lowest", DSEP_H5_DOUBLE, mine, c.lowest));
    DSEP_TRY(dsep_h5write_column(file, "highest", DSEP_H5_DOUBLE, mine, c.highest));
    DSEP_TRY(dsep_h5write_column(file, "environment", DSEP_H5_INT64, mine, c.environment));
cleanup:
    release_columns(&c);
    return code;
}

/* --- the graph ------------------------------------------------------------------------------- */

static int make_graph(const dsep_representation_parts *parts, dsep_error *error,
                      dsep_graph **graph) {
    dsep_edge *edges = dsep_array(parts->n_edges, sizeof *edges);
    if (!edges)
        return dsep_out_of_memory(error, "a graph of factors");
    for (int64_t e = 0; e < parts->n_edges; e++)
        edges[e] = (dsep_edge){parts->edges[e].cause, parts->edges[e].effect, DSEP_MARK_TAIL,
                               DSEP_MARK_ARROW};
    const int code = dsep_graph_create(parts->representation->n_factors, parts->n_edges, edges,
                                       DSEP_GRAPH_DAG, error, graph);
    free(edges);
    return code;
}

static int write_graph(dsep_context *ctx, dsep_h5write *file,
                       const dsep_representation_parts *parts, char hash[17]) {
    int code = DSEP_OK;
    names factors = {0};
    dsep_graph *graph = NULL;
    const int64_t d = parts->representation->n_factors;
    DSEP_AGREE(ctx, factor_names(d, &factors, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, make_graph(parts, dsep_context_error(ctx), &graph));
    dsep_graph_hash(graph, (char *const *)factors.list, hash);
    dsep_h5write_attribute_text(file, "/", "graph-hash", hash);
    dsep_graph_result_attributes(file, graph, 1);
    dsep_h5write_attribute_text(file, "/graph", "weight", parts->weight);
    DSEP_TRY(dsep_h5write_table(file, "/graph/nodes", d, 1, factors.list));
    DSEP_TRY(write_edges(ctx, file, parts));
cleanup:
    dsep_graph_destroy(&graph);
    release_names(&factors);
    return code;
}

/* --- matrices and tables --------------------------------------------------------------------- */

int dsep_representation_write(dsep_context *ctx, dsep_h5write *file,
                              const dsep_representation_parts *parts, char hash[17]) {
    static const char *const at = "/representation";
    int code = DSEP_OK;
    const dsep_representation *r = parts->representation;
    const int64_t p = r->n_variables, d = r->n_factors, k = r->n_environments;
    DSEP_TRY(write_graph(ctx, file, parts, hash));
    dsep_h5write_attribute_text(file, at, "method", parts->method);
    dsep_h5write_attribute_integer(file, at, "n_factors", d);
    dsep_h5write_attribute_integer(file, at, "n_environments", k);
    DSEP_TRY(
        dsep_whole_array(ctx, file, "/representation/H", DSEP_H5_DOUBLE, (int64_t[4]){d, p}, r->h));
    DSEP_TRY(
        dsep_whole_array(ctx, file, "/representation/G", DSEP_H5_DOUBLE, (int64_t[4]){p, d}, r->g));
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/B", DSEP_H5_DOUBLE, (int64_t[4]){k, d, d},
                              r->b));
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/weights", DSEP_H5_DOUBLE,
                              (int64_t[4]){k, d, d}, r->weight));
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/order", DSEP_H5_INT64, (int64_t[4]){d},
                              r->order));
cleanup:
    return code;
}

int dsep_factors_table(dsep_context *ctx, dsep_h5write *file,
                       const dsep_representation_parts *parts) {
    int code = DSEP_OK;
    names factors = {0};
    const dsep_representation *r = parts->representation;
    const int64_t d = r->n_factors;
    const char **named = dsep_array(d, sizeof *named);
    DSEP_AGREE(ctx, named ? factor_names(d, &factors, dsep_context_error(ctx))
                          : dsep_out_of_memory(dsep_context_error(ctx), "the names of factors"));
    for (int64_t i = 0; i < d; i++)
        named[i] = r->named_by[i] < 0 ? "" : parts->variables[r->named_by[i]];
    DSEP_TRY(dsep_h5write_table(file, "/representation/factors", d, 1, factors.list));
    dsep_h5write_texts(file, "named_by", named);
    DSEP_TRY(dsep_h5write_column(file, "named_r2", DSEP_H5_DOUBLE, dsep_whole_on_zero(ctx, d),
                                 r->named_r2));
cleanup:
    release_names(&factors);
    free(named);
    return code;
}

int dsep_environments_table(dsep_context *ctx, dsep_h5write *file,
                            const dsep_representation_parts *parts) {
    int code = DSEP_OK, any = 0;
    names factors = {0};
    const dsep_representation *r = parts->representation;
    const int64_t k = r->n_environments;
    const char **target = dsep_array(k, sizeof *target);
    DSEP_AGREE(ctx, target ? factor_names(r->n_factors, &factors, dsep_context_error(ctx))
                           : dsep_out_of_memory(dsep_context_error(ctx), "the environments"));
    for (int64_t e = 0; e < k; e++) {
        target[e] = r->target[e] < 0 ? "" : factors.list[r->target[e]];
        any |= r->target[e] >= 0;
    }
    DSEP_TRY(dsep_h5write_table(file, "/representation/environments", k, 1,
                                (const char *const *)parts->labels));
    DSEP_TRY(
        dsep_h5write_column(file, "rows", DSEP_H5_INT64, dsep_whole_on_zero(ctx, k), parts->rows));
    if (any)
        dsep_h5write_texts(file, "target", target);
cleanup:
    release_names(&factors);
    free(target);
    return code;
}
