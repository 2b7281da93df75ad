/* dsep submit: a command as a Slurm job. */
#include "jobs/commands.h"
#include "jobs/job_directory.h"
#include "jobs/output_path.h"
#include "jobs/plan_report.h"
#include "jobs/planning.h"
#include "jobs/submit_options.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "slurm/partition.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_REASONS = DSEP_PLAN_REASONS + 4, MOST_EXTRA = 64 };

/* A submission on its way; what it holds is freed by release(). */
typedef struct {
    dsep_context *ctx;
    const dsep_submit_settings *settings;
    dsep_invocation *inner;
    char **parsed;        /* the words that the inner command was parsed from */
    const char **words;   /* [n_words + 2] that the script gives it */
    int n_words, restart; /* restart: its first run begins anew */
    char *where, *program, *output, *name, *lines;
    const char *extra[MOST_EXTRA];
    char text[MOST_REASONS][DSEP_PLAN_REASON];
    const char *reason[MOST_REASONS];
    int n_reasons;
    dsep_partition partition;
    dsep_plan plan;
    dsep_batch batch;
    dsep_job_directory job;
} submission;

static void release(submission *s) {
    dsep_invocation_destroy(&s->inner);
    free(s->parsed);
    free(s->words);
    free(s->where);
    free(s->program);
    free(s->output);
    free(s->name);
    free(s->lines);
    free(s->job.path);
}

static void add_reason(submission *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_reason(submission *s, const char *format, ...) {
    va_list values;
    if (s->n_reasons == MOST_REASONS)
        return;
    va_start(values, format);
    vsnprintf(s->text[s->n_reasons], DSEP_PLAN_REASON, format, values);
    va_end(values);
    for (char *c = s->text[s->n_reasons]; *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    s->reason[s->n_reasons] = s->text[s->n_reasons];
    s->n_reasons++;
}

/* --- the command and its places ----------------------------------------------------------------
 */

/* Absolute, as the user sees it: a path that a link leads to may have another name on a node. */
static char *absolute(const char *where, const char *path) {
    char *made = NULL;
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    if (*path == '/')
        return strdup(path);
    return asprintf(&made, "%s/%s", where, path) < 0 ? NULL : made;
}

static char *own_program(void) {
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    return length > 0 ? strndup(path, (size_t)length) : NULL;
}

/* X of /data/X.h5. */
static char *job_name(const char *output) {
    const char *slash = strrchr(output, '/');
    const char *name = slash ? slash + 1 : output, *dot = strrchr(name, '.');
    char *made = NULL;
    return asprintf(&made, "dsep-%.*s", dot ? (int)(dot - name) : (int)strlen(name), name) < 0
               ? NULL
               : made;
}

/* Whether this word says where the result goes; then how many words it takes. */
static int output_words(char *const *words, int left, const char *output) {
    const char *word = words[0];
    if (!output)
        return 0;
    if ((strcmp(word, "-o") == 0 || strcmp(word, "--output") == 0) && left > 1 &&
        strcmp(words[1], output) == 0)
        return 2;
    return (strncmp(word, "-o", 2) == 0 && strcmp(word + 2, output) == 0) ||
           (strncmp(word, "--output=", 9) == 0 && strcmp(word + 9, output) == 0);
}

static int is_restart(const char *word) {
    const size_t length = strlen(word);
    return length >= strlen("--rest") && strncmp(word, "--restart", length) == 0;
}

/* The words for the script: with the result's absolute path, and without --restart, which would
 * begin anew each time that the job is started again. */
static int choose_words(submission *s, const dsep_invocation *call, dsep_error *error) {
    const dsep_common_settings *common = s->inner->settings;
    const int wants_restart = dsep_submit_flag(s->inner, "restart");
    int end = 0; /* of the options, where -- says so */
    for (int i = 0; i < call->n_arguments; i++) {
        const char *word = call->arguments[i];
        const int taken =
            end ? 0 : output_words(call->arguments + i, call->n_arguments - i, common->output);
        if (!end && strcmp(word, "--") == 0)
            end = s->n_words;
        if (taken > 0)
            i += taken - 1;
        else if (wants_restart && !end && is_restart(word))
            s->restart = 1;
        else
            s->words[s->n_words++] = word;
    }
    end = end ? end : s->n_words;
    memmove(s->words + end + 2, s->words + end, (size_t)(s->n_words - end) * sizeof *s->words);
    s->words[end] = "--output";
    s->words[end + 1] = s->output;
    s->n_words += 2;
    if (wants_restart && !s->restart)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "take restart out of the study file, where it would make every run "
                              "of the job begin anew, and give --restart on the line");
    return DSEP_OK;
}

/* Parses the inner line, and finds its places. Not collective: the same on every rank. */
static int understand(submission *s, const dsep_invocation *call, dsep_error *error) {
    int code = DSEP_OK;
    char *path = NULL;
    const int n = call->n_arguments;
    s->parsed = dsep_array(n + 1, sizeof *s->parsed);
    s->words = dsep_array(n + 3, sizeof *s->words);
    if (!s->parsed || !s->words)
        return dsep_out_of_memory(error, "the command line");
    memcpy(s->parsed, call->arguments, (size_t)n * sizeof *s->parsed);
    DSEP_TRY(dsep_submit_command(n, s->parsed, error, &s->inner));
    const dsep_common_settings *common = s->inner->settings;
    if (common->help || common->version)
        goto cleanup;
    DSEP_TRY(dsep_submit_check(s->settings, s->inner, error));
    DSEP_TRY(dsep_output_path(common->output,
                              s->inner->n_arguments > 0 ? s->inner->arguments[0] : "study", error,
                              &path));
    s->where = get_current_dir_name();
    s->program = own_program();
    s->output = s->where ? absolute(s->where, path) : NULL;
    s->job.path = s->output ? dsep_job_directory_path(s->output) : NULL;
    s->name = s->settings->job_name ? strdup(s->settings->job_name)
              : s->output           ? job_name(s->output)
                                    : NULL;
    s->lines = strdup(s->settings->sbatch ? s->settings->sbatch : "");
    code = s->where && s->program && s->output && s->job.path && s->name && s->lines
               ? choose_words(s, call, error)
               : dsep_out_of_memory(error, "the job's paths");
cleanup:
    free(path);
    return code;
}

/* --- the request -------------------------------------------------------------------------------
 */

/* What rank 0 learns of the cluster, for all. Collective. */
static int ask_partition(submission *s) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(s->ctx);
    int mine = DSEP_OK;
    if (dsep_rank(s->ctx) == 0)
        mine = dsep_partition_ask(s->settings->partition, &s->partition, error);
    DSEP_AGREE(s->ctx, mine);
    dsep_broadcast(s->ctx, &s->partition, sizeof s->partition, 0);
cleanup:
    return code;
}

