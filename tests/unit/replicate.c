/* One replicate: with nothing varied it is the search itself; columns that do not vary, fewer
 * variables, added noise. */
#include "solvers/replicate.h"
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "tests/support/oracle.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

enum { P = 12, N = 300, RARE = P - 1, ONES = 3, MANY = 20000 };

static const double ALPHA = .05;

static dsep_context *ctx;

static double normal(uint64_t index) {
    return gsl_cdf_ugaussian_Pinv(dsep_random_uniform((dsep_random){8, 3000, 0}, index));
}

/* A chain with side branches; the last variable is 1 in the first rows and else 0. */
static double value(int64_t s, int64_t j) {
    if (j == RARE)
        return s < ONES;
    const double own = normal((uint64_t)(s * P + j));
    return j == 0 ? own
                  : own + .7 * value(s, j - 1) - (j > 2 && j % 3 == 0 ? .5 * value(s, j - 3) : 0);
}

/* The chosen variables; names: NULL takes all of them. */
static dsep_table *make_table(const int32_t *names, int64_t p) {
    dsep_table *table = NULL;
    if (dsep_table_create(ctx, N, p, &table))
        return NULL;
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t s = 0; s < N; s++)
            table->values[j * N + s] =
                value(s, names ? names[table->mine.first + j] : table->mine.first + j);
    return table;
}

/* The graph of the usual search; NULL when it fails. */
static dsep_graph *search(const int32_t *names, int64_t p) {
    dsep_table *table = make_table(names, p);
    dsep_correlation *correlation = NULL;
    dsep_citest *test = NULL;
    dsep_pc *pc = NULL;
    dsep_graph *graph = NULL;
    const dsep_pc_settings settings = {.search = {.max_order = -1}};
    if (table && !dsep_correlation_create(ctx, table, 1, &correlation) &&
        !dsep_fisher_z_create(correlation, ALPHA, NULL, &test) &&
        !dsep_pc_run(ctx, test, NULL, &settings, &pc)) {
        graph = pc->graph;
        pc->graph = NULL;
    }
    dsep_pc_destroy(&pc);
    dsep_fisher_z_destroy(&test);
    dsep_correlation_destroy(&correlation);
    dsep_table_destroy(&table);
    return graph;
}

/* --- graphs ---------------------------------------------------------------------------------- */

typedef struct {
    dsep_table *table;
    dsep_correlation *source;
    dsep_replicator *replicator;
} setup;

static int begin(setup *s, dsep_table *table, int whole) {
    *s = (setup){.table = table};
    return table && !dsep_correlation_create(ctx, table, 0, &s->source) &&
           !dsep_replicator_create(ctx, s->source, whole, &s->replicator);
}

static void end(setup *s) {
    dsep_replicator_destroy(&s->replicator);
    dsep_correlation_destroy(&s->source);
    dsep_table_destroy(&s->table);
}

static dsep_replicate replicate(setup *s, dsep_variation variation) {
    dsep_replicate made = {0};
    const dsep_pc_settings settings = {.search = {.max_order = -1}};
    if (variation.alpha == 0)
        variation.alpha = ALPHA;
    if (dsep_replicator_run(ctx, s->replicator, &variation, NULL, &settings, &made))
        tap_note("%s", dsep_context_error(ctx)->text);
    return made;
}

/* Whether a variation gives this graph and so many constant variables. */
static int gives(setup *s, dsep_variation variation, const dsep_graph *wanted, int64_t constant) {
    dsep_replicate made = replicate(s, variation);
    const int good = oracle_same_graph(made.graph, wanted) && made.constant == constant;
    dsep_graph_destroy(&made.graph);
    return good;
}

static void test_nothing(setup *s) {
    int32_t weight[N];
    dsep_graph *wanted = search(NULL, P);
    for (int i = 0; i < N; i++)
        weight[i] = 1;
    tap_ok(wanted && wanted->n_edges > P / 2 && dsep_graph_count_directed(wanted) > 0,
           "the search itself finds something");
    tap_ok(gives(s, (dsep_variation){0}, wanted, 0), "nothing varied: the graph of the search");
    tap_ok(gives(s, (dsep_variation){.weight = weight}, wanted, 0), "weights of 1: the same");
    const dsep_variation silent = {.noise_source = {1, DSEP_STREAM_ADDED, 1}};
    tap_ok(gives(s, silent, wanted, 0), "noise of 0: the same");
    const dsep_variation loud = {.noise = 30, .noise_source = {1, DSEP_STREAM_ADDED, 1}};
    dsep_replicate made = replicate(s, loud);
    tap_ok(made.graph && made.graph->n_edges < wanted->n_edges / 2, "much noise leaves few edges");
    dsep_graph_destroy(&made.graph);
    tap_ok(gives(s, (dsep_variation){0}, wanted, 0), "and the next replicate knows nothing of it");
    dsep_graph_destroy(&wanted);
}

static void test_subset(setup *s) {
    static const int32_t some[] = {0, 2, 3, 4, 7, 10}, one[] = {5};
    dsep_graph *wanted = search(some, 6);
    tap_ok(wanted && wanted->n_edges > 0 &&
               gives(s, (dsep_variation){.variables = some, .n_variables = 6}, wanted, 0),
           "six variables: the graph of a table of them");
    dsep_graph_destroy(&wanted);
    dsep_replicate made = replicate(s, (dsep_variation){.variables = one, .n_variables = 1});
    tap_ok(made.graph && made.graph->n_nodes == 1 && made.graph->n_edges == 0, "one variable");
    dsep_graph_destroy(&made.graph);
}

