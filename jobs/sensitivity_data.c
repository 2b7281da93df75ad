#include "jobs/sensitivity_data.h"

#include "jobs/study_ranks.h"
#include "jobs/study_summary.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the runs of one group share. */
typedef struct {
    const dsep_study_design *design;
    const dsep_correlation *source;
    dsep_replicator *replicator;
    dsep_graph *reference;
    int32_t *weight;    /* [n_samples] */
    int32_t *variables; /* [n_variables] that a run keeps */
} data_runs;

/* What a unit does to the table. */
typedef struct {
    uint64_t seed;
    int64_t rows, n_variables;
    double noise;
} unit_plan;

static unit_plan plan_unit(const data_runs *runs, int64_t unit) {
    const dsep_study_design *d = runs->design;
    const int64_t cell = unit / d->n_replicates, p = runs->source->n_variables;
    const double rows = dsep_study_value(d, cell, "samples", 0);
    const double dropped = dsep_study_value(d, cell, "drop-variables", 0);
    return (unit_plan){.seed = dsep_study_unit_seed(d, unit),
                       .rows = llround(rows * dsep_study_value(d, cell, "subsample", 1)),
                       .n_variables = dsep_study_kept(p, dropped),
                       .noise = dsep_study_value(d, cell, "measurement-error", 0)};
}

/* Whether replicates of this cell differ. */
static int draws_any(const data_runs *runs, const unit_plan *u) {
    return u->rows < runs->source->n_samples || u->n_variables < runs->source->n_variables ||
           u->noise > 0;
}

static void choose_rows(const data_runs *runs, const unit_plan *u, dsep_variation *variation) {
    const int64_t n = runs->source->n_samples;
    const dsep_resample resample = {.scheme = DSEP_RESAMPLE_SUBSAMPLE,
                                    .seed = u->seed,
                                    .n_samples = n,
                                    .fraction = (double)u->rows / (double)n};
    if (u->rows < n) {
        dsep_resample_weights(&resample, 0, runs->weight);
        variation->weight = runs->weight;
    }
}

static int choose_variables(const data_runs *runs, const unit_plan *u, dsep_error *error,
                            dsep_variation *variation) {
    if (u->n_variables == runs->source->n_variables)
        return DSEP_OK;
    if (dsep_study_keep(u->seed, runs->source->n_variables, u->n_variables, runs->variables))
        return dsep_out_of_memory(error, "the variables of a run");
    variation->variables = runs->variables;
    variation->n_variables = u->n_variables;
    return DSEP_OK;
}

/* The reference without the variables that a run dropped; its nodes are places in `kept`. */
static int restrict_reference(const dsep_graph *all, const dsep_variation *variation,
                              dsep_error *error, dsep_graph **part) {
    int code = DSEP_OK;
    int64_t n_edges = 0;
    if (!variation->variables)
        return dsep_graph_copy(all, error, part);
    dsep_edge *edges = dsep_array(all->n_edges, sizeof *edges);
    int64_t *place = dsep_array(all->n_nodes, sizeof *place);
    if (!edges || !place) {
        code = dsep_out_of_memory(error, "the reference of a run");
        goto cleanup;
    }
    for (int64_t k = 0; k < variation->n_variables; k++)
        place[variation->variables[k]] = k + 1; /* 0: dropped */
    DSEP_TRY(dsep_graph_edges(all, error, edges, NULL));
    for (int64_t e = 0; e < all->n_edges; e++) {
        const int64_t x = place[edges[e].source], y = place[edges[e].target];
        if (x && y)
            edges[n_edges++] =
                (dsep_edge){x - 1, y - 1, edges[e].mark_source, edges[e].mark_target};
    }
    code = dsep_graph_create(variation->n_variables, n_edges, edges, all->kind, error, part);
cleanup:
    free(edges);
    free(place);
    return code;
}

/* Counts a graph for all units and for each effect that the cell is part of. */
static int count_graph(const data_runs *runs, int64_t cell, int64_t times, const dsep_graph *graph,
                       const dsep_variation *variation, dsep_tally **tally, dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t i = 0; i < times && !code; i++) {
        code = dsep_tally_add(tally[0], graph, variation->variables, error);
        for (int f = 0; f < runs->design->n_factors && !code; f++) {
            const int64_t effect = dsep_study_effect_in(runs->design, cell, f);
            if (effect >= 0)
                code = dsep_tally_add(tally[1 + effect], graph, variation->variables, error);
        }
    }
    return code;
}

static int record(const data_runs *runs, int64_t cell, int64_t times, const dsep_graph *graph,
                  const dsep_variation *variation, dsep_error *error, double *values,
                  dsep_tally **tally) {
    int code = DSEP_OK;
    dsep_graph *part = NULL;
    DSEP_TRY(restrict_reference(runs->reference, variation, error, &part));
    DSEP_TRY(dsep_study_values(graph, part, error, values));
    DSEP_TRY(count_graph(runs, cell, times, graph, variation, tally, error));
cleanup:
    dsep_graph_destroy(&part);
    return code;
}