static int make_plan(submission *s) {
    int code = DSEP_OK;
    const dsep_submit_settings *set = s->settings;
    const dsep_partition *p = &s->partition;
    const dsep_plan_shape shape = {
        .nodes = set->nodes,
        .ranks = set->ranks,
        .ranks_per_node = set->ranks_per_node,
        .node_cores = p->found ? p->kind[0].cores : 0,
        .node_memory = p->found ? p->kind[0].memory : 0,
        .memory = set->memory,
        .parts = set->parts,
    };
    DSEP_TRY(dsep_plan_make(s->ctx, s->inner, &shape, &s->plan));
    for (int i = 0; i < s->plan.n_reasons; i++)
        add_reason(s, "%s", s->plan.reason[i]);
cleanup:
    return code;
}

/* What the user asks for stands; the plan gives the rest. */
static void choose_size(submission *s) {
    const dsep_submit_settings *set = s->settings;
    dsep_batch *b = &s->batch;
    b->nodes = set->nodes > 0 ? set->nodes : s->plan.nodes;
    b->ranks_per_node = set->ranks_per_node;
    b->ranks = set->ranks > 0 ? set->ranks : s->plan.ranks;
    if (set->no_plan && b->ranks == 0)
        b->ranks = b->nodes * b->ranks_per_node;
    if (b->nodes == 0 && b->ranks_per_node > 0)
        b->nodes = (b->ranks - 1) / b->ranks_per_node + 1;
    b->memory_node = set->memory > 0 ? set->memory : s->plan.bytes_asked;
    if (set->no_plan)
        add_reason(s, "as asked for; the data were not looked at (--no-plan)");
}

