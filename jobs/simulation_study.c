#include "jobs/simulation_study.h"

#include "jobs/study_ranks.h"
#include "jobs/study_summary.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/cpdag.h"
#include "solvers/replicate.h"

#include <stdlib.h>

typedef struct {
    const dsep_sensitivity_settings *settings;
    const dsep_study_design *design;
    int whole;
} simulation_runs;

/* Cells of a table that are drawn at once: rows are drawn whole, whichever columns are wanted. */
enum { CELLS_AT_ONCE = 1 << 16 };

static int draw_rows(const dsep_linear_model *model, dsep_noise noise, uint64_t seed,
                     dsep_table *table, dsep_error *error) {
    const int64_t p = table->n_variables, n = table->n_samples;
    const int64_t step = p < CELLS_AT_ONCE ? CELLS_AT_ONCE / p : 1;
    double *rows = dsep_array(dsep_bytes(step, p, 1), sizeof *rows);
    if (!rows)
        return dsep_out_of_memory(error, "simulated rows");
    for (int64_t first = 0; first < n; first += step) {
        const int64_t count = first + step < n ? step : n - first;
        dsep_simulate_rows(model, noise, seed, first, count, rows);
        for (int64_t j = 0; j < table->mine.count; j++)
            for (int64_t s = 0; s < count; s++)
                table->values[j * n + first + s] = rows[s * p + table->mine.first + j];
    }
    free(rows);
    return DSEP_OK;
}

int dsep_simulation_study_draw(dsep_context *group, const dsep_sensitivity_settings *settings,
                               const dsep_study_design *design, int64_t unit,
                               dsep_linear_model **model, dsep_table **table) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(group);
    const int64_t cell = unit / design->n_replicates;
    const uint64_t seed = dsep_study_unit_seed(design, unit);
    const dsep_random_dag_settings random = dsep_sensitivity_model(settings, design, cell, seed);
    const dsep_noise noise = (dsep_noise)dsep_study_value(design, cell, "noise", 0);
    const int64_t n = (int64_t)dsep_study_value(design, cell, "samples", 0);
    DSEP_AGREE(group, dsep_random_dag_create(&random, error, model));
    DSEP_TRY(dsep_table_create(group, n, random.n_nodes, table));
    DSEP_AGREE(group, draw_rows(*model, noise, seed, *table, error));
cleanup:
    return code;
}

static int search(dsep_context *group, const simulation_runs *runs, int64_t unit,
                  const dsep_table *table, dsep_graph **graph) {
    int code = DSEP_OK;
    dsep_correlation *source = NULL;
    dsep_replicator *replicator = NULL;
    dsep_replicate made = {0};
    const int64_t cell = unit / runs->design->n_replicates;
    const dsep_variation variation = {
        .noise = dsep_study_value(runs->design, cell, "measurement-error", 0),
        .noise_source = dsep_study_noise(dsep_study_unit_seed(runs->design, unit)),
        .alpha = dsep_study_value(runs->design, cell, "alpha", 0.01)};
    const dsep_pc_settings searching = dsep_sensitivity_search(runs->design, cell);
    DSEP_TRY(dsep_correlation_create(group, table, 0, &source));
    DSEP_TRY(dsep_replicator_create(group, source, runs->whole, &replicator));
    DSEP_TRY(dsep_replicator_run(group, replicator, &variation, NULL, &searching, &made));
    *graph = made.graph;
cleanup:
    dsep_replicator_destroy(&replicator);
    dsep_correlation_destroy(&source);
    return code;
}

static int run_unit(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                    void *data) {
    int code = DSEP_OK;
    (void)tally;
    const simulation_runs *runs = data;
    dsep_error *error = dsep_context_error(group);
    dsep_linear_model *model = NULL;
    dsep_table *table = NULL;
    dsep_graph *graph = NULL, *truth = NULL;
    DSEP_TRY(dsep_simulation_study_draw(group, runs->settings, runs->design, unit, &model, &table));
    DSEP_TRY(search(group, runs, unit, table, &graph));
    DSEP_AGREE(group, dsep_cpdag_from_dag(model->graph, error, &truth));
    DSEP_AGREE(group, dsep_study_values(graph, truth, error, values));
cleanup:
    dsep_graph_destroy(&graph);
    dsep_graph_destroy(&truth);
    dsep_table_destroy(&table);
    dsep_linear_model_destroy(&model);
    return code;
}

static int64_t greatest(const dsep_study_design *design, const char *name) {
    double found = 0;
    for (int64_t cell = 0; cell < design->n_cells; cell++) {
        const double value = dsep_study_value(design, cell, name, 0);
        found = value > found ? value : found;
    }
    return (int64_t)found;
}

int dsep_simulation_study_run(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                              const dsep_study_design *design, dsep_running *running,
                              dsep_campaign **campaign) {
    int code = DSEP_OK;
    dsep_groups *groups = NULL;
    dsep_study_ranks ranks;
    simulation_runs runs = {.settings = settings, .design = design};
    const dsep_campaign_plan plan = {.name = "simulation",
                                     .units = "runs",
                                     .n_units = design->n_units,
                                     .n_values = DSEP_STUDY_VALUES,
                                     .run = run_unit,
                                     .data = &runs};
    *campaign = NULL;
    dsep_log_section_begin(ctx, "runs");
    DSEP_TRY(dsep_study_ranks_choose(ctx, settings, design, greatest(design, "samples"),
                                     greatest(design, "variables"), &ranks));
    runs.whole = ranks.whole;
    DSEP_TRY(dsep_groups_create(ctx, ranks.each, &groups));
    DSEP_TRY(dsep_campaign_run(ctx, groups, &plan, running, campaign));
cleanup:
    dsep_groups_destroy(&groups);
    return code;
}
