/* dsep sensitivity: how results depend on analysis choices, and how near they come to a truth. */
#include "jobs/commands.h"
#include "jobs/edge_robustness.h"
#include "jobs/option_scope.h"
#include "jobs/output_path.h"
#include "jobs/plan_choice.h"
#include "jobs/plan_report.h"
#include "jobs/provenance.h"
#include "jobs/sensitivity_data.h"
#include "jobs/sensitivity_result.h"
#include "jobs/simulation_study.h"
#include "mpi/clock.h"
#include "mpi/log.h"

#include <stdlib.h>

/* Where the time went, in all allocations. */
static int tell_times(dsep_context *ctx, const dsep_running *running) {
    int64_t count = 0;
    dsep_log_section *sections = NULL;
    const int code = dsep_running_sections(ctx, running, &sections, &count);
    if (!code)
        dsep_log_table(ctx, sections, count);
    free(sections);
    return code;
}

/* Writes what is to be written, and says how it ended. */
static int finish(dsep_context *ctx, dsep_running *running, dsep_sensitivity_result *r) {
    int code = DSEP_OK;
    const dsep_sensitivity_settings *settings = r->call->settings;
    const int whole = !r->campaign->stopped, partial = settings->running.allow_partial;
    if (whole || partial) {
        dsep_log_section_begin(ctx, "writing");
        DSEP_TRY(dsep_sensitivity_result_write(ctx, r));
        DSEP_TRY(tell_times(ctx, running));
        if (!settings->common.quiet)
            DSEP_TRY(dsep_sensitivity_result_print(ctx, r));
    }
    if (whole)
        dsep_running_done(ctx, running);
    else
        code = dsep_running_stopped(ctx, running, partial ? r->path : NULL);
cleanup:
    return code;
}

/* --- a table --------------------------------------------------------------------------------- */

static int study_table(dsep_context *ctx, const dsep_invocation *call, double began) {
    int code = DSEP_OK;
    char *path = NULL;
    dsep_table *table = NULL;
    dsep_study_design *design = NULL;
    dsep_graph *reference = NULL;
    dsep_campaign *campaign = NULL;
    dsep_running running = {0};
    const dsep_sensitivity_settings *settings = call->settings;
    const dsep_table_settings reading = dsep_data_settings(&settings->data, call->arguments[0], 5);
    DSEP_AGREE(ctx, dsep_output_path(settings->common.output, call->arguments[0],
                                     dsep_context_error(ctx), &path));
    dsep_log_section_begin(ctx, "reading");
    DSEP_TRY(dsep_table_read(ctx, &reading, &table));
    dsep_provenance_log_input(ctx, call->arguments[0], table);
    DSEP_AGREE(
        ctx, dsep_sensitivity_design(settings, table->n_samples, dsep_context_error(ctx), &design));
    DSEP_TRY(
        dsep_running_open(ctx, call, &settings->running, path, table->checksum, began, &running));
    if (running.finished)
        goto cleanup;
    DSEP_TRY(
        dsep_sensitivity_data_run(ctx, settings, design, table, &running, &reference, &campaign));
    dsep_sensitivity_result result = {call, &running, design, campaign, table, reference, path};
    DSEP_TRY(finish(ctx, &running, &result));
cleanup:
    dsep_running_close(&running);
    dsep_campaign_destroy(&campaign);
    dsep_graph_destroy(&reference);
    dsep_study_design_destroy(&design);
    dsep_table_destroy(&table);
    free(path);
    return code;
}

/* --- simulated tables ------------------------------------------------------------------------ */

static int study_simulation(dsep_context *ctx, const dsep_invocation *call, double began) {
    int code = DSEP_OK;
    char *path = NULL;
    dsep_study_design *design = NULL;
    dsep_campaign *campaign = NULL;
    dsep_running running = {0};
    const dsep_sensitivity_settings *settings = call->settings;
    DSEP_AGREE(ctx,
               dsep_output_path(settings->common.output, "study", dsep_context_error(ctx), &path));
    DSEP_AGREE(ctx, dsep_sensitivity_design(settings, 0, dsep_context_error(ctx), &design));
    DSEP_TRY(dsep_running_open(ctx, call, &settings->running, path, "", began, &running));
    if (running.finished)
        goto cleanup;
    DSEP_TRY(dsep_simulation_study_run(ctx, settings, design, &running, &campaign));
    dsep_sensitivity_result result = {call, &running, design, campaign, NULL, NULL, path};
    DSEP_TRY(finish(ctx, &running, &result));
cleanup:
    dsep_running_close(&running);
    dsep_campaign_destroy(&campaign);
    dsep_study_design_destroy(&design);
    free(path);
    return code;
}

/* --- a result -------------------------------------------------------------------------------- */