/* A run may be shorter than the job needs: it goes on from its checkpoint. */
static int choose_time(submission *s, dsep_error *error) {
    const dsep_submit_settings *set = s->settings;
    dsep_batch *b = &s->batch;
    const double limit = s->partition.seconds;
    char most[32];
    dsep_plan_time(limit, most);
    b->seconds = set->time > 0 ? set->time : s->plan.seconds_asked;
    if (limit > 0 && set->time > limit)
        return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                              "partition %s ends jobs after %s; with --time %s it goes on from its "
                              "checkpoint until it is done",
                              s->partition.name, most, most);
    if (limit > 0 && b->seconds > limit) {
        b->seconds = limit;
        add_reason(s, "partition %s ends jobs after %s: it is requeued until it is done",
                   s->partition.name, most);
    }
    b->warning = b->seconds > 0 && set->warning > b->seconds / 5 ? b->seconds / 5 : set->warning;
    return DSEP_OK;
}

static int check_memory(const submission *s, dsep_error *error) {
    const double needed = (double)s->plan.bytes_node, given = (double)s->settings->memory;
    if (given == 0 || needed <= given)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                          "--memory %.2fG is less than the %.2fG that a node needs; --memory %.2fG "
                          "fits",
                          given / (1 << 30), needed / (1 << 30),
                          (double)s->plan.bytes_asked / (1 << 30));
}

/* Fills the batch. Not collective: the same on every rank. */
static int fill(submission *s, dsep_error *error) {
    int code = DSEP_OK;
    const dsep_submit_settings *set = s->settings;
    DSEP_TRY(check_memory(s, error));
    choose_size(s);
    DSEP_TRY(choose_time(s, error));
    DSEP_TRY(dsep_partition_holds(&s->partition, s->batch.nodes, s->batch.ranks,
                                  s->batch.memory_node, error));
    char *rest = *s->lines ? s->lines : NULL;
    while (rest && s->batch.n_extra < MOST_EXTRA)
        s->extra[s->batch.n_extra++] = strsep(&rest, "\n");
    s->batch.program = s->program;
    s->batch.arguments = s->words;
    s->batch.n_arguments = s->n_words;
    s->batch.where = s->where;
    s->batch.directory = s->job.path;
    s->batch.output = s->output;
    s->batch.name = s->name;
    s->batch.partition = set->partition;
    s->batch.account = set->account;
    s->batch.qos = set->qos;
    s->batch.constraint = set->constraint;
    s->batch.extra = s->extra;
    s->batch.reasons = s->reason;
    s->batch.n_reasons = s->n_reasons;
    s->batch.parts = set->parts;
    s->batch.most_requeues = set->most_requeues;
    s->batch.restart = s->restart;
cleanup:
    return code;
}

/* --- the end -----------------------------------------------------------------------------------
 */

/* A path as the user would type it. */
static void print_path(const char *before, const char *path, const char *end) {
    char *file = NULL;
    fputs(before, stdout);
    if (asprintf(&file, "%s%s", path, end) >= 0)
        dsep_batch_word(stdout, file);
    free(file);
}

static void tell(const submission *s) {
    const dsep_batch *b = &s->batch;
    const char *job = s->job.job, *path = s->job.path;
    char time[32];
    dsep_plan_time(b->seconds, time);
    if (b->parts > 0)
        printf("submitted job %s, an array of %lld", job, (long long)b->parts);
    else
        printf("submitted job %s", job);
    printf(": %lld rank%s", (long long)b->ranks, b->ranks == 1 ? "" : "s");
    if (b->nodes > 0)
        printf(" on %lld node%s", (long long)b->nodes, b->nodes == 1 ? "" : "s");
    if (b->memory_node > 0)
        printf(b->memory_node < 1 << 30 ? ", %.0f MiB a node" : ", %.3g GiB a node",
               (double)b->memory_node / (b->memory_node < 1 << 30 ? 1 << 20 : 1 << 30));
    if (b->seconds > 0)
        printf(", %s a run", time);
    putchar('\n');
    if (*s->job.merge_job)
        printf("submitted job %s, which unites the parts when all are done\n", s->job.merge_job);
    print_path("  result   ", s->output, "");
    print_path("\n  follow   dsep status ", path, "");
    if (b->parts == 0)
        print_path("\n           tail -f ", path, "/log.txt");
    printf("\n  cancel   scancel %s%s%s\n", job, *s->job.merge_job ? " " : "", s->job.merge_job);
}

