#include "jobs/commands.h"
#include "jobs/discover_options.h"
#include "jobs/option_scope.h"
#include "jobs/plan_choice.h"
#include "jobs/plan_report.h"
#include "jobs/replay_report.h"

typedef struct {
    dsep_discover_settings discover; /* the first: plan reads as discover does */
    char *replay;
    dsep_plan_shape shape;
} plan_settings;

#define FIELD(name) offsetof(plan_settings, name)

static const dsep_option plan_options[] = {
    {"json", 0, DSEP_OPTION_FLAG, FIELD(discover.json), NULL, NULL, 0, 0, NULL,
     "print the plan, or the replay, as JSON"},
    {"replay", 0, DSEP_OPTION_TEXT, FIELD(replay), "RESULT", NULL, 0, 0, NULL,
     "instead of a forecast from DATA: play the tasks of this result, of a run with --trace, on "
     "another machine. The real scheduler deals out known costs, nothing is timed"},
    {"nodes", 0, DSEP_OPTION_INTEGER, FIELD(shape.nodes), "N", NULL, 1, 1e6, NULL,
     "nodes of the job; without it the fewest whose memory holds it"},
    {"ranks", 0, DSEP_OPTION_INTEGER, FIELD(shape.ranks), "N", NULL, 1, 1e6, NULL,
     "ranks of the job, or of the machine of a replay; without it the fewest that need half an "
     "hour"},
    {"ranks-per-node", 0, DSEP_OPTION_INTEGER, FIELD(shape.ranks_per_node), "K", NULL, 1, 1e6, NULL,
     "ranks on each node; of a replay 64 if not said"},
    {"memory", 0, DSEP_OPTION_SIZE, FIELD(shape.memory), "SIZE", NULL, 0, 0, NULL,
     "what the job will ask for on each node; exit code 4 where that is too little"},
    {"node-cores", 0, DSEP_OPTION_INTEGER, FIELD(shape.node_cores), "C", NULL, 1, 1e6, NULL,
     "cores of a node; without it as this machine"},
    {"node-memory", 0, DSEP_OPTION_SIZE, FIELD(shape.node_memory), "SIZE", NULL, 0, 0, NULL,
     "memory of a node; without it what this machine has free"},
    {"array", 0, DSEP_OPTION_INTEGER, FIELD(shape.parts), "N", NULL, 1, 1e6, NULL,
     "plan for each of N jobs that share the replicates"},
    {0},
};

#define DISCOVER(name) offsetof(plan_settings, discover.name)

static const dsep_option_group groups[] = {
    {"Plan", plan_options, 0, NULL},
    {"Discovery", dsep_discover_option_table, DISCOVER(common), NULL},
    {"PC", dsep_pc_option_table, DISCOVER(common), "pc"},
    {"Background knowledge", dsep_knowledge_option_table, DISCOVER(common), "pc dagma notears"},
    {"LiNGAM", dsep_lingam_option_table, DISCOVER(lingam), "lingam ica-lingam var-lingam"},
    {"ICA-LiNGAM", dsep_ica_lingam_option_table, DISCOVER(lingam), "ica-lingam"},
    {"VAR-LiNGAM", dsep_var_lingam_option_table, DISCOVER(lingam), "var-lingam"},
    {"Exact posterior", dsep_exact_option_table, DISCOVER(common), "exact"},
    {"DAGMA and NOTEARS", dsep_continuous_option_table, DISCOVER(continuous), "dagma notears"},
    {"Replicates", dsep_replicate_option_table, DISCOVER(replicate),
     "pc lingam ica-lingam var-lingam dagma notears"},
    {"Running", dsep_running_option_table, DISCOVER(running), NULL},
    {"Data", dsep_data_option_table, DISCOVER(data), NULL},
    {"Common", dsep_common_options, DISCOVER(common), NULL},
    {0},
};

static const char *const method_words[] = {"pc",    "lingam", "ica-lingam", "var-lingam",
                                           "exact", "dagma",  "notears"};

