/* Random DAGs: acyclic, of the degree asked for, the same on every rank. */
#include "solvers/random_dag.h"
#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static dsep_context *ctx;

static dsep_random_dag_settings base(dsep_random_dag_kind kind, int64_t nodes, double degree) {
    return (dsep_random_dag_settings){.kind = kind,
                                      .n_nodes = nodes,
                                      .degree = degree,
                                      .layers = 4,
                                      .weight_low = 0.3,
                                      .weight_high = 1.0,
                                      .seed = 11};
}

static dsep_linear_model *make(dsep_random_dag_settings settings) {
    dsep_linear_model *model = NULL;
    if (dsep_random_dag_create(&settings, dsep_context_error(ctx), &model))
        tap_note("%s", dsep_context_error(ctx)->text);
    return model;
}

static double mean_degree(const dsep_linear_model *model) {
    return 2 * (double)model->graph->n_edges / (double)model->graph->n_nodes;
}

static int64_t max_degree(const dsep_linear_model *model) {
    int64_t most = 0;
    for (int64_t x = 0; x < model->graph->n_nodes; x++)
        if (dsep_graph_degree(model->graph, x) > most)
            most = dsep_graph_degree(model->graph, x);
    return most;
}

static uint64_t hash(const dsep_linear_model *model) {
    uint64_t value = 0;
    for (int64_t e = 0; e < model->graph->n_edges; e++) {
        const int64_t pair[2] = {model->edges[e].source, model->edges[e].target};
        value = XXH64(pair, sizeof pair, value);
        value = XXH64(&model->weight[e], sizeof(double), value);
    }
    return value;
}

/* Every parent stands before its child, edges are sorted, weights are in range with both signs. */
static int well_formed(const dsep_linear_model *model) {
    const int64_t n = model->graph->n_nodes, edges = model->graph->n_edges;
    int64_t *place = malloc((size_t)n * sizeof *place), positive = 0;
    for (int64_t i = 0; i < n; i++)
        place[model->order[i]] = i;
    int good = 1;
    for (int64_t e = 0; e < edges; e++) {
        const dsep_edge edge = model->edges[e];
        good &= place[edge.source] < place[edge.target];
        good &= dsep_graph_directed(model->graph, edge.source, edge.target);
        good &= fabs(model->weight[e]) >= 0.3 && fabs(model->weight[e]) <= 1;
        positive += model->weight[e] > 0;
        if (e > 0)
            good &= model->edges[e - 1].source < edge.source ||
                    (model->edges[e - 1].source == edge.source &&
                     model->edges[e - 1].target < edge.target);
    }
    free(place);
    return good && fabs((double)positive - (double)edges / 2) < 5 * sqrt((double)edges);
}

static int same_everywhere(uint64_t value) {
    int64_t least = (int64_t)value, most = (int64_t)value;
    dsep_min_i64(ctx, &least, 1);
    dsep_max_i64(ctx, &most, 1);
    return least == most;
}

/* The number of edges of er is binomial, of layered too; of sf it varies by the fraction only.
 * Five standard deviations of sqrt(n D / 2) edges bound all. */
static void test_kind(dsep_random_dag_kind kind, const char *name, double degree) {
    const int64_t n = 2000;
    dsep_linear_model *model = make(base(kind, n, degree));
    tap_ok(model && well_formed(model), "%s degree %g: acyclic, sorted, weights in range", name,
           degree);
    const double wanted = (double)n * degree / 2, got = (double)model->graph->n_edges;
    tap_ok(fabs(got - wanted) <= 5 * sqrt(wanted), "%s degree %g: mean degree %.3f", name, degree,
           mean_degree(model));
    tap_ok(same_everywhere(hash(model)), "%s degree %g: the same on all ranks", name, degree);
    dsep_random_dag_settings other = base(kind, n, degree);
    other.seed = 12;
    dsep_linear_model *second = make(other);
    tap_ok(hash(model) != hash(second), "%s degree %g: another seed, another graph", name, degree);
    dsep_linear_model_destroy(&model);
    dsep_linear_model_destroy(&second);
}

static void test_hub(void) {
    dsep_linear_model *flat = make(base(DSEP_RANDOM_DAG_ER, 5000, 4));
    dsep_linear_model *hubs = make(base(DSEP_RANDOM_DAG_SF, 5000, 4));
    /* er: Poisson of mean 4, above 20 about once in 1e8; sf: largest degree about m sqrt(n). */
    tap_ok(max_degree(flat) < 20, "er has no hub: most neighbours %lld",
           (long long)max_degree(flat));
    tap_ok(max_degree(hubs) > 60, "sf has a hub: most neighbours %lld",
           (long long)max_degree(hubs));
    dsep_linear_model_destroy(&flat);
    dsep_linear_model_destroy(&hubs);
}

/* Edges from layer to layer only: the longest path has L nodes, and no path is shorter between
 * the same two ends, which is seen by giving each node its layer: sources 0, children one more. */
