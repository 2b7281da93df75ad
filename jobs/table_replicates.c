#include "jobs/table_replicates.h"

#include "mpi/log.h"
#include "mpi/memory.h"
#include "mpi/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const dsep_dag_run *run;
    const dsep_table_learner *learner;
    dsep_replicates *r;
    const double *values; /* [n_samples x n_variables] node-shared */
    int32_t *weight;      /* [n_samples] */
    int32_t *row;         /* [n_samples] which rows there are, then of a permutation */
} replication;

int dsep_table_replicates_plan(dsep_context *ctx, const dsep_dag_run *run,
                               const dsep_table_learner *learner, dsep_replicates *r) {
    int code = DSEP_OK;
    const dsep_discover_settings *settings = run->discovery->settings;
    const dsep_table *table = run->table;
    DSEP_AGREE(ctx,
               dsep_replicates_prepare(settings, table, learner->kind, dsep_context_error(ctx), r));
    if (r->requested == 0)
        return DSEP_OK;
    const int64_t copy = dsep_bytes(table->n_samples, table->n_variables, sizeof(double));
    DSEP_AGREE(ctx, dsep_replicates_choose_ranks(ctx, copy + learner->bytes,
                                                 run->memory_available - copy,
                                                 settings->replicate.ranks_each, r));
cleanup:
    return code;
}

/* --- the table of a replicate ------------------------------------------------------------------
 */

/* Environments that have rows left keep their order. */
static int take_environments(const dsep_table *from, const int32_t *row, dsep_table *table) {
    int32_t *place = dsep_array(from->n_environments, sizeof *place);
    table->environment = dsep_array(table->n_samples, sizeof *table->environment);
    table->environment_names = dsep_array(from->n_environments, sizeof *table->environment_names);
    int good = place && table->environment && table->environment_names;
    for (int64_t s = 0; s < table->n_samples && good; s++)
        place[from->environment[row[s]]] = 1;
    for (int64_t e = 0; e < from->n_environments && good; e++)
        if (place[e]) {
            place[e] = (int32_t)table->n_environments++;
            table->environment_names[place[e]] = strdup(from->environment_names[e]);
            good = table->environment_names[place[e]] != NULL;
        }
    for (int64_t s = 0; s < table->n_samples && good; s++)
        table->environment[s] = place[from->environment[row[s]]];
    free(place);
    return good;
}

static void take_columns(const replication *run, int64_t unit, dsep_table *table) {
    const dsep_resample *resample = &run->r->resample;
    const int64_t n = run->run->table->n_samples;
    for (int64_t j = 0; j < table->mine.count; j++) {
        const int64_t variable = table->mine.first + j;
        if (resample->scheme == DSEP_RESAMPLE_PERMUTATION)
            dsep_resample_order(resample, unit, variable, run->row);
        for (int64_t s = 0; s < table->n_samples; s++)
            table->values[j * table->n_samples + s] = run->values[variable * n + run->row[s]];
    }
}

static int make_table(dsep_context *group, const replication *run, int64_t unit,
                      dsep_table **table) {
    int code = DSEP_OK;
    const dsep_table *from = run->run->table;
    int64_t count = 0;
    dsep_resample_weights(&run->r->resample, unit, run->weight);
    for (int64_t s = 0; s < from->n_samples; s++)
        for (int32_t times = 0; times < run->weight[s]; times++)
            run->row[count++] = (int32_t)s;
    DSEP_TRY(dsep_table_create(group, count, from->n_variables, table));
    int good = 1;
    for (int64_t v = 0; v < from->n_variables && good; v++)
        good = ((*table)->names[v] = strdup(from->names[v])) != NULL;
    if (good && from->n_environments > 1)
        good = take_environments(from, run->row, *table);
    DSEP_AGREE(group, good ? DSEP_OK
                           : dsep_out_of_memory(dsep_context_error(group), "a replicate's table"));
    take_columns(run, unit, *table);
cleanup:
    return code;
}

/* --- run ---------------------------------------------------------------------------------------
 */

static void say_which(dsep_error *error, int64_t unit) {
    dsep_error first = *error;
    dsep_error_set(error, first.code, "replicate %lld: %s", (long long)unit, first.text);
}

static int run_one(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                   void *data) {
    int code = DSEP_OK;
    replication *run = data;
    dsep_table *table = NULL;
    dsep_graph *graph = NULL;
    DSEP_TRY(make_table(group, run, unit, &table));
    code = run->learner->learn(group, table, run->run->discovery->settings, &graph);
    if (code) {
        say_which(dsep_context_error(group), unit);
        goto cleanup;
    }
    values[DSEP_REPLICATE_EDGES] = (double)graph->n_edges;
    values[DSEP_REPLICATE_DIRECTED] = (double)dsep_graph_count_directed(graph);
    values[DSEP_REPLICATE_CONSTANT] = values[DSEP_REPLICATE_LEVELS] = 0;
    values[DSEP_REPLICATE_CONVERGED] = 1;
    DSEP_AGREE(group, dsep_rank(group) == 0
                          ? dsep_tally_add(tally[0], graph, NULL, dsep_context_error(group))
                          : DSEP_OK);
cleanup:
    dsep_table_destroy(&table);
    dsep_graph_destroy(&graph);
    return code;
}

int dsep_table_replicates_run(dsep_context *ctx, dsep_dag_run *dag,
                              const dsep_table_learner *learner, dsep_replicates *r) {
    int code = DSEP_OK;
    const dsep_table *table = dag->table;
    const int64_t n = table->n_samples;
    dsep_shared *memory = NULL;
    dsep_groups *groups = NULL;
    replication run = {.run = dag, .learner = learner, .r = r};
    if (r->requested == 0)
        return DSEP_OK;
    dsep_log_section_begin(ctx, "replicates");
    run.weight = dsep_array(n, sizeof *run.weight);
    run.row = dsep_array(n + 1, sizeof *run.row);
    DSEP_AGREE(ctx, run.weight && run.row
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "replicates"));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(n, table->n_variables, sizeof(double)), "the table",
                                &memory));
    double *values = dsep_shared_data(memory);
    if (table->mine.count > 0)
        memcpy(values + table->mine.first * n, table->values,
               (size_t)(table->mine.count * n) * sizeof *values);
    dsep_shared_unite(ctx, memory);
    run.values = values;
    DSEP_TRY(dsep_groups_create(ctx, r->ranks_each, &groups));
    DSEP_TRY(dsep_replicates_campaign(ctx, groups, run_one, &run, &dag->running, NULL, r));
cleanup:
    dsep_groups_destroy(&groups);
    dsep_shared_destroy(&memory);
    free(run.weight);
    free(run.row);
    return code;
}
