/* discover --method lingam, ica-lingam, var-lingam. */
#include "jobs/dag_run.h"
#include "jobs/method_memory.h"
#include "jobs/replicates_result.h"
#include "jobs/table_replicates.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/ica_lingam.h"
#include "solvers/lingam.h"
#include "solvers/var_lingam.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What any of the three found. */
typedef struct {
    const dsep_table *table;
    int pruning;
    int64_t p, groups, layers; /* of B: environments, or lags + 1; one of them is 1 */
    const int64_t *order;
    const double *b;
    const dsep_lingam_effort *effort;
    const dsep_ica_lingam_outcome *ica; /* or NULL */
    const dsep_var_lingam *var;         /* or NULL */
    const dsep_replicates *replicates;  /* or NULL */
} lingam_found;

/* --- the result --------------------------------------------------------------------------------
 */

/* Rank 0 writes an array that it has whole. */
static int write_whole(dsep_context *ctx, dsep_h5write *file, const char *path, dsep_h5_type type,
                       int dimensions, const int64_t *shape, const void *values) {
    dsep_h5write_slab slab = {.dimensions = dimensions};
    for (int d = 0; d < dimensions; d++) {
        slab.shape[d] = shape[d];
        slab.count[d] = dsep_rank(ctx) == 0 ? shape[d] : 0;
    }
    return dsep_h5write_array(file, path, type, &slab, values);
}

static void write_attributes(dsep_h5write *file, const lingam_found *f) {
    dsep_h5write_attribute_text(file, "/lingam", "pruning",
                                f->pruning == DSEP_LINGAM_KEEP ? "none" : "adaptive-lasso");
    if (f->effort) {
        dsep_h5write_attribute_integer(file, "/lingam", "pairs", f->effort->pairs);
        dsep_h5write_attribute_integer(file, "/lingam", "pairs_evaluated", f->effort->evaluated);
    }
    if (f->ica) {
        dsep_h5write_attribute_integer(file, "/lingam", "converged", f->ica->ica.converged);
        dsep_h5write_attribute_integer(file, "/lingam", "iterations", f->ica->ica.iterations);
        dsep_h5write_attribute_real(file, "/lingam", "above_diagonal", f->ica->above);
        dsep_h5write_attribute_real(file, "/lingam", "all_entries", f->ica->all);
    }
    if (f->var)
        dsep_h5write_attribute_integer(file, "/lingam", "lags", f->var->lags);
    if (f->groups > 1)
        dsep_h5write_attribute_texts(file, "/lingam", "environments",
                                     (const char *const *)f->table->environment_names, f->groups);
}

static int write_more(dsep_context *ctx, dsep_h5write *file, const void *data) {
    int code = DSEP_OK;
    const lingam_found *f = data;
    const int64_t matrices = f->groups * f->layers, shape[] = {matrices, f->p, f->p};
    write_attributes(file, f);
    DSEP_TRY(write_whole(ctx, file, "/lingam/order", DSEP_H5_INT64, 1, &f->p, f->order));
    DSEP_TRY(write_whole(ctx, file, "/lingam/B", DSEP_H5_DOUBLE, 3, shape, f->b));
    if (f->var && f->var->bic)
        DSEP_TRY(
            write_whole(ctx, file, "/lingam/bic", DSEP_H5_DOUBLE, 1, &f->var->most, f->var->bic));
    if (f->replicates && f->replicates->campaign)
        DSEP_TRY(dsep_replicates_write(ctx, file, f->replicates));
cleanup:
    return code;
}

