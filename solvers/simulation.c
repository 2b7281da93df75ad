#include "solvers/simulation.h"

#include "mpi/memory.h"
#include "mpi/random.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    dsep_edge edge;
    double weight;
} weighted_edge;

static int by_edge(const void *left, const void *right) {
    const dsep_edge a = ((const weighted_edge *)left)->edge;
    const dsep_edge b = ((const weighted_edge *)right)->edge;
    if (a.source != b.source)
        return a.source < b.source ? -1 : 1;
    return (a.target > b.target) - (a.target < b.target);
}

static int check_edges(int64_t n_edges, const dsep_edge *edges, const double *weight,
                       dsep_error *error) {
    for (int64_t e = 0; e < n_edges; e++) {
        if (edges[e].mark_source != DSEP_MARK_TAIL || edges[e].mark_target != DSEP_MARK_ARROW)
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "edge %lld - %lld is not directed; a model needs tail at the "
                                  "source and arrow at the target",
                                  (long long)edges[e].source, (long long)edges[e].target);
        if (!isfinite(weight[e]))
            return dsep_error_set(error, DSEP_ERROR_DATA, "edge %lld -> %lld has no finite weight",
                                  (long long)edges[e].source, (long long)edges[e].target);
    }
    return DSEP_OK;
}

static int allocate(dsep_linear_model *model, int64_t n_nodes, int64_t n_edges) {
    model->edges = dsep_array(n_edges, sizeof *model->edges);
    model->weight = dsep_array(n_edges, sizeof *model->weight);
    model->order = dsep_array(n_nodes, sizeof *model->order);
    model->offset = dsep_array(n_nodes + 1, sizeof *model->offset);
    model->parent = dsep_array(n_edges, sizeof *model->parent);
    model->coefficient = dsep_array(n_edges, sizeof *model->coefficient);
    return model->edges && model->weight && model->order && model->offset && model->parent &&
           model->coefficient;
}

/* Edges sorted by (source, target), their weights alongside. */
static int sort_edges(dsep_linear_model *model, int64_t n_edges, const dsep_edge *edges,
                      const double *weight) {
    weighted_edge *list = dsep_array(n_edges, sizeof *list);
    if (!list)
        return 0;
    for (int64_t e = 0; e < n_edges; e++)
        list[e] = (weighted_edge){edges[e], weight[e]};
    qsort(list, (size_t)n_edges, sizeof *list, by_edge);
    for (int64_t e = 0; e < n_edges; e++) {
        model->edges[e] = list[e].edge;
        model->weight[e] = list[e].weight;
    }
    free(list);
    return 1;
}

/* Sources ascend over the sorted edges, so each node's parents come out ascending. */
static int fill_parents(dsep_linear_model *model, int64_t n_nodes, int64_t n_edges) {
    int64_t *next = dsep_array(n_nodes, sizeof *next);
    if (!next)
        return 0;
    for (int64_t e = 0; e < n_edges; e++)
        model->offset[model->edges[e].target + 1]++;
    for (int64_t j = 0; j < n_nodes; j++) {
        model->offset[j + 1] += model->offset[j];
        next[j] = model->offset[j];
    }
    for (int64_t e = 0; e < n_edges; e++) {
        const int64_t place = next[model->edges[e].target]++;
        model->parent[place] = (int32_t)model->edges[e].source;
        model->coefficient[place] = model->weight[e];
    }
    free(next);
    return 1;
}

int dsep_linear_model_create(int64_t n_nodes, int64_t n_edges, const dsep_edge *edges,
                             const double *weight, dsep_error *error, dsep_linear_model **model) {
    int code = DSEP_OK;
    *model = NULL;
    dsep_linear_model *made = dsep_array(1, sizeof *made);
    if (!made)
        return dsep_out_of_memory(error, "a linear model");
    DSEP_TRY(check_edges(n_edges, edges, weight, error));
    DSEP_TRY(dsep_graph_create(n_nodes, n_edges, edges, DSEP_GRAPH_DAG, error, &made->graph));
    int acyclic = -1;
    if (allocate(made, n_nodes, n_edges) && sort_edges(made, n_edges, edges, weight) &&
        fill_parents(made, n_nodes, n_edges))
        acyclic = dsep_graph_topological(made->graph, made->order);
    if (acyclic < 0) {
        code = dsep_out_of_memory(error, "a linear model");
        goto cleanup;
    }
    if (!acyclic) {
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "the edges of the model form a cycle; a model must be a DAG");
        goto cleanup;
    }
    *model = made;
    made = NULL;
cleanup:
    dsep_linear_model_destroy(&made);
    return code;
}

void dsep_linear_model_destroy(dsep_linear_model **model) {
    if (!model || !*model)
        return;
    dsep_graph_destroy(&(*model)->graph);
    free((*model)->edges);
    free((*model)->weight);
    free((*model)->order);
    free((*model)->offset);
    free((*model)->parent);
    free((*model)->coefficient);
    free(*model);
    *model = NULL;
}

double dsep_noise_shape(dsep_noise noise, const double u[2]) {
    const double turn = 6.283185307179586;
    switch (noise) {
    case DSEP_NOISE_LAPLACE:
        return u[0] < 0.5 ? M_SQRT1_2 * log(2 * u[0]) : -M_SQRT1_2 * log(2 * (1 - u[0]));
    case DSEP_NOISE_UNIFORM:
        return sqrt(12.0) * (u[0] - 0.5);
    case DSEP_NOISE_EXPONENTIAL:
        return -log(u[0]) - 1;
    case DSEP_NOISE_STUDENT: /* t of 5 degrees has variance 5/3: sqrt(3/5) sqrt(5 (...)) */
        return sqrt(3 * expm1(-0.4 * log(u[0]))) * cos(turn * u[1]);
    default:
        return sqrt(-2 * log(u[0])) * cos(turn * u[1]);
    }
}

/* Noise becomes data in place: causes stand before effects, so each parent is ready. */
static void propagate(const dsep_linear_model *model, double *row) {
    for (int64_t i = 0; i < model->graph->n_nodes; i++) {
        const int64_t j = model->order[i];
        double sum = row[j];
        for (int64_t k = model->offset[j]; k < model->offset[j + 1]; k++)
            sum += model->coefficient[k] * row[model->parent[k]];
        row[j] = sum;
    }
}

void dsep_simulate_rows(const dsep_linear_model *model, dsep_noise noise, uint64_t seed,
                        int64_t first_row, int64_t n_rows, double *rows) {
    enum { RUN = 256 };
    const dsep_random source = {seed, DSEP_STREAM_NOISE, 0};
    const int64_t p = model->graph->n_nodes;
    for (int64_t i = 0; i < n_rows; i++) {
        double *row = rows + i * p, u[RUN][2];
        const uint64_t first = (uint64_t)(first_row + i) * (uint64_t)p;
        for (int64_t from = 0; from < p; from += RUN) {
            const int64_t count = p - from < RUN ? p - from : RUN;
            dsep_random_uniform2_run(source, first + (uint64_t)from, count, u);
            for (int64_t j = 0; j < count; j++)
                row[from + j] = dsep_noise_shape(noise, u[j]);
        }
        propagate(model, row);
    }
}