static int layers_hold(const dsep_linear_model *model, int64_t layers) {
    const int64_t n = model->graph->n_nodes;
    int64_t *layer = malloc((size_t)n * sizeof *layer);
    int good = 1, changed = 1;
    for (int64_t i = 0; i < n; i++)
        layer[i] = -1;
    /* Each connected part is labelled from one of its nodes; neighbours differ by exactly one. */
    for (int64_t start = 0; start < n; start++) {
        if (layer[start] >= 0)
            continue;
        layer[start] = 1000;
        for (changed = 1; changed;) {
            changed = 0;
            for (int64_t e = 0; e < model->graph->n_edges; e++) {
                int64_t *a = &layer[model->edges[e].source], *b = &layer[model->edges[e].target];
                if ((*a >= 0) == (*b >= 0))
                    continue;
                *(*a >= 0 ? b : a) = *a >= 0 ? *a + 1 : *b - 1;
                changed = 1;
            }
        }
    }
    for (int64_t e = 0; e < model->graph->n_edges; e++)
        good &= layer[model->edges[e].target] == layer[model->edges[e].source] + 1;
    int64_t least = 1000, most = 1000;
    for (int64_t i = 0; i < n; i++) {
        least = layer[i] < least ? layer[i] : least;
        most = layer[i] > most ? layer[i] : most;
    }
    free(layer);
    return good && most - least <= 2 * (layers - 1);
}

static void test_layers(void) {
    dsep_linear_model *model = make(base(DSEP_RANDOM_DAG_LAYERED, 200, 5));
    tap_ok(layers_hold(model, 4), "layered: edges only between neighbouring layers");
    dsep_linear_model_destroy(&model);
}

/* Mean over 200 seeds against the degree asked for, also where the graph is nearly full. */
static void test_expected_degree(void) {
    const struct {
        dsep_random_dag_kind kind;
        double degree;
    } cases[] = {{DSEP_RANDOM_DAG_ER, 3},        {DSEP_RANDOM_DAG_SF, 3}, {DSEP_RANDOM_DAG_SF, 7.7},
                 {DSEP_RANDOM_DAG_SF, 0.5},      {DSEP_RANDOM_DAG_ER, 9}, {DSEP_RANDOM_DAG_SF, 9},
                 {DSEP_RANDOM_DAG_LAYERED, 2.5}, {DSEP_RANDOM_DAG_ER, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const int runs = 200;
        double sum = 0;
        for (int seed = 0; seed < runs; seed++) {
            dsep_random_dag_settings settings = base(cases[c].kind, 10, cases[c].degree);
            settings.seed = (uint64_t)seed;
            dsep_linear_model *model = make(settings);
            sum += mean_degree(model);
            dsep_linear_model_destroy(&model);
        }
        /* edges of one graph have a standard deviation below sqrt(45)/2 = 3.4: degree .67 */
        const double error = 5 * 0.67 / sqrt(runs);
        tap_ok(fabs(sum / runs - cases[c].degree) < error,
               "kind %d: degree %.3f, wanted %g +- %.2f", (int)cases[c].kind, sum / runs,
               cases[c].degree, error);
    }
}

/* Causes stand before effects in the columns as often as after: half, 5 standard deviations. */
static void test_column_order(void) {
    dsep_linear_model *model = make(base(DSEP_RANDOM_DAG_ER, 2000, 4));
    int64_t forward = 0;
    const double edges = (double)model->graph->n_edges;
    for (int64_t e = 0; e < model->graph->n_edges; e++)
        forward += model->edges[e].source < model->edges[e].target;
    tap_ok(fabs((double)forward - edges / 2) < 5 * sqrt(edges), "column order tells nothing: %.3f",
           (double)forward / edges);
    dsep_linear_model_destroy(&model);
}

static void refused(dsep_random_dag_settings settings, const char *text) {
    dsep_error error = {0};
    dsep_linear_model *model = NULL;
    const int code = dsep_random_dag_create(&settings, &error, &model);
    tap_ok(code == DSEP_ERROR_USAGE && !model && strstr(error.text, text), "refused: %s",
           error.text);
}

static void test_refused(void) {
    dsep_random_dag_settings settings = base(DSEP_RANDOM_DAG_ER, 5, 4.5);
    refused(settings, "--degree 4.5");
    settings.degree = NAN;
    refused(settings, "--degree nan");
    settings = base(DSEP_RANDOM_DAG_ER, 5, 2);
    settings.weight_low = -1;
    refused(settings, "--weights -1,1");
    settings.weight_low = 2;
    refused(settings, "--weights 2,1");
    settings.weight_high = INFINITY;
    refused(settings, "--weights 2,inf");
    settings = base(DSEP_RANDOM_DAG_LAYERED, 5, 2);
    settings.layers = 6;
    refused(settings, "--layers 6");
    settings.layers = 5;
    refused(settings, "--degree 2");
}

static void test_large(void) {
    dsep_linear_model *model = make(base(DSEP_RANDOM_DAG_SF, 100000, 3));
    tap_ok(model && fabs(mean_degree(model) - 3) < 0.02, "100000 nodes: mean degree %.4f",
           model ? mean_degree(model) : 0);
    dsep_linear_model_destroy(&model);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    test_kind(DSEP_RANDOM_DAG_ER, "er", 3);
    test_kind(DSEP_RANDOM_DAG_SF, "sf", 3);
    test_kind(DSEP_RANDOM_DAG_LAYERED, "layered", 3);
    test_hub();
    test_layers();
    test_expected_degree();
    test_column_order();
    test_refused();
    test_large();
    return tap_end();
}