static void print_more(const void *data) {
    const lingam_found *f = data;
    const int64_t shown = f->p < 10 ? f->p : 10;
    printf("  order    ");
    for (int64_t k = 0; k < shown; k++)
        printf(" %s", f->table->names[f->order[k]]);
    printf("%s\n", shown < f->p ? " ..." : "");
    if (f->effort && f->p > 1)
        printf("  pairs     %lld of %lld were evaluated\n", (long long)f->effort->evaluated,
               (long long)f->effort->pairs);
    if (f->groups > 1)
        printf("  groups    %lld environments, one order, coefficients of each\n",
               (long long)f->groups);
    if (f->var)
        printf("  lags      %lld%s\n", (long long)f->var->lags,
               f->var->bic ? ", the least BIC" : "");
    if (f->ica && !f->ica->ica.converged)
        printf("  NOT CONVERGED  the independent components still moved after %lld iterations: "
               "the order is a guess\n",
               (long long)f->ica->ica.iterations);
    if (f->ica)
        printf("  triangle  %.3g of the squared effects stand against the order\n",
               f->ica->all > 0 ? f->ica->above / f->ica->all : 0);
    if (f->replicates && f->replicates->campaign)
        dsep_replicates_print(f->replicates);
}

/* Names of variables and their lags: x, x[t-1], ... Not collective. */
static char **name_nodes(const dsep_table *table, int64_t layers) {
    const int64_t p = table->n_variables;
    char **names = dsep_array(p * layers, sizeof *names);
    for (int64_t k = 0; names && k < p * layers; k++)
        if ((k < p ? asprintf(&names[k], "%s", table->names[k])
                   : asprintf(&names[k], "%s[t-%lld]", table->names[k % p], (long long)(k / p))) <
            0) {
            names[k] = NULL;
            break;
        }
    return names;
}

static void free_names(char **names, int64_t count) {
    for (int64_t k = 0; names && k < count; k++)
        free(names[k]);
    free(names);
}

static int write(dsep_context *ctx, dsep_dag_run *run, const char *method, const char *title,
                 const lingam_found *f) {
    int code = DSEP_OK;
    dsep_graph *graph = NULL;
    double *weight = NULL;
    const int64_t nodes = f->p * f->layers;
    char **names = f->layers > 1 ? name_nodes(run->table, f->layers) : NULL;
    int64_t *order = dsep_array(nodes, sizeof *order);
    const int complete =
        !f->replicates || !f->replicates->campaign || !f->replicates->campaign->stopped;
    const int partial = run->discovery->settings->running.allow_partial;
    dsep_error *error = dsep_context_error(ctx);
    const int good = order && (f->layers == 1 || (names && names[nodes - 1]));
    DSEP_AGREE(ctx,
               good ? dsep_lingam_graph(f->p, f->groups, f->layers, f->b, error, &graph, &weight)
                    : dsep_out_of_memory(error, "the graph"));
    const dsep_dag_found found = {.method = method,
                                  .title = title,
                                  .meaning = f->groups > 1 ? "mean coefficient of the environments"
                                                           : "coefficient",
                                  .graph = graph,
                                  .valid = dsep_graph_topological(graph, order) == 1,
                                  .weight = weight,
                                  .nodes = (const char *const *)names,
                                  .complete = complete,
                                  .more = write_more,
                                  .print = print_more,
                                  .data = f};
    if (complete || partial)
        DSEP_TRY(dsep_dag_run_write(ctx, run, &found));
    if (!complete)
        code = dsep_running_stopped(ctx, &run->running, partial ? run->discovery->path : NULL);
cleanup:
    free_names(names, nodes);
    free(order);
    free(weight);
    dsep_graph_destroy(&graph);
    return code;
}

/* --- the methods -------------------------------------------------------------------------------
 */

static int64_t n_environments(const dsep_table *table) {
    return table->n_environments > 1 ? table->n_environments : 1;
}

static int graph_of(dsep_context *ctx, const dsep_lingam *fitted, dsep_graph **graph) {
    double *weight = NULL;
    const int mine = dsep_lingam_graph(fitted->n_variables, fitted->n_groups, 1, fitted->b,
                                       dsep_context_error(ctx), graph, &weight);
    free(weight);
    return dsep_agree(ctx, mine);
}

static int learn_direct(dsep_context *ctx, const dsep_table *table,
                        const dsep_discover_settings *settings, dsep_graph **graph) {
    int code = DSEP_OK;
    dsep_lingam *fitted = NULL;
    DSEP_TRY(
        dsep_lingam_direct(ctx, table, (dsep_lingam_pruning)settings->lingam.pruning, &fitted));
    DSEP_TRY(graph_of(ctx, fitted, graph));
cleanup:
    dsep_lingam_destroy(&fitted);
    return code;
}