/* On several ranks and without a word about the job, the plan is of these ranks. */
static dsep_plan_shape shape_of(dsep_context *ctx, const plan_settings *settings) {
    dsep_plan_shape shape = settings->shape;
    if (dsep_size(ctx) > 1 && !shape.nodes && !shape.ranks && !shape.ranks_per_node) {
        shape.ranks = dsep_size(ctx);
        shape.nodes = dsep_nodes(ctx);
    }
    return shape;
}

static int forecast(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    const plan_settings *settings = call->settings;
    const dsep_plan_shape shape = shape_of(ctx, settings);
    dsep_invocation discover = *call; /* whose settings begin with those of discover */
    dsep_plan_needs needs = {0};
    dsep_plan plan = {0};
    discover.command = &dsep_command_discover;
    DSEP_AGREE(ctx, dsep_option_scope_check(call, method_words[settings->discover.method],
                                            dsep_context_error(ctx)));
    DSEP_TRY(dsep_plan_needs_read(ctx, &discover, &needs));
    code = dsep_agree(ctx, dsep_plan_choose(&needs, &shape, dsep_context_error(ctx), &plan));
    const dsep_plan_told told = {&needs,           &plan,        code == DSEP_OK,
                                 &settings->shape, plan_options, call->line};
    if (dsep_rank(ctx) == 0 && (code == DSEP_OK || code == DSEP_ERROR_RESOURCES))
        dsep_plan_print(&told, settings->discover.json);
cleanup:
    dsep_plan_needs_release(&needs);
    return code;
}

/* A plan needs DATA, a replay has its result. */
static int check(dsep_context *ctx, const plan_settings *settings, const dsep_invocation *call) {
    if (settings->replay && call->n_arguments > 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "a replay needs no data: leave out '%s', or --replay", call->arguments[0]);
    if (settings->replay && settings->shape.ranks == 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE, "--replay needs --ranks; for example:\n%s",
                         call->command->examples);
    if (!settings->replay && call->n_arguments == 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "dsep plan needs DATA, or --replay; for example:\n%s",
                         call->command->examples);
    return DSEP_OK;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    const plan_settings *settings = call->settings;
    const int64_t each = settings->shape.ranks_per_node;
    const int code = check(ctx, settings, call);
    if (code)
        return code;
    if (!settings->replay)
        return forecast(ctx, call);
    const dsep_replay_settings replay = {
        .result = settings->replay,
        .output = settings->discover.common.output,
        .ranks = settings->shape.ranks,
        .ranks_per_node = each ? each : 64,
        .json = settings->discover.json,
    };
    return dsep_replay_report(ctx, &replay);
}

const dsep_command dsep_command_plan = {
    .name = "plan",
    .arguments = "[DATA] ",
    .summary = "forecast memory, time and disk, and the Slurm request; or replay a run",
    .description = "Reads and checks the table and everything that the options name, looks at a "
                   "sample of its columns, measures this machine for a moment, and forecasts "
                   "memory on each node, tests, time and disk of dsep discover with these "
                   "options. Tells the Slurm request that fits, with its reasons; what is not "
                   "said about the machine is taken to be as this one. Exit code 4 says that it "
                   "does not fit. With --replay it deals the tasks of a traced run to any number "
                   "of ranks as the scheduler would, and tells efficiency, communication and what "
                   "limits them.",
    .examples = "  dsep plan genes.csv --alpha 0.001\n"
                "  dsep plan genes.csv --replicates 1000 --node-cores 48 --node-memory 180G\n"
                "  dsep plan genes.csv --ranks 96 --nodes 2 --memory 64G --json\n"
                "  dsep plan --replay result.h5 --ranks 1024 --ranks-per-node 64\n",
    .min_arguments = 0,
    .max_arguments = 1,
    .groups = groups,
    .study_of = "discover",
    .settings_size = sizeof(plan_settings),
    .run = run,
};
