#include "solvers/random_dag.h"

#include "mpi/layout.h"
#include "mpi/memory.h"
#include "mpi/random.h"

#include <math.h>
#include <stdlib.h>

/* Edges while they are drawn, by place in the causal order. */
typedef struct {
    dsep_edge *edges;
    int64_t count, capacity;
} edge_list;

static int append(edge_list *list, int64_t source, int64_t target, dsep_error *error) {
    void *grown = list->edges;
    const int code =
        dsep_array_reserve(&grown, &list->capacity, list->count + 1, sizeof *list->edges, error);
    list->edges = grown;
    if (!code)
        list->edges[list->count++] = (dsep_edge){source, target, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
    return code;
}

/* Pairs of nodes in neighbouring layers. */
static double layer_pairs(int64_t n_nodes, int64_t layers) {
    double pairs = 0;
    for (int64_t l = 1; l < layers; l++)
        pairs += (double)dsep_layout_block(n_nodes, layers, l - 1).count *
                 (double)dsep_layout_block(n_nodes, layers, l).count;
    return pairs;
}

static int check_layers(const dsep_random_dag_settings *settings, dsep_error *error) {
    const double n = (double)settings->n_nodes;
    if (settings->layers < 2 || settings->layers > settings->n_nodes)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--layers %lld is not possible with %lld variables; give 2 to %lld",
                              (long long)settings->layers, (long long)settings->n_nodes,
                              (long long)settings->n_nodes);
    const double most = 2 * layer_pairs(settings->n_nodes, settings->layers) / n;
    if (settings->degree > most)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--degree %g is not possible: %lld variables in %lld layers have at "
                              "most %g neighbours on average; give fewer --layers or a lower "
                              "--degree",
                              settings->degree, (long long)settings->n_nodes,
                              (long long)settings->layers, most);
    return DSEP_OK;
}

int dsep_random_dag_check(const dsep_random_dag_settings *settings, dsep_error *error) {
    if (settings->n_nodes < 1 || settings->n_nodes > INT32_MAX)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--variables %lld is not possible; give 1 to %d",
                              (long long)settings->n_nodes, INT32_MAX);
    if (!(settings->degree >= 0 && settings->degree <= (double)(settings->n_nodes - 1)))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--degree %g is not possible: each of %lld variables has 0 to %lld "
                              "neighbours",
                              settings->degree, (long long)settings->n_nodes,
                              (long long)settings->n_nodes - 1);
    if (!(settings->weight_low >= 0 && settings->weight_low <= settings->weight_high &&
          isfinite(settings->weight_high)))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--weights %g,%g is no range of sizes: give LO,HI with 0 <= LO <= "
                              "HI; signs are random",
                              settings->weight_low, settings->weight_high);
    return settings->kind == DSEP_RANDOM_DAG_LAYERED ? check_layers(settings, error) : DSEP_OK;
}

double dsep_random_dag_bytes(const dsep_random_dag_settings *settings) {
    const double nodes = (double)settings->n_nodes;
    return 100 * nodes + 250 * nodes * settings->degree / 2;
}

/* Joins `target` to each of `count` sources from `first` on with the same probability: the gaps
 * between the chosen are geometric. */
static int draw_row(const dsep_random_dag_settings *settings, int64_t target, int64_t first,
                    int64_t count, double probability, edge_list *list, dsep_error *error) {
    const dsep_random source = {settings->seed, DSEP_STREAM_EDGES, 0};
    const double scale = log1p(-probability);
    int64_t at = 0;
    for (uint64_t turn = 0;; turn++) {
        const double u = dsep_random_uniform(source, (uint64_t)target << 32 | turn);
        const double gap = floor(log(u) / scale);
        if (!(gap < (double)(count - at)))
            return DSEP_OK;
        at += (int64_t)gap;
        const int code = append(list, first + at, target, error);
        if (code)
            return code;
        at++;
    }
}

static int draw_er(const dsep_random_dag_settings *settings, edge_list *list, dsep_error *error) {
    const double probability = settings->degree / (double)(settings->n_nodes - 1);
    int code = DSEP_OK;
    for (int64_t i = 1; i < settings->n_nodes && !code; i++)
        code = draw_row(settings, i, 0, i, probability, list, error);
    return code;
}

static int draw_layered(const dsep_random_dag_settings *settings, edge_list *list,
                        dsep_error *error) {
    const int64_t n = settings->n_nodes;
    const double probability =
        fmin(1, (double)n * settings->degree / 2 / layer_pairs(n, settings->layers));
    int code = DSEP_OK;
    for (int64_t l = 1; l < settings->layers; l++) {
        const dsep_block from = dsep_layout_block(n, settings->layers, l - 1);
        const dsep_block to = dsep_layout_block(n, settings->layers, l);
        for (int64_t i = to.first; i < to.first + to.count && !code; i++)
            code = draw_row(settings, i, from.first, from.count, probability, list, error);
    }
    return code;
}