/* Without the rows of its ones the rare column is constant: the others are as if it were not. */
static void test_constant(setup *s) {
    int32_t weight[N], others[RARE];
    for (int i = 0; i < N; i++)
        weight[i] = i < ONES ? 0 : 1 + i % 2;
    for (int j = 0; j < RARE; j++)
        others[j] = j;
    dsep_replicate all = replicate(s, (dsep_variation){.weight = weight});
    dsep_replicate less =
        replicate(s, (dsep_variation){.weight = weight, .variables = others, .n_variables = RARE});
    tap_ok(all.constant == 1 && less.constant == 0, "a constant variable is counted");
    tap_ok(all.graph && dsep_graph_degree(all.graph, RARE) == 0, "it is joined to none");
    int same = all.graph && less.graph && all.graph->n_edges == less.graph->n_edges;
    for (int64_t x = 0; same && x < RARE; x++)
        for (int64_t k = all.graph->offset[x]; k < all.graph->offset[x + 1]; k++)
            same &= all.graph->neighbour[k] == less.graph->neighbour[k] &&
                    all.graph->mark[k] == less.graph->mark[k];
    tap_ok(same && all.graph->n_edges > 0, "and all others are as if it were not there");
    weight[0] = 1;
    dsep_graph_destroy(&all.graph);
    all = replicate(s, (dsep_variation){.weight = weight});
    tap_ok(all.constant == 0, "with one of its ones it varies");
    dsep_graph_destroy(&all.graph);
    dsep_graph_destroy(&less.graph);
}

/* --- correlations ---------------------------------------------------------------------------- */

/* |correlation| of two variables, from the alpha at which their edge goes. */
static double correlation_of(setup *s, dsep_variation variation, int64_t n) {
    double low = 0, high = 37; /* of the statistic */
    for (int step = 0; step < 50; step++) {
        const double middle = (low + high) / 2;
        variation.alpha = 2 * gsl_cdf_ugaussian_Q(middle);
        dsep_replicate made = replicate(s, variation);
        if (made.graph && made.graph->n_edges > 0)
            low = middle;
        else
            high = middle;
        dsep_graph_destroy(&made.graph);
    }
    return tanh(low / sqrt((double)n - 3));
}

/* Two variables of correlation about .25, in the same units for both. */
static void draw_pair(double pair[2][MANY]) {
    for (uint64_t s = 0; s < MANY; s++) {
        pair[0][s] = normal(1000000 + 2 * s);
        pair[1][s] = 3 * (.25 * pair[0][s] + sqrt(1 - .25 * .25) * normal(1000001 + 2 * s));
    }
}

/* The same by other means: rows that are copied, noise that is added in units of each column. */
static double slow_correlation(double pair[2][MANY], const int32_t *weight, double noise,
                               dsep_random source) {
    static double x[2][MANY];
    long double mean[2] = {0}, product[2][2] = {{0}}, n = 0;
    for (int j = 0; j < 2; j++) {
        long double centre = 0, squares = 0;
        for (int s = 0; s < MANY; s++)
            centre += pair[j][s] / MANY;
        for (int s = 0; s < MANY; s++)
            squares += (pair[j][s] - centre) * (pair[j][s] - centre);
        const double sd = (double)sqrtl(squares / (MANY - 1));
        for (int s = 0; s < MANY; s++) {
            double u[2];
            dsep_random_uniform2(source, (uint64_t)(2 * s + j), u);
            x[j][s] = pair[j][s] + noise * sd * sqrt(-2 * log(u[0])) * cos(2 * M_PI * u[1]);
        }
    }
    for (int s = 0; s < MANY; s++) {
        n += weight[s];
        for (int j = 0; j < 2; j++)
            mean[j] += weight[s] * (long double)x[j][s];
    }
    for (int s = 0; s < MANY; s++)
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
                product[i][j] += weight[s] * (x[i][s] - mean[i] / n) * (x[j][s] - mean[j] / n);
    return (double)(product[0][1] / sqrtl(product[0][0] * product[1][1]));
}

static void test_noise(void) {
    static double pair[2][MANY];
    static int32_t weight[MANY];
    const dsep_resample how = {.scheme = DSEP_RESAMPLE_BOOTSTRAP, .seed = 4, .n_samples = MANY};
    const dsep_random source = {6, DSEP_STREAM_ADDED, 2};
    dsep_table *table = NULL;
    setup s;
    draw_pair(pair);
    if (!dsep_table_create(ctx, MANY, 2, &table))
        for (int64_t j = 0; j < table->mine.count; j++)
            memcpy(table->values + j * MANY, pair[table->mine.first + j], sizeof pair[0]);
    int good = begin(&s, table, 1);
    dsep_resample_weights(&how, 0, weight);
    const double levels[] = {0, .5, 1};
    double first = 0;
    for (int i = 0; good && i < 3; i++) {
        const dsep_variation variation = {
            .weight = weight, .noise = levels[i], .noise_source = source};
        const double got = correlation_of(&s, variation, MANY);
        const double wanted = slow_correlation(pair, weight, levels[i], source);
        first = i == 0 ? got : first;
        const double theory = first / (1 + levels[i] * levels[i]);
        tap_ok(fabs(got - wanted) < 1e-9, "noise %g: correlation %.6f, as by other means",
               levels[i], got);
        if (i > 0)
            tap_ok(fabs(got - theory) < 2 / sqrt(MANY), "noise %g: %.4f by theory", levels[i],
                   theory);
    }
    tap_ok(good, "a table of two variables");
    end(&s);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    for (int whole = 0; whole <= 1; whole++) {
        setup s;
        tap_ok(begin(&s, make_table(NULL, P), whole), "%s", whole ? "a whole matrix" : "tiles");
        test_nothing(&s);
        test_subset(&s);
        test_constant(&s);
        end(&s);
    }
    test_noise();
    return tap_end();
}
