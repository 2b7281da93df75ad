/* DAGMA and NOTEARS find the graph that data were drawn from, the same on any number of ranks: the
 * class of the first example in DAGMA's published code (as many edges as variables, 20 of them,
 * n = 1,000, weights in +-[.5, 2], equal noise, raw scales).
 * ranks: 1 2 */
#include "mpi/exchange.h"
#include "solvers/continuous.h"
#include "solvers/metrics.h"
#include "solvers/petsc.h"
#include "solvers/random_dag.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

static dsep_linear_model *draw(int64_t p, uint64_t seed) {
    const dsep_random_dag_settings settings = {.kind = DSEP_RANDOM_DAG_ER,
                                               .n_nodes = p,
                                               .degree = 2,
                                               .weight_low = 0.5,
                                               .weight_high = 2,
                                               .seed = seed};
    dsep_linear_model *model = NULL;
    if (dsep_random_dag_create(&settings, dsep_context_error(ctx), &model))
        tap_note("%s", dsep_context_error(ctx)->text);
    return model;
}

static dsep_correlation *correlate(const dsep_linear_model *model, uint64_t seed, int64_t n) {
    const int64_t p = model->graph->n_nodes;
    dsep_table *table = NULL;
    dsep_correlation *correlation = NULL;
    double *rows = malloc((size_t)(n * p) * sizeof *rows);
    dsep_simulate_rows(model, DSEP_NOISE_GAUSSIAN, seed, 0, n, rows);
    dsep_table_create(ctx, n, p, &table);
    for (int64_t c = 0; c < table->mine.count; c++)
        for (int64_t i = 0; i < n; i++)
            table->values[c * n + i] = rows[i * p + table->mine.first + c];
    if (dsep_correlation_create(ctx, table, 1, &correlation))
        tap_note("%s", dsep_context_error(ctx)->text);
    dsep_table_destroy(&table);
    free(rows);
    return correlation;
}

static dsep_continuous_settings base(dsep_acyclic_kind kind, int raw) {
    return (dsep_continuous_settings){.kind = kind,
                                      .raw = raw,
                                      .lambda = 0.03,
                                      .threshold = 0.3,
                                      .tolerance = 1e-5,
                                      .max_iterations = 5000};
}

static dsep_continuous *learn(const dsep_correlation *correlation,
                              const dsep_continuous_settings *settings) {
    dsep_continuous *result = NULL;
    if (dsep_continuous_run(ctx, correlation, settings, &result))
        tap_note("%s", dsep_context_error(ctx)->text);
    return result;
}

static int64_t distance(const dsep_continuous *result, const dsep_linear_model *model) {
    dsep_metrics metrics = {0};
    if (!result || dsep_metrics_compare(result->answer->graph, model->graph,
                                        dsep_context_error(ctx), &metrics))
        return -1;
    return metrics.shd;
}

/* How far the fitted weights are from the true ones, of a graph that is right. */
static double error_of_fit(const dsep_continuous *result, const dsep_linear_model *model) {
    double worst = 0;
    for (int64_t e = 0; e < model->graph->n_edges; e++)
        worst = fmax(worst, fabs(result->answer->fitted[e] - model->weight[e]));
    return worst;
}

static void test_seed(dsep_acyclic_kind kind, int64_t p, uint64_t seed) {
    const dsep_continuous_settings settings = base(kind, 1);
    dsep_linear_model *model = draw(p, seed);
    dsep_correlation *correlation = correlate(model, seed, 1000);
    dsep_continuous *result = learn(correlation, &settings);
    const int64_t shd = distance(result, model);
    const double apart = shd == 0 ? error_of_fit(result, model) : INFINITY;
    tap_ok(shd == 0 && result->converged && apart < 0.2 && !result->answer->raised,
           "%s, seed %llu: SHD %lld, largest error of a weight %.3f, |w| kept from %.3f, dropped "
           "up to %.3f",
           kind == DSEP_ACYCLIC_LOGDET ? "DAGMA" : "NOTEARS", (unsigned long long)seed,
           (long long)shd, apart, result ? result->answer->kept : NAN,
           result ? result->answer->dropped : NAN);
    dsep_continuous_destroy(&result);
    dsep_correlation_destroy(&correlation);
    dsep_linear_model_destroy(&model);
}

/* --- stopping and going on ------------------------------------------------------------------- */

typedef struct {
    int64_t asked, stop_at;
    dsep_state state;
} kept;

static int due(dsep_context *context, double seconds, void *data) {
    kept *k = data;
    (void)context, (void)seconds;
    return ++k->asked == k->stop_at;
}

/* A copy as a checkpoint would give it back: records dealt out anew. */
static int keep(dsep_context *context, const dsep_state *state, void *data, int *stop) {
    kept *k = data;
    for (int i = 0; i < state->n_blocks; i++) {
        const dsep_state_block *block = &state->block[i];
        void *copy = NULL;
        int64_t bytes = block->bytes;
        if (block->record) {
            if (dsep_gather_all(context, block->data, bytes, &copy, &bytes))
                return DSEP_ERROR_RESOURCES;
            const dsep_block mine =
                dsep_layout_block(bytes / block->record, dsep_size(context), dsep_rank(context));
            bytes = mine.count * block->record;
            memmove(copy, (char *)copy + mine.first * block->record, (size_t)bytes);
        } else {
            copy = malloc((size_t)bytes + 1);
            memcpy(copy, block->data, (size_t)bytes);
        }
        dsep_state_give(&k->state, block->name, block->record, copy, bytes,
                        dsep_context_error(context));
    }
    *stop = 1;
    return DSEP_OK;
}

