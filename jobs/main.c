/* dsep COMMAND: starts MPI, parses the line, runs the command, and lets every rank end with the
 * same code. */
#include "io/column_choice.h"
#include "jobs/build_info.h"
#include "jobs/commands.h"
#include "jobs/output_path.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/blas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(void) {
    printf("dsep COMMAND [arguments] [options]\n"
           "Causal discovery at cluster scale: one program, from a laptop to a Slurm job.\n\n"
           "Commands\n");
    for (const dsep_command *const *at = dsep_commands; *at; at++)
        printf("  %-11s %-16s %s\n", (*at)->name, (*at)->arguments, (*at)->summary);
    printf("\nA first run\n"
           "  dsep simulate --variables 100 --samples 1000 --truth truth.csv -o data.csv\n"
           "  dsep discover data.csv -o result.h5          # or: mpirun -n 4 dsep discover ...\n"
           "  dsep show result.h5\n"
           "  dsep compare result.h5 truth.csv\n\n"
           "dsep COMMAND --help tells more about each. dsep --version tells how it was built.\n"
           "Exit codes: 0 done, 2 wrong usage, 3 wrong data, 4 does not fit the resources,\n"
           "5 reading or writing failed, 70 internal error, 85 stopped in good order with a\n"
           "checkpoint: the same command goes on from there.\n");
}

static void print_version(void) {
    char build[4096];
    dsep_build_info(build, sizeof build);
    printf("dsep %s\n%s\n", DSEP_VERSION, build);
}

static int run_command(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    const dsep_common_settings *common = call->settings;
    const dsep_log_settings settings = {common->quiet, common->progress, common->log_json,
                                        common->progress_file, common->output};
    dsep_log *log = NULL;
    DSEP_AGREE(ctx, dsep_rank(ctx) == 0 ? dsep_output_spares(call, dsep_context_error(ctx)) : 0);
    DSEP_TRY(dsep_log_create(ctx, &settings, &log));
    code = call->command->run(ctx, call);
    dsep_log_end(ctx, code, code ? dsep_context_error(ctx)->text : "");
cleanup:
    dsep_log_destroy(ctx, &log);
    return code;
}

/* What needs no run: help and version. Returns whether that was all. */
static int answer(dsep_context *ctx, const dsep_invocation *call) {
    const dsep_common_settings *common = call->settings;
    if (dsep_rank(ctx) == 0 && common->help)
        dsep_options_help(call->command);
    else if (dsep_rank(ctx) == 0 && common->version)
        print_version();
    return common->help || common->version;
}

/* Two letters wrong or missing are a slip. */
static int no_command(dsep_context *ctx, const char *word) {
    const char *near = NULL;
    int least = 3;
    for (const dsep_command *const *at = dsep_commands; *at; at++) {
        const int distance = dsep_edit_distance(word, (*at)->name);
        near = distance < least ? (*at)->name : near;
        least = distance < least ? distance : least;
    }
    return dsep_fail(ctx, DSEP_ERROR_USAGE, "'%s' is no command of dsep %s%s%s%s; see dsep --help",
                     word, DSEP_VERSION, near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "");
}

static int help_of(dsep_context *ctx, const char *word) {
    const dsep_command *command = dsep_command_named(word);
    if (!command)
        return no_command(ctx, word);
    if (dsep_rank(ctx) == 0)
        dsep_options_help(command);
    return DSEP_OK;
}

static int dispatch(dsep_context *ctx, int argc, char **argv) {
    int code = DSEP_OK;
    dsep_invocation *call = NULL;
    const char *word = argc > 1 ? argv[1] : "--help";
    if (strcmp(word, "help") == 0 && argc > 2)
        return help_of(ctx, argv[2]);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        if (dsep_rank(ctx) == 0)
            print_help();
        return argc > 1 ? DSEP_OK : DSEP_ERROR_USAGE;
    }
    if (strcmp(word, "--version") == 0) {
        if (dsep_rank(ctx) == 0)
            print_version();
        return DSEP_OK;
    }
    const dsep_command *command = dsep_command_named(word);
    if (!command)
        return no_command(ctx, word);
    const int mine =
        dsep_options_parse(command, argc - 1, argv + 1, dsep_context_error(ctx), &call);
    DSEP_AGREE(ctx, mine);
    if (!answer(ctx, call))
        code = run_command(ctx, call);
cleanup:
    dsep_invocation_destroy(&call);
    return code;
}

/* Whether mpirun, srun or the like started this. */
static int is_launched(void) {
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

/* A run without a launcher needs no helper daemon, which costs time at every start and can fail
 * when several programs start at once; no folder for the job's files, where one such program
 * removes what another has just made; and no network, whose libraries take .15 s to look at the
 * clock. Nobody shares a file pointer: files that one way to share them makes beside the result
 * would stay there if the run were killed. */
static void advise_mpi(void) {
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_sharedfp", "^lockedfile", 0);
    if (is_launched())
        return;
    setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("OMPI_MCA_btl", "self", 0);
    setenv("OMPI_MCA_osc", "^ucx", 0);
}

int main(int argc, char **argv) {
    dsep_blas_guard(argv, getenv("OPENBLAS_CORETYPE")); /* starts again with what it was given */
    advise_mpi();
    dsep_memory_prepare();
    dsep_context *ctx = NULL;
    if (MPI_Init(&argc, &argv) || dsep_context_create(MPI_COMM_WORLD, &ctx)) {
        fprintf(stderr, "dsep: MPI could not be started\n");
        return DSEP_ERROR_INTERNAL;
    }
    const int code = dispatch(ctx, argc, argv);
    const char *text = dsep_context_error(ctx)->text;
    if (code && *text && dsep_rank(ctx) == 0)
        fprintf(stderr, "dsep: %s\n", text);
    dsep_context_destroy(&ctx);
    MPI_Finalize();
    return code;
}