/* Edges m that a new node brings so that n nodes have `wanted` edges, where node i can bring no
 * more than i: sum over i of min(m, i) = wanted, linear in m between whole numbers. */
static double edges_per_node(int64_t n, double wanted) {
    for (int64_t whole = 0; whole < n - 1; whole++) {
        const double early = (double)whole * (double)(whole + 1) / 2;
        const double m = (wanted - early) / (double)(n - 1 - whole);
        if (m < (double)(whole + 1))
            return m;
    }
    return (double)(n - 1);
}

/* One earlier node that `node` is not joined to yet, by its share of all edge ends (which stand
 * in the list twice). taken: [node] the last node that chose it. */
static int64_t choose(const dsep_random_dag_settings *settings, const edge_list *list, int64_t ends,
                      int64_t node, uint64_t *turn, const int64_t *taken) {
    enum { PATIENCE = 32 };
    const dsep_random source = {settings->seed, DSEP_STREAM_EDGES, 0};
    int64_t found = 0;
    for (int tries = 0; tries < PATIENCE; tries++) {
        const uint64_t index = (uint64_t)node << 32 | (*turn)++;
        if (ends == 0) {
            found = (int64_t)dsep_random_below(source, index, (uint64_t)node);
        } else {
            const int64_t end = (int64_t)dsep_random_below(source, index, (uint64_t)ends);
            const dsep_edge edge = list->edges[end / 2];
            found = end % 2 ? edge.source : edge.target;
        }
        if (taken[found] != node)
            return found;
    }
    while (taken[found] == node) /* dense: the next free one, so that the time is bounded */
        found = (found + 1) % node;
    return found;
}

static int draw_sf(const dsep_random_dag_settings *settings, edge_list *list, dsep_error *error) {
    const dsep_random chance = {settings->seed, DSEP_STREAM_EDGES, 1};
    const int64_t n = settings->n_nodes;
    const double per_node = edges_per_node(n, (double)n * settings->degree / 2);
    int64_t *taken = dsep_array(n, sizeof *taken);
    if (!taken)
        return dsep_out_of_memory(error, "a random graph");
    int code = DSEP_OK;
    for (int64_t i = 1; i < n && !code; i++) {
        const int more =
            dsep_random_uniform(chance, (uint64_t)i) < per_node - floor(per_node) ? 1 : 0;
        const int64_t wanted = (int64_t)floor(per_node) + more;
        const int64_t brings = wanted < i ? wanted : i, ends = 2 * list->count;
        uint64_t turn = 0;
        for (int64_t k = 0; k < brings && !code; k++) {
            const int64_t other = brings == i ? k : choose(settings, list, ends, i, &turn, taken);
            taken[other] = i;
            code = append(list, other, i, error);
        }
    }
    free(taken);
    return code;
}

static void draw_weights(const dsep_random_dag_settings *settings, int64_t count, double *weight) {
    const dsep_random source = {settings->seed, DSEP_STREAM_WEIGHTS, 0};
    for (int64_t e = 0; e < count; e++) {
        double u[2];
        dsep_random_uniform2(source, (uint64_t)e, u);
        const double size =
            settings->weight_low + u[0] * (settings->weight_high - settings->weight_low);
        weight[e] = u[1] < 0.5 ? -size : size;
    }
}

int dsep_random_dag_create(const dsep_random_dag_settings *settings, dsep_error *error,
                           dsep_linear_model **model) {
    int code = DSEP_OK;
    edge_list list = {NULL, 0, 0};
    int64_t *order = NULL;
    double *weight = NULL;
    *model = NULL;
    DSEP_TRY(dsep_random_dag_check(settings, error));
    if (settings->kind == DSEP_RANDOM_DAG_SF)
        DSEP_TRY(draw_sf(settings, &list, error));
    else if (settings->kind == DSEP_RANDOM_DAG_LAYERED)
        DSEP_TRY(draw_layered(settings, &list, error));
    else
        DSEP_TRY(draw_er(settings, &list, error));
    order = dsep_array(settings->n_nodes, sizeof *order);
    weight = dsep_array(list.count, sizeof *weight);
    if (!order || !weight) {
        code = dsep_out_of_memory(error, "a random graph");
        goto cleanup;
    }
    dsep_random_shuffle((dsep_random){settings->seed, DSEP_STREAM_ORDER, 0}, settings->n_nodes,
                        order); /* place in the causal order to node number */
    draw_weights(settings, list.count, weight);
    for (int64_t e = 0; e < list.count; e++) {
        list.edges[e].source = order[list.edges[e].source];
        list.edges[e].target = order[list.edges[e].target];
    }
    DSEP_TRY(
        dsep_linear_model_create(settings->n_nodes, list.count, list.edges, weight, error, model));
cleanup:
    free(list.edges);
    free(order);
    free(weight);
    return code;
}
