#include "jobs/continuous_replicates.h"

#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/replicate.h"

#include <stdlib.h>

typedef struct {
    dsep_continuous_settings settings;
    const dsep_replicates *r;
    dsep_replicator *replicator;
    dsep_groups *alone; /* every rank of the group for itself */
    double *sd;         /* [p] of the table's columns */
    double *deviation;  /* [p] of a replicate's, in these units; then in the data's */
    int32_t *weight;    /* [n_samples] */
} replication;

/* --- plan ------------------------------------------------------------------------------------ */

int dsep_continuous_replicates_plan(dsep_context *ctx, const dsep_dag_run *run,
                                    dsep_acyclic_kind kind, dsep_replicates *r) {
    int code = DSEP_OK;
    const dsep_discover_settings *settings = run->discovery->settings;
    const dsep_table *table = run->table;
    const int64_t n = table->n_samples, p = table->n_variables;
    DSEP_AGREE(
        ctx, dsep_replicates_prepare(settings, table, DSEP_GRAPH_DAG, dsep_context_error(ctx), r));
    if (r->requested == 0)
        return DSEP_OK;
    r->whole = r->iterates = 1;
    const int64_t columns = dsep_replicator_bytes(n, p, 0), fit = dsep_continuous_bytes(kind, p);
    int64_t bytes = dsep_replicator_bytes(n, p, 1);
    if (bytes < 0 || fit < 0 || __builtin_add_overflow(bytes, fit, &bytes))
        bytes = -1;
    DSEP_AGREE(ctx, dsep_replicates_choose_ranks(ctx, bytes, run->memory_available - columns,
                                                 settings->replicate.ranks_each, r));
cleanup:
    return code;
}

/* --- a replicate ----------------------------------------------------------------------------- */

/* On the first rank of a group, alone. */
static int fit(dsep_context *alone, replication *run, const dsep_correlation *correlation,
               double *values, dsep_tally *tally) {
    int code = DSEP_OK;
    dsep_continuous *fitted = NULL;
    for (int64_t j = 0; j < correlation->n_variables; j++)
        run->deviation[j] *= run->sd[j];
    DSEP_TRY(dsep_continuous_run(alone, correlation, &run->settings, &fitted));
    const dsep_graph *graph = fitted->answer->graph;
    values[DSEP_REPLICATE_EDGES] = (double)graph->n_edges;
    values[DSEP_REPLICATE_DIRECTED] = (double)dsep_graph_count_directed(graph);
    values[DSEP_REPLICATE_LEVELS] = 0;
    values[DSEP_REPLICATE_CONVERGED] = fitted->converged;
    code = dsep_tally_add(tally, graph, NULL, dsep_context_error(alone));
cleanup:
    dsep_continuous_destroy(&fitted);
    return code;
}

static int run_one(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                   void *data) {
    int mine = DSEP_OK;
    int64_t constant = 0;
    replication *run = data;
    dsep_context *alone = dsep_groups_context(run->alone);
    const dsep_resample *resample = &run->r->resample;
    const int permutes = resample->scheme == DSEP_RESAMPLE_PERMUTATION;
    const dsep_variation variation = {.weight = permutes ? NULL : run->weight,
                                      .permutation = permutes ? resample : NULL,
                                      .permuted = unit};
    if (!permutes)
        dsep_resample_weights(resample, unit, run->weight);
    const dsep_correlation *correlation =
        dsep_replicator_correlate(group, run->replicator, &variation, run->deviation, &constant);
    values[DSEP_REPLICATE_CONSTANT] = (double)constant;
    if (dsep_rank(group) == 0)
        mine = fit(alone, run, correlation, values, tally[0]);
    if (mine)
        dsep_error_set(dsep_context_error(group), mine, "replicate %lld: %s", (long long)unit,
                       dsep_context_error(alone)->text);
    return dsep_agree(group, mine);
}

/* --- run ------------------------------------------------------------------------------------- */

static int open_group(dsep_context *ctx, dsep_context *group, const dsep_correlation *source,
                      replication *run) {
    int code = DSEP_OK;
    int mine = dsep_replicator_create(group, source, 1, &run->replicator);
    if (!mine)
        mine = dsep_groups_create(group, 1, &run->alone);
    if (mine)
        *dsep_context_error(ctx) = *dsep_context_error(group);
    DSEP_AGREE(ctx, mine);
cleanup:
    return code;
}

int dsep_continuous_replicates_run(dsep_context *ctx, dsep_dag_run *dag,
                                   const dsep_continuous_settings *settings, const dsep_state *with,
                                   dsep_replicates *r) {
    int code = DSEP_OK;
    int64_t bytes = 0;
    dsep_correlation *source = NULL;
    dsep_groups *groups = NULL;
    replication run = {.settings = *settings, .r = r};
    if (r->requested == 0)
        return DSEP_OK;
    dsep_log_section_begin(ctx, "replicates");
    run.weight = dsep_array(dag->table->n_samples, sizeof *run.weight);
    run.deviation = dsep_array(dag->table->n_variables, sizeof *run.deviation);
    DSEP_AGREE(ctx, run.weight && run.deviation
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "replicates"));
    run.settings.sd = run.deviation;
    run.settings.pauses = NULL;
    run.settings.resume = NULL;
    run.settings.end = NULL;
    DSEP_TRY(dsep_correlation_create(ctx, dag->table, 0, &source));
    DSEP_TRY(dsep_gather_all(ctx, source->sd, source->mine.count * (int64_t)sizeof *source->sd,
                             (void **)&run.sd, &bytes));
    DSEP_TRY(dsep_groups_create(ctx, r->ranks_each, &groups));
    DSEP_TRY(open_group(ctx, dsep_groups_context(groups), source, &run));
    DSEP_TRY(dsep_replicates_campaign(ctx, groups, run_one, &run, &dag->running, with, r));
cleanup:
    dsep_groups_destroy(&run.alone);
    dsep_replicator_destroy(&run.replicator);
    dsep_groups_destroy(&groups);
    dsep_correlation_destroy(&source);
    free(run.weight);
    free(run.deviation);
    free(run.sd);
    return code;
}