static int study_result(dsep_context *ctx, const dsep_invocation *call) {
    const dsep_sensitivity_settings *settings = call->settings;
    if (settings->running.part)
        return dsep_running_check(&settings->running,
                                  "a result has no runs that could be shared out; leave out --part",
                                  dsep_context_error(ctx));
    const dsep_edge_robustness_settings robustness = {.call = call,
                                                      .result = call->arguments[0],
                                                      .output = settings->common.output,
                                                      .seed = (uint64_t)settings->common.seed,
                                                      .quiet = settings->common.quiet,
                                                      .options = &settings->robustness};
    return dsep_edge_robustness_run(ctx, &robustness);
}

/* --- a forecast ------------------------------------------------------------------------------ */

static int forecast(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    char *path = NULL;
    const dsep_sensitivity_settings *settings = call->settings;
    const dsep_plan_shape here = {.nodes = dsep_nodes(ctx), .ranks = dsep_size(ctx)};
    dsep_plan_needs needs = {0};
    dsep_plan plan = {0};
    DSEP_AGREE(ctx, dsep_output_path(settings->common.output,
                                     settings->simulate ? "study" : call->arguments[0],
                                     dsep_context_error(ctx), &path));
    DSEP_TRY(dsep_plan_needs_read(ctx, call, &needs));
    code = dsep_agree(ctx, dsep_plan_choose(&needs, &here, dsep_context_error(ctx), &plan));
    const dsep_plan_told told = {
        .needs = &needs, .plan = &plan, .fits = code == DSEP_OK, .shape = &here};
    if (dsep_rank(ctx) == 0 && (code == DSEP_OK || code == DSEP_ERROR_RESOURCES))
        dsep_plan_print_needs(&told);
cleanup:
    dsep_plan_needs_release(&needs);
    free(path);
    return code;
}

/* --- the command ----------------------------------------------------------------------------- */

static int run(dsep_context *ctx, const dsep_invocation *call) {
    const double began = dsep_clock();
    const dsep_sensitivity_settings *settings = call->settings;
    if (dsep_running_check(&settings->running, NULL, dsep_context_error(ctx)))
        return DSEP_ERROR_USAGE; /* the same on every rank */
    dsep_provenance_log(ctx, call);
    if (settings->simulate && call->n_arguments > 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "--simulate draws its data; leave out '%s', or leave out --simulate",
                         call->arguments[0]);
    if (!settings->simulate && call->n_arguments == 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "dsep sensitivity needs DATA, a RESULT of discover, or --simulate; for "
                         "example:\n%s",
                         call->command->examples);
    const dsep_sensitivity_subject subject = settings->simulate ? DSEP_SENSITIVITY_OF_SIMULATION
                                             : dsep_edge_robustness_takes(ctx, call->arguments[0])
                                                 ? DSEP_SENSITIVITY_OF_RESULT
                                                 : DSEP_SENSITIVITY_OF_TABLE;
    const int code =
        dsep_agree(ctx, dsep_sensitivity_scope(call, subject, dsep_context_error(ctx)));
    if (code)
        return code;
    if (settings->dry_run)
        return forecast(ctx, call);
    if (subject == DSEP_SENSITIVITY_OF_SIMULATION)
        return study_simulation(ctx, call, began);
    if (subject == DSEP_SENSITIVITY_OF_RESULT)
        return study_result(ctx, call);
    return study_table(ctx, call, began);
}

const dsep_command dsep_command_sensitivity = {
    .name = "sensitivity",
    .arguments = "[DATA | RESULT] ",
    .summary = "how results depend on analysis choices",
    .description =
        "Of DATA: searches again under many choices of the analyst - significance level, rows, "
        "measurement error, variables left out - and tells how each edge and each figure of the "
        "graph moves. With --simulate: draws models and data and tells how near the search comes "
        "to the truth. Of a RESULT of discover: tells what an unmeasured common cause would do to "
        "its edges. Every option is a key of a --study file; the same seed gives the same result "
        "on any number of ranks, and a study that was stopped goes on where it was.",
    .examples =
        "  dsep sensitivity genes.csv --alpha 0.001,0.01,0.05 --subsample 0.5,0.8 -o moves.h5\n"
        "  dsep sensitivity genes.csv --alpha 0.0001,0.1 --measurement-error 0,0.5 "
        "--design random\n"
        "  mpirun -n 4 dsep sensitivity --simulate --variables 50 --samples 100,200,500 "
        "-R 100 -o study.h5\n"
        "  dsep sensitivity result.h5 --edges BRCA1:TP53\n",
    .min_arguments = 0,
    .max_arguments = 1,
    .groups = dsep_sensitivity_groups,
    .settings_size = sizeof(dsep_sensitivity_settings),
    .run = run,
};
