#include "jobs/commands.h"
#include "jobs/discover_input.h"
#include "jobs/forecast_report.h"

static const dsep_option plan_options[] = {
    {"json", 0, DSEP_OPTION_FLAG, offsetof(dsep_discover_settings, json), NULL, NULL, 0, 0, NULL,
     "print the forecast as JSON"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Plan", plan_options, 0},
    {"Discovery", dsep_discover_option_table, 0},
    {"Data", dsep_data_option_table, offsetof(dsep_discover_settings, data)},
    {"Common", dsep_common_options, offsetof(dsep_discover_settings, common)},
    {0},
};

static int run(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    dsep_discover_input input = {0};
    const dsep_discover_settings *settings = call->settings;
    DSEP_TRY(dsep_discover_input_read(ctx, settings, call->arguments[0], &input));
    dsep_forecast_report(ctx, &input, settings->json);
    DSEP_TRY(dsep_discover_input_fits(ctx, &input));
cleanup:
    dsep_discover_input_release(&input);
    return code;
}

const dsep_command dsep_command_plan = {
    .name = "plan",
    .arguments = "DATA ",
    .summary = "forecast memory and tests of a discovery; runs nothing",
    .description = "Reads and checks the table and everything that the options name, and forecasts "
                   "memory on each node and the tests of orders 0 and 1. Exit code 4 says that it "
                   "does not fit.",
    .examples = "  dsep plan genes.csv --alpha 0.001\n"
                "  mpirun -n 8 dsep plan genes.csv --memory-per-node 64G --json\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .groups = groups,
    .settings_size = sizeof(dsep_discover_settings),
    .run = run,
};
