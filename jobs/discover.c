/* dsep discover: a causal graph from a table, by one of several methods. */
#include "jobs/commands.h"
#include "jobs/discovery.h"
#include "jobs/option_scope.h"
#include "jobs/output_path.h"
#include "jobs/provenance.h"
#include "mpi/clock.h"
#include "solvers/triples.h"

#include <stdlib.h>

static const struct {
    const char *name;
    int (*run)(dsep_context *ctx, const dsep_discovery *discovery);
} methods[] = {
    [DSEP_METHOD_PC] = {"pc", dsep_discover_pc},
    [DSEP_METHOD_EXACT] = {"exact", dsep_discover_exact},
    [DSEP_METHOD_LINGAM] = {"lingam", dsep_discover_lingam},
    [DSEP_METHOD_ICA_LINGAM] = {"ica-lingam", dsep_discover_ica_lingam},
    [DSEP_METHOD_VAR_LINGAM] = {"var-lingam", dsep_discover_var_lingam},
    [DSEP_METHOD_DAGMA] = {"dagma", dsep_discover_dagma},
    [DSEP_METHOD_NOTEARS] = {"notears", dsep_discover_notears},
};

/* What --part is for are replicates; with --until-stable somebody must see all of them. */
static int check_part(const dsep_discover_settings *settings, dsep_error *error) {
    const char *why = NULL;
    if (settings->replicate.replicates == 0)
        why = "there are no replicates that could be shared out; say how many with --replicates R, "
              "or leave out --part";
    else if (settings->replicate.until_stable > 0)
        why = "--until-stable has to see all replicates; leave out one of the two";
    return dsep_running_check(&settings->running, why, error);
}

static int check_orientation(const dsep_discover_settings *settings, dsep_error *error) {
    if (!settings->skeleton_only || settings->orientation == DSEP_ORIENTATION_STANDARD)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "--skeleton-only stops before edges are oriented: leave it out, or leave "
                          "out --orientation");
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    char *path = NULL;
    const dsep_discover_settings *settings = call->settings;
    dsep_discovery discovery = {.call = call,
                                .settings = settings,
                                .data = call->arguments[0],
                                .clock_began = dsep_clock()};
    DSEP_AGREE(ctx, dsep_option_scope_check(call, methods[settings->method].name,
                                            dsep_context_error(ctx)));
    DSEP_AGREE(ctx, check_part(settings, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, check_orientation(settings, dsep_context_error(ctx)));
    dsep_provenance_log(ctx, call);
    DSEP_AGREE(ctx, dsep_output_path(settings->common.output, discovery.data,
                                     dsep_context_error(ctx), &path));
    discovery.path = path;
    DSEP_TRY(methods[settings->method].run(ctx, &discovery));
cleanup:
    free(path);
    return code;
}

const dsep_command dsep_command_discover = {
    .name = "discover",
    .arguments = "DATA ",
    .summary = "learn a causal graph from a table",
    .description =
        "Learns a causal graph. DATA is x.csv, x.tsv, x.csv.gz, x.npy, x.h5:/path/to/matrix, "
        "x.h5ad or x.h5ad:layers/NAME; rows are samples, columns variables. Under mpirun or srun "
        "the ranks share the work and the result is the same, bit for bit.",
    .examples = "  dsep discover genes.csv -o genes.h5\n"
                "  mpirun -n 4 dsep discover genes.csv.gz --alpha 0.001 --drop sample_id\n"
                "  dsep discover cells.h5ad --knowledge known.txt --orientation majority\n"
                "  dsep discover genes.csv --replicates 1000 -o genes.h5\n"
                "  dsep discover genes.csv --replicates 100 --resample halves --threshold 0.9\n"
                "  dsep discover big.npy --max-time 04:00:00        # again: it goes on\n"
                "  dsep discover big.npy --dry-run\n"
                "  dsep discover sites.csv --method lingam --environment site --replicates 200\n"
                "  dsep discover prices.csv --method var-lingam --lags auto\n"
                "  dsep discover prices.csv --method var-lingam --replicates 200 --resample block\n"
                "  mpirun -n 4 dsep discover genes.csv --method dagma --replicates 100\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .groups = dsep_discover_groups,
    .settings_size = sizeof(dsep_discover_settings),
    .run = run,
};
