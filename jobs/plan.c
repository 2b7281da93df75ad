#include "jobs/commands.h"
#include "jobs/discover_input.h"
#include "jobs/forecast_report.h"
#include "jobs/replay_report.h"

typedef struct {
    dsep_discover_settings discover;
    char *replay;
    int64_t ranks, ranks_per_node; /* ranks: 0 when not given */
} plan_settings;

static const dsep_option plan_options[] = {
    {"json", 0, DSEP_OPTION_FLAG, offsetof(plan_settings, discover.json), NULL, NULL, 0, 0, NULL,
     "print the forecast, or the replay, as JSON"},
    {"replay", 0, DSEP_OPTION_TEXT, offsetof(plan_settings, replay), "RESULT", NULL, 0, 0, NULL,
     "instead of a forecast from DATA: play the tasks of this result, of a run with --trace, on "
     "another machine. The real scheduler deals out known costs, nothing is timed"},
    {"ranks", 0, DSEP_OPTION_INTEGER, offsetof(plan_settings, ranks), "N", NULL, 1, 1e6, NULL,
     "ranks of the machine of the replay"},
    {"ranks-per-node", 0, DSEP_OPTION_INTEGER, offsetof(plan_settings, ranks_per_node), "K", "64",
     1, 1e6, NULL, "ranks on each of its nodes"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Plan", plan_options, 0, NULL},
    {"Discovery", dsep_discover_option_table, offsetof(plan_settings, discover), NULL},
    {"PC", dsep_pc_option_table, offsetof(plan_settings, discover), NULL},
    {"Replicates", dsep_replicate_option_table, offsetof(plan_settings, discover.replicate), NULL},
    {"Running", dsep_running_option_table, offsetof(plan_settings, discover.running), NULL},
    {"Data", dsep_data_option_table, offsetof(plan_settings, discover.data), NULL},
    {"Common", dsep_common_options, offsetof(plan_settings, discover.common), NULL},
    {0},
};

static int forecast(dsep_context *ctx, const dsep_discover_settings *settings, const char *path) {
    int code = DSEP_OK;
    dsep_discover_input input = {0};
    DSEP_TRY(dsep_discover_input_read(ctx, settings, path, &input));
    dsep_forecast_report(ctx, &input, settings->json);
    DSEP_TRY(dsep_discover_input_fits(ctx, &input));
cleanup:
    dsep_discover_input_release(&input);
    return code;
}

/* A forecast needs DATA, a replay has its result. */
static int check(dsep_context *ctx, const plan_settings *settings, const dsep_invocation *call) {
    if (settings->discover.method != DSEP_METHOD_PC)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "dsep plan forecasts --method pc; of other methods dsep discover "
                         "--dry-run tells what they need");
    if (settings->replay && call->n_arguments > 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "a replay needs no data: leave out '%s', or --replay", call->arguments[0]);
    if (settings->replay && settings->ranks == 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE, "--replay needs --ranks; for example:\n%s",
                         call->command->examples);
    if (!settings->replay && settings->ranks > 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "--ranks is for --replay; a forecast is for the ranks that make it");
    if (!settings->replay && call->n_arguments == 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "dsep plan needs DATA, or --replay; for example:\n%s",
                         call->command->examples);
    return DSEP_OK;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    const plan_settings *settings = call->settings;
    const int code = check(ctx, settings, call);
    if (code)
        return code;
    if (!settings->replay)
        return forecast(ctx, &settings->discover, call->arguments[0]);
    const dsep_replay_settings replay = {
        .result = settings->replay,
        .output = settings->discover.common.output,
        .ranks = settings->ranks,
        .ranks_per_node = settings->ranks_per_node,
        .json = settings->discover.json,
    };
    return dsep_replay_report(ctx, &replay);
}

const dsep_command dsep_command_plan = {
    .name = "plan",
    .arguments = "[DATA] ",
    .summary = "forecast a discovery, or replay one on another machine; runs nothing",
    .description = "Reads and checks the table and everything that the options name, and forecasts "
                   "memory on each node and the tests of orders 0 and 1. Exit code 4 says that it "
                   "does not fit. With --replay it deals the tasks of a traced run to any number "
                   "of ranks as the scheduler would, and tells efficiency, communication and what "
                   "limits them.",
    .examples = "  dsep plan genes.csv --alpha 0.001\n"
                "  mpirun -n 8 dsep plan genes.csv --memory-per-node 64G --json\n"
                "  dsep plan --replay result.h5 --ranks 1024 --ranks-per-node 64\n",
    .min_arguments = 0,
    .max_arguments = 1,
    .groups = groups,
    .settings_size = sizeof(plan_settings),
    .run = run,
};
