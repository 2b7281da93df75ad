/* dsep represent: a few latent causal factors behind many variables in several environments. */
#include "io/h5tree.h"
#include "jobs/commands.h"
#include "jobs/option_scope.h"
#include "jobs/output.h"
#include "jobs/output_path.h"
#include "jobs/provenance.h"
#include "jobs/represent_run.h"
#include "jobs/show_representation.h"
#include "mpi/clock.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const dsep_represent_method *const methods[] = {
    &dsep_represent_method_hca,
    &dsep_represent_method_interventional,
    &dsep_represent_method_lscale,
};

/* --- units ----------------------------------------------------------------------------------- */

static int run_unit(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                    void *data) {
    const dsep_represent_run *run = data;
    (void)tally;
    return dsep_agree(group, run->method->unit(run, unit, dsep_context_error(group), values));
}

static int run_units(dsep_context *ctx, dsep_represent_run *run) {
    int code = DSEP_OK;
    dsep_groups *groups = NULL;
    const dsep_campaign_plan plan = {.name = "represent",
                                     .units = "draws",
                                     .n_units = run->n_units,
                                     .n_values = run->n_values,
                                     .run = run_unit,
                                     .data = run};
    if (run->n_units == 0)
        return DSEP_OK;
    dsep_log_section_begin(ctx, "replicates");
    DSEP_TRY(dsep_groups_create(ctx, 1, &groups));
    DSEP_TRY(dsep_campaign_run(ctx, groups, &plan, &run->running, &run->campaign));
cleanup:
    dsep_groups_destroy(&groups);
    return code;
}

/* --- the end --------------------------------------------------------------------------------- */

static int print_found(FILE *stream, void *data, dsep_error *error) {
    const dsep_represent_run *run = data;
    const int code = dsep_show_representation(stream, run->path, error);
    if (!code)
        fprintf(stream, "\n  result         %s (graph-hash %s)\nNext: dsep show %s\n", run->path,
                run->hash, run->path);
    return code;
}

static int write_result(dsep_context *ctx, dsep_represent_run *run, int complete) {
    int code = DSEP_OK;
    dsep_log_section *sections = NULL, *all = NULL;
    int64_t n_sections = 0, n_all = 0;
    DSEP_TRY(dsep_running_sections(ctx, &run->running, &sections, &n_sections));
    dsep_log_section_begin(ctx, "writing");
    DSEP_TRY(run->method->judge(ctx, run));
    DSEP_TRY(dsep_represent_write(ctx, run, complete, sections, n_sections));
    if (complete)
        dsep_running_done(ctx, &run->running);
    DSEP_TRY(dsep_running_sections(ctx, &run->running, &all, &n_all));
    dsep_log_table(ctx, all, n_all);
    if (!run->settings->common.quiet)
        DSEP_TRY(dsep_output_print(ctx, NULL, print_found, run));
cleanup:
    free(sections);
    free(all);
    return code;
}

static int finish(dsep_context *ctx, dsep_represent_run *run) {
    int code = DSEP_OK;
    const int complete = !run->campaign || !run->campaign->stopped;
    const int partial = run->settings->running.allow_partial;
    if (complete || partial)
        DSEP_TRY(write_result(ctx, run, complete));
    if (!complete)
        code = dsep_running_stopped(ctx, &run->running, partial ? run->path : NULL);
cleanup:
    return code;
}

/* --- the command ----------------------------------------------------------------------------- */

static int compute(dsep_context *ctx, dsep_represent_run *run, double began) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_running_open(ctx, run->call, &run->settings->running, run->path,
                               run->table->checksum, began, &run->running));
    if (run->running.finished)
        goto cleanup;
    dsep_log_section_begin(ctx, "fit");
    DSEP_TRY(run->method->fit(ctx, run));
    if (*run->reason)
        dsep_log_warning(ctx, "%s", run->reason);
    DSEP_TRY(run_units(ctx, run));
    DSEP_TRY(finish(ctx, run));
cleanup:
    return code;
}

static void release(dsep_represent_run *run) {
    run->method->release(run);
    dsep_campaign_destroy(&run->campaign);
    dsep_running_close(&run->running);
    dsep_environments_destroy(&run->environments);
    dsep_table_destroy(&run->table);
    free(run->edges);
    free(run->labels);
    free(run->rows);
}

static int check_part(const dsep_represent_settings *settings, dsep_error *error) {
    const int draws = settings->method == DSEP_REPRESENT_HCA && settings->hca.null_draws > 0;
    return dsep_running_check(
        &settings->running,
        settings->replicates > 0 || draws
            ? NULL
            : "there are no draws that could be shared out; say how many with "
              "--replicates R, or leave out --part",
        error);
}

static int represent(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    char *path = NULL;
    const double began = dsep_clock();
    const dsep_represent_settings *settings = call->settings;
    dsep_represent_run run = {
        .call = call, .settings = settings, .method = methods[settings->method]};
    dsep_provenance_log(ctx, call);
    DSEP_AGREE(ctx, dsep_option_scope_check(call, run.method->name, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, check_part(settings, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, dsep_output_path(settings->common.output, call->arguments[0],
                                     dsep_context_error(ctx), &path));
    run.path = path;
    DSEP_TRY(dsep_represent_input(ctx, &run));
    DSEP_TRY(run.method->check(ctx, &run));
    if (!settings->dry_run)
        DSEP_TRY(compute(ctx, &run, began));
cleanup:
    release(&run);
    free(path);
    return code;
}

const dsep_command dsep_command_represent = {
    .name = "represent",
    .arguments = "DATA ",
    .summary = "find latent causal factors behind many variables",
    .description =
        "Finds a few latent factors that the variables are mixtures of, their causal order and "
        "their graph, from several environments (sites, batches, interventions) in which they "
        "differ. Factors are named by the variable that tells most of them. Intervals come from "
        "bootstrap replicates within each environment, and the measure of fit of hca, MIC, is set "
        "beside what it is where there is nothing to find. DATA is as for discover.",
    .examples =
        "  dsep represent scores.csv --environment model --factors 3 -o z.h5\n"
        "  dsep represent scores.csv --environment model --environments a,c,b -d 3 --scores\n"
        "  mpirun -n 4 dsep represent cells.h5ad --environment guide --factors 5 \\\n"
        "      --method interventional --observational control\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .groups = dsep_represent_groups,
    .settings_size = sizeof(dsep_represent_settings),
    .run = represent,
};