static void test_resume(dsep_acyclic_kind kind, int64_t stop_at) {
    dsep_continuous_settings settings = base(kind, 1);
    kept k = {.stop_at = stop_at};
    const dsep_pauses pauses = {.due = due, .keep = keep, .data = &k};
    dsep_linear_model *model = draw(12, 3);
    dsep_correlation *correlation = correlate(model, 3, 500);
    dsep_continuous *whole = learn(correlation, &settings), *second;
    settings.pauses = &pauses;
    dsep_continuous *first = learn(correlation, &settings);
    settings.pauses = NULL;
    settings.resume = &k.state;
    second = learn(correlation, &settings);
    int same = whole && first && second && first->stopped && !first->answer && !second->stopped &&
               whole->n_stages == second->n_stages &&
               whole->answer->graph->n_edges == second->answer->graph->n_edges;
    for (int64_t e = 0; same && e < whole->answer->graph->n_edges; e++)
        same = whole->answer->found[e] == second->answer->found[e];
    tap_ok(same, "stopped at iteration %lld and gone on: the same weights, bit for bit",
           (long long)stop_at);
    dsep_state_clear(&k.state);
    dsep_continuous_destroy(&whole);
    dsep_continuous_destroy(&first);
    dsep_continuous_destroy(&second);
    dsep_correlation_destroy(&correlation);
    dsep_linear_model_destroy(&model);
}

/* From the state at the end the same result comes back, and nothing is searched: nobody is asked.
 */
static void test_end(dsep_acyclic_kind kind) {
    dsep_continuous_settings settings = base(kind, 1);
    dsep_state end = {0};
    kept k = {.stop_at = -1};
    const dsep_pauses pauses = {.due = due, .keep = keep, .data = &k};
    dsep_linear_model *model = draw(12, 3);
    dsep_correlation *correlation = correlate(model, 3, 500);
    settings.end = &end;
    dsep_continuous *whole = learn(correlation, &settings), *again;
    settings.end = NULL;
    settings.resume = &end;
    settings.pauses = &pauses;
    again = learn(correlation, &settings);
    int same = whole && again && k.asked == 0 && again->n_stages == whole->n_stages &&
               memcmp(whole->stages, again->stages, sizeof whole->stages) == 0 &&
               whole->answer->graph->n_edges == again->answer->graph->n_edges;
    for (int64_t e = 0; same && e < whole->answer->graph->n_edges; e++)
        same = whole->answer->found[e] == again->answer->found[e];
    tap_ok(same, "from the end of a run: its result, without a search");
    dsep_state_clear(&end);
    dsep_continuous_destroy(&whole);
    dsep_continuous_destroy(&again);
    dsep_correlation_destroy(&correlation);
    dsep_linear_model_destroy(&model);
}

/* Too few iterations are said; a low threshold leaves cycles and is raised until there are none. */
static void test_reasons(void) {
    dsep_continuous_settings settings = base(DSEP_ACYCLIC_LOGDET, 0);
    dsep_linear_model *model = draw(12, 5);
    dsep_correlation *correlation = correlate(model, 5, 500);
    settings.max_iterations = 3;
    settings.threshold = 0.001;
    dsep_continuous *result = learn(correlation, &settings);
    tap_ok(result && !result->converged && result->stages[3].iterations == 3 &&
               result->stages[3].end == DSEP_STAGE_ITERATIONS,
           "three iterations do not converge, and it is said");
    const dsep_weight_graph *answer = result ? result->answer : NULL;
    tap_ok(answer && answer->raised && answer->threshold > 0.001 &&
               answer->dropped < answer->threshold && answer->kept >= answer->threshold &&
               dsep_graph_topological(answer->graph, answer->order) == 1,
           "cycles above the threshold raise it to %.4f, which leaves a DAG of %lld edges",
           answer ? answer->threshold : NAN, answer ? (long long)answer->graph->n_edges : 0);
    dsep_continuous_destroy(&result);
    dsep_correlation_destroy(&correlation);
    dsep_linear_model_destroy(&model);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    if (dsep_petsc_check(NULL)) {
        tap_skip("PETSc was left out");
        return tap_end();
    }
    const uint64_t seeds = dsep_size(ctx) == 1 ? 10 : 1;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        test_seed(DSEP_ACYCLIC_LOGDET, 20, seed);
    test_seed(DSEP_ACYCLIC_EXPONENTIAL, 10, 1);
    test_resume(DSEP_ACYCLIC_LOGDET, 130);
    test_resume(DSEP_ACYCLIC_EXPONENTIAL, 60);
    test_end(DSEP_ACYCLIC_LOGDET);
    test_end(DSEP_ACYCLIC_EXPONENTIAL);
    test_reasons();
    dsep_petsc_end();
    return tap_end();
}