int dsep_discover_lingam(dsep_context *ctx, const dsep_discovery *discovery) {
    int code = DSEP_OK, dry = 0;
    dsep_dag_run run = {0};
    dsep_lingam *fitted = NULL;
    dsep_replicates replicates = {0};
    const dsep_discover_settings *settings = discovery->settings;
    const dsep_lingam_pruning pruning = (dsep_lingam_pruning)settings->lingam.pruning;
    DSEP_AGREE(ctx, dsep_replicates_check(&settings->replicate, dsep_context_error(ctx)));
    DSEP_TRY(dsep_dag_run_open(ctx, discovery, 4, &run));
    const int64_t p = run.table->n_variables;
    const int64_t groups = n_environments(run.table),
                  bytes = dsep_method_memory(settings, run.table, 1);
    const dsep_table_learner learner = {
        .learn = learn_direct, .kind = DSEP_GRAPH_DAG, .bytes = bytes};
    DSEP_TRY(dsep_table_replicates_plan(ctx, &run, &learner, &replicates));
    DSEP_TRY(dsep_dag_run_begin(ctx, &run, bytes, "standardised columns, p x p matrices", &dry));
    if (dry)
        goto cleanup;
    DSEP_TRY(dsep_lingam_direct(ctx, run.table, pruning, &fitted));
    DSEP_TRY(dsep_table_replicates_run(ctx, &run, &learner, &replicates));
    const lingam_found found = {.table = run.table,
                                .pruning = pruning,
                                .p = p,
                                .groups = groups,
                                .layers = 1,
                                .order = fitted->order,
                                .b = fitted->b,
                                .effort = &fitted->effort,
                                .replicates = &replicates};
    DSEP_TRY(write(ctx, &run, "lingam", "DirectLiNGAM", &found));
cleanup:
    dsep_replicates_release(&replicates);
    dsep_lingam_destroy(&fitted);
    dsep_dag_run_close(&run);
    return code;
}