static int run_unit(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                    void *data) {
    int code = DSEP_OK, mine = DSEP_OK;
    data_runs *runs = data;
    dsep_replicate made = {0};
    const int64_t replicates = runs->design->n_replicates, cell = unit / replicates;
    const unit_plan u = plan_unit(runs, unit);
    const int drawn = draws_any(runs, &u);
    dsep_variation variation = {.noise = u.noise,
                                .noise_source = dsep_study_noise(u.seed),
                                .alpha = dsep_study_value(runs->design, cell, "alpha", 0.01)};
    const dsep_pc_settings searching = dsep_sensitivity_search(runs->design, cell);
    if (!drawn && unit % replicates > 0)
        return DSEP_OK; /* as the first of them */
    choose_rows(runs, &u, &variation);
    DSEP_AGREE(group, choose_variables(runs, &u, dsep_context_error(group), &variation));
    DSEP_TRY(dsep_replicator_run(group, runs->replicator, &variation, NULL, &searching, &made));
    if (dsep_rank(group) == 0)
        mine = record(runs, cell, drawn ? 1 : replicates, made.graph, &variation,
                      dsep_context_error(group), values, tally);
    DSEP_AGREE(group, mine);
cleanup:
    dsep_graph_destroy(&made.graph);
    return code;
}

/* Units that were not run because nothing is drawn in their cell are as its first one. */
static void repeat_first(const data_runs *runs, dsep_campaign *campaign) {
    const int64_t replicates = runs->design->n_replicates;
    for (int64_t unit = 0; unit < runs->design->n_units; unit++) {
        const int64_t first = unit - unit % replicates;
        const unit_plan u = plan_unit(runs, unit);
        if (unit == first || draws_any(runs, &u))
            continue;
        campaign->n_done += campaign->done[first] - campaign->done[unit];
        campaign->done[unit] = campaign->done[first];
        memcpy(campaign->values + unit * DSEP_STUDY_VALUES,
               campaign->values + first * DSEP_STUDY_VALUES, DSEP_STUDY_VALUES * sizeof(double));
    }
}

/* Every group makes the reference for itself. */
static int make_reference(dsep_context *group, data_runs *runs) {
    dsep_replicate made = {0};
    const dsep_variation variation = {.alpha = dsep_study_value(runs->design, -1, "alpha", 0.01)};
    const dsep_pc_settings searching = dsep_sensitivity_search(runs->design, -1);
    const int code =
        dsep_replicator_run(group, runs->replicator, &variation, NULL, &searching, &made);
    runs->reference = made.graph;
    return code;
}

static int run_groups(dsep_context *ctx, dsep_groups *groups, int whole, dsep_running *running,
                      data_runs *runs, dsep_campaign **campaign) {
    int code = DSEP_OK;
    dsep_context *group = dsep_groups_context(groups);
    const dsep_campaign_plan plan = {.name = "sensitivity",
                                     .units = "runs",
                                     .n_units = runs->design->n_units,
                                     .n_values = DSEP_STUDY_VALUES,
                                     .n_tallies = 1 + dsep_study_effects(runs->design),
                                     .run = run_unit,
                                     .data = runs};
    int mine = dsep_replicator_create(group, runs->source, whole, &runs->replicator);
    if (!mine)
        mine = make_reference(group, runs);
    if (mine)
        *dsep_context_error(ctx) = *dsep_context_error(group);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(dsep_campaign_run(ctx, groups, &plan, running, campaign));
    repeat_first(runs, *campaign);
cleanup:
    dsep_replicator_destroy(&runs->replicator);
    return code;
}

int dsep_sensitivity_data_run(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                              const dsep_study_design *design, const dsep_table *table,
                              dsep_running *running, dsep_graph **reference,
                              dsep_campaign **campaign) {
    int code = DSEP_OK;
    dsep_correlation *source = NULL;
    dsep_groups *groups = NULL;
    dsep_study_ranks ranks;
    data_runs runs = {.design = design,
                      .weight = dsep_array(table->n_samples, sizeof *runs.weight),
                      .variables = dsep_array(table->n_variables, sizeof *runs.variables)};
    *reference = NULL;
    *campaign = NULL;
    DSEP_AGREE(ctx, runs.weight && runs.variables
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "runs"));
    dsep_log_section_begin(ctx, "runs");
    DSEP_TRY(dsep_correlation_create(ctx, table, 0, &source));
    runs.source = source;
    DSEP_TRY(dsep_study_ranks_choose(ctx, settings, design, table->n_samples, table->n_variables,
                                     &ranks));
    DSEP_TRY(dsep_groups_create(ctx, ranks.each, &groups));
    DSEP_TRY(run_groups(ctx, groups, ranks.whole, running, &runs, campaign));
    *reference = runs.reference;
    runs.reference = NULL;
cleanup:
    dsep_graph_destroy(&runs.reference);
    dsep_groups_destroy(&groups);
    dsep_correlation_destroy(&source);
    free(runs.weight);
    free(runs.variables);
    return code;
}