/* Rank 0 alone. */
static int submit(submission *s, dsep_error *error) {
    int code = DSEP_OK;
    if (s->settings->print) {
        DSEP_TRY(dsep_batch_write(stdout, &s->batch, error));
        return fflush(stdout) ? dsep_error_set(error, DSEP_ERROR_IO, "cannot write the script")
                              : DSEP_OK;
    }
    DSEP_TRY(dsep_job_directory_submit(&s->job, &s->batch, error));
    if (access(s->output, F_OK) == 0)
        dsep_log_warning(s->ctx, "'%s' is there, and will be replaced when the job is done",
                         s->output);
    if (*s->job.words)
        dsep_log_warning(s->ctx, "%s", s->job.words);
    if (s->settings->common.quiet)
        printf("%s%s%s\n", s->job.job, *s->job.merge_job ? "\n" : "", s->job.merge_job);
    else
        tell(s);
    if (*s->job.refusal)
        code = dsep_error_set(error, DSEP_ERROR_IO,
                              "the array is submitted, but not the job that unites its parts (%s); "
                              "when all are done: sbatch %s/merge.sh",
                              s->job.refusal, s->job.path);
cleanup:
    return code;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(ctx);
    submission *s = dsep_array(1, sizeof *s);
    DSEP_AGREE(ctx, s ? DSEP_OK : dsep_out_of_memory(error, "a submission"));
    s->ctx = ctx;
    s->settings = call->settings;
    DSEP_AGREE(ctx, understand(s, call, error));
    const dsep_common_settings *common = s->inner->settings;
    if (common->help || common->version) {
        if (dsep_rank(ctx) == 0)
            dsep_options_help(s->inner->command);
        goto cleanup;
    }
    const int makes = dsep_rank(ctx) == 0 && !s->settings->print;
    DSEP_AGREE(ctx, makes ? dsep_job_directory_free(s->job.path, error) : DSEP_OK);
    DSEP_TRY(ask_partition(s));
    if (!s->settings->no_plan)
        DSEP_TRY(make_plan(s));
    DSEP_AGREE(ctx, fill(s, error));
    DSEP_AGREE(ctx, dsep_rank(ctx) == 0 ? submit(s, error) : DSEP_OK);
cleanup:
    if (s)
        release(s);
    free(s);
    return code;
}

const dsep_command dsep_command_submit = {
    .name = "submit",
    .arguments = "COMMAND ... ",
    .summary = "run a command as a Slurm job, requeued until it is done",
    .description =
        "Writes a batch script for dsep discover, represent or sensitivity, submits it, and says "
        "how to follow it. The job asks for what dsep plan forecasts, unless told otherwise. Out "
        "of time, it keeps a checkpoint, is requeued, and goes on from there. Options before "
        "COMMAND are for the job, those behind it are the command's own. X.job beside the result "
        "X.h5 holds script, log and progress.",
    .examples =
        "  dsep submit discover genes.csv -o genes.h5\n"
        "  dsep submit --print discover genes.csv --alpha 0.001    # show the script only\n"
        "  dsep submit --partition long --time 24:00:00 --ranks 128 discover big.npy\n"
        "  dsep submit --array 10 discover genes.csv --replicates 1000 -o genes.h5\n"
        "  dsep submit --sbatch \"--exclusive\" --sbatch \"--mail-type=END\" discover x.h5:/t\n"
        "  dsep submit --no-plan --ranks 64 --memory 100G --time 12:00:00 discover big.npy\n",
    .min_arguments = 1,
    .max_arguments = 1000000,
    .groups = dsep_submit_groups,
    .settings_size = sizeof(dsep_submit_settings),
    .run = run,
    .leads = 1,
    .study_behind = dsep_submit_study,
};