/* The order from independent components, then the coefficients. */
static int fit_ica(dsep_context *ctx, const dsep_table *table,
                   const dsep_discover_settings *settings, dsep_lingam **fitted,
                   dsep_ica_lingam_outcome *outcome) {
    int code = DSEP_OK;
    int64_t *order = dsep_array(table->n_variables, sizeof *order);
    DSEP_AGREE(ctx, order ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the order"));
    DSEP_TRY(dsep_ica_lingam_order(ctx, table, (uint64_t)settings->common.seed,
                                   settings->lingam.starts, order, outcome));
    DSEP_TRY(dsep_lingam_ordered(ctx, table, order, (dsep_lingam_pruning)settings->lingam.pruning,
                                 fitted));
cleanup:
    free(order);
    return code;
}

static int learn_ica(dsep_context *ctx, const dsep_table *table,
                     const dsep_discover_settings *settings, dsep_graph **graph) {
    int code = DSEP_OK;
    dsep_lingam *fitted = NULL;
    dsep_ica_lingam_outcome outcome;
    DSEP_TRY(fit_ica(ctx, table, settings, &fitted, &outcome));
    DSEP_TRY(graph_of(ctx, fitted, graph));
cleanup:
    dsep_lingam_destroy(&fitted);
    return code;
}

int dsep_discover_ica_lingam(dsep_context *ctx, const dsep_discovery *discovery) {
    int code = DSEP_OK, dry = 0;
    dsep_dag_run run = {0};
    dsep_lingam *fitted = NULL;
    dsep_ica_lingam_outcome outcome = {0};
    dsep_replicates replicates = {0};
    const dsep_discover_settings *settings = discovery->settings;
    DSEP_AGREE(ctx, dsep_replicates_check(&settings->replicate, dsep_context_error(ctx)));
    DSEP_TRY(dsep_dag_run_open(ctx, discovery, 4, &run));
    const int64_t p = run.table->n_variables, bytes = dsep_method_memory(settings, run.table, 1);
    const dsep_table_learner learner = {.learn = learn_ica, .kind = DSEP_GRAPH_DAG, .bytes = bytes};
    DSEP_TRY(dsep_table_replicates_plan(ctx, &run, &learner, &replicates));
    DSEP_TRY(dsep_dag_run_begin(ctx, &run, bytes,
                                "whitened and standardised columns, p x p matrices", &dry));
    if (dry)
        goto cleanup;
    DSEP_TRY(fit_ica(ctx, run.table, settings, &fitted, &outcome));
    if (!outcome.ica.converged)
        dsep_log_warning(ctx, "the independent components had not converged after %lld iterations",
                         (long long)outcome.ica.iterations);
    DSEP_TRY(dsep_table_replicates_run(ctx, &run, &learner, &replicates));
    const lingam_found found = {.table = run.table,
                                .pruning = settings->lingam.pruning,
                                .p = p,
                                .groups = 1,
                                .layers = 1,
                                .order = fitted->order,
                                .b = fitted->b,
                                .ica = &outcome,
                                .replicates = &replicates};
    DSEP_TRY(write(ctx, &run, "ica-lingam", "ICA-LiNGAM", &found));
cleanup:
    dsep_replicates_release(&replicates);
    dsep_lingam_destroy(&fitted);
    dsep_dag_run_close(&run);
    return code;
}

static int learn_var(dsep_context *ctx, const dsep_table *table,
                     const dsep_discover_settings *settings, int64_t lags, const int32_t *time,
                     int64_t count, dsep_graph **graph) {
    int code = DSEP_OK;
    dsep_var_lingam *fitted = NULL;
    double *weight = NULL;
    DSEP_TRY(dsep_var_lingam_fit_drawn(ctx, table, lags, time, count,
                                       (dsep_lingam_pruning)settings->lingam.pruning, &fitted));
    DSEP_AGREE(ctx, dsep_lingam_graph(table->n_variables, 1, lags + 1, fitted->b,
                                      dsep_context_error(ctx), graph, &weight));
cleanup:
    free(weight);
    dsep_var_lingam_destroy(&fitted);
    return code;
}

int dsep_discover_var_lingam(dsep_context *ctx, const dsep_discovery *discovery) {
    int code = DSEP_OK, dry = 0;
    dsep_dag_run run = {0};
    dsep_var_lingam *fitted = NULL;
    dsep_replicates replicates = {0};
    const dsep_discover_settings *settings = discovery->settings;
    const dsep_lingam_options *options = &settings->lingam;
    DSEP_AGREE(ctx, dsep_replicates_check(&settings->replicate, dsep_context_error(ctx)));
    DSEP_TRY(dsep_dag_run_open(ctx, discovery, 4, &run));
    const int64_t p = run.table->n_variables, bytes = dsep_method_memory(settings, run.table, 1);
    dsep_table_learner learner = {
        .learn_series = learn_var, .kind = DSEP_GRAPH_DAG, .bytes = bytes};
    DSEP_TRY(dsep_table_replicates_plan(ctx, &run, &learner, &replicates));
    DSEP_TRY(dsep_dag_run_begin(
        ctx, &run, bytes, "standardised columns with their lags and their correlations", &dry));
    if (dry)
        goto cleanup;
    DSEP_TRY(dsep_var_lingam_fit(ctx, run.table, options->lags, options->max_lags,
                                 (dsep_lingam_pruning)options->pruning, &fitted));
    learner.lags = fitted->lags;
    DSEP_TRY(dsep_table_replicates_run(ctx, &run, &learner, &replicates));
    const lingam_found found = {.table = run.table,
                                .pruning = options->pruning,
                                .p = p,
                                .groups = 1,
                                .layers = fitted->lags + 1,
                                .order = fitted->order,
                                .b = fitted->b,
                                .effort = &fitted->effort,
                                .var = fitted,
                                .replicates = &replicates};
    DSEP_TRY(write(ctx, &run, "var-lingam", "VAR-LiNGAM", &found));
cleanup:
    dsep_replicates_release(&replicates);
    dsep_var_lingam_destroy(&fitted);
    dsep_dag_run_close(&run);
    return code;
}
