#include "slurm/batch.h"

#include <math.h>
#include <string.h>

/* Slurm looks at the clock once a minute: a warning may come that much too early, and a job of a
 * few minutes would be warned before it has begun. */
enum { SHORTEST_WARNED = 300 };

/* One of the two scripts. */
typedef struct {
    const dsep_batch *batch;
    FILE *file;
    const char *script; /* its name */
    int merge, array;
} sheet;

/* --- words ------------------------------------------------------------------------------------ */

static int is_plain(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("_./:=,+@%-", c));
}

static int all_plain(const char *text) {
    const char *at = text;
    while (is_plain((unsigned char)*at))
        at++;
    return !*at && at > text;
}

void dsep_batch_word(FILE *file, const char *word) {
    if (all_plain(word)) {
        fputs(word, file);
        return;
    }
    fputc('\'', file);
    for (const char *at = word; *at; at++)
        fputs(*at == '\'' ? "'\\''" : (char[]){*at, '\0'}, file);
    fputc('\'', file);
}

/* A value behind #SBATCH, where double quotes keep all but themselves and backslashes. */
static void sbatch_text(FILE *file, const char *text) {
    if (all_plain(text)) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fputc('\\', file);
        fputc(*at, file);
    }
    fputc('"', file);
}

static void sbatch_option(const sheet *s, const char *name, const char *value) {
    if (!value)
        return;
    fprintf(s->file, "#SBATCH --%s=", name);
    sbatch_text(s->file, value);
    fputc('\n', s->file);
}

static void words(const sheet *s) {
    const dsep_batch *b = s->batch;
    for (int i = 0; i < b->n_arguments; i++) {
        fputc(i > 0 ? ' ' : '(', s->file);
        dsep_batch_word(s->file, b->arguments[i]);
    }
    fputs(")\n", s->file);
}

static void variable(const sheet *s, const char *name, const char *value) {
    fprintf(s->file, "%s=", name);
    dsep_batch_word(s->file, value);
    fputc('\n', s->file);
}

/* --- checks ----------------------------------------------------------------------------------- */

static int check_text(const char *text, dsep_error *error) {
    for (const char *at = text; at && *at; at++)
        if ((unsigned char)*at < 32 || *at == 127)
            return dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "'%s' has a line end or another control character in it, which a "
                                  "batch script cannot have; choose another name",
                                  text);
    return DSEP_OK;
}

static int check_texts(const char *const *texts, int count, dsep_error *error) {
    int code = DSEP_OK;
    for (int i = 0; i < count && !code; i++)
        code = check_text(texts[i], error);
    return code;
}

static int check(const dsep_batch *b, dsep_error *error) {
    int code = DSEP_OK;
    const char *const own[] = {b->program,   b->where,   b->directory, b->output,    b->name,
                               b->partition, b->account, b->qos,       b->constraint};
    DSEP_TRY(check_texts(own, sizeof own / sizeof *own, error));
    DSEP_TRY(check_texts(b->arguments, b->n_arguments, error));
    DSEP_TRY(check_texts(b->extra, b->n_extra, error));
    DSEP_TRY(check_texts(b->reasons, b->n_reasons, error));
    if (strchr(b->directory, '\\'))
        code = dsep_error_set(error, DSEP_ERROR_USAGE,
                              "'%s' has a backslash in it, with which Slurm cannot write a log; "
                              "give the result another path with -o",
                              b->directory);
cleanup:
    return code;
}

/* --- the head --------------------------------------------------------------------------------- */

/* A path in a comment, for a shell. */
static void comment_path(const sheet *s, const char *before, const char *end, const char *after) {
    char path[8192];
    fputs(before, s->file);
    snprintf(path, sizeof path, "%s%s", s->batch->directory, end);
    dsep_batch_word(s->file, path);
    fputs(after, s->file);
}

static void head(const sheet *s) {
    const dsep_batch *b = s->batch;
    FILE *f = s->file;
    fputs("#!/bin/bash\n", f);
    if (s->merge)
        fprintf(f, "# Unites the %lld parts of a job array of dsep, when all are whole:\n#  ",
                (long long)b->parts);
    else if (s->array)
        fprintf(f, "# A job array of dsep: task K does part K of %lld of\n#  ",
                (long long)b->parts);
    else
        fputs("# A job of dsep:\n#  ", f);
    for (int i = 0; i < b->n_arguments; i++) {
        fputc(' ', f);
        dsep_batch_word(f, b->arguments[i]);
    }
    comment_path(s, "\n#\n#   follow          dsep status ", "", "\n");
    if (!s->merge && s->array)
        comment_path(s, "#   a part again    sbatch --array=K ", "/job.sh",
                     "    goes on from its checkpoint\n");
    else
        comment_path(s, "#   submit again    sbatch ", s->script,
                     "    goes on from a checkpoint\n");
    if (!s->merge && s->array)
        comment_path(s, "#   then unite      sbatch ", "/merge.sh", "\n");
    fputs("#   stop, and go on at once      scancel --batch --signal=USR1 JOB\n"
          "#   stop for good                scancel JOB    (keeps a checkpoint if it can)\n",
          f);
    for (int i = 0; i < b->n_reasons && !s->merge; i++)
        fprintf(f, "%s#   %s\n", i == 0 ? "#\n# Why these numbers\n" : "", b->reasons[i]);
    fputs("#\n", f);
}

/* The log's name is a pattern to Slurm. */
static void log_option(const sheet *s) {
    FILE *f = s->file;
    fputs("#SBATCH --output=\"", f);
    for (const char *at = s->batch->directory; *at; at++)
        fputs(*at == '%' ? "%%" : *at == '"' ? "\\\"" : (char[]){*at, '\0'}, f);
    fprintf(f, "/log%s.txt\"\n#SBATCH --open-mode=append\n",
            s->merge   ? "-merge"
            : s->array ? "-%a"
                       : "");
}

static void request(const sheet *s) {
    const dsep_batch *b = s->batch;
    FILE *f = s->file;
    char name[300];
    snprintf(name, sizeof name, "%.250s%s", b->name, s->merge ? "-merge" : "");
    sbatch_option(s, "job-name", name);
    log_option(s);
    if (b->nodes > 0)
        fprintf(f, "#SBATCH --nodes=%lld\n", (long long)b->nodes);
    fprintf(f, "#SBATCH --ntasks=%lld\n", (long long)b->ranks);
    if (b->ranks_per_node > 0)
        fprintf(f, "#SBATCH --ntasks-per-node=%lld\n", (long long)b->ranks_per_node);
    fputs("#SBATCH --cpus-per-task=1\n", f);
    if (b->memory_node > 0)
        fprintf(f, "#SBATCH --mem=%lldM\n", (long long)((b->memory_node - 1) / (1 << 20) + 1));
    const int64_t seconds = (int64_t)ceil(b->seconds);
    if (seconds > 0)
        fprintf(f, "#SBATCH --time=%02lld:%02d:%02d\n", (long long)(seconds / 3600),
                (int)(seconds / 60 % 60), (int)(seconds % 60));
    if (b->warning >= 1 && (seconds == 0 || seconds >= SHORTEST_WARNED))
        fprintf(f, "#SBATCH --signal=USR1@%d\n", (int)fmin(b->warning, 65535));
    fputs("#SBATCH --requeue\n", f);
    sbatch_option(s, "partition", b->partition);
    sbatch_option(s, "account", b->account);
    sbatch_option(s, "qos", b->qos);
    sbatch_option(s, "constraint", b->constraint);
    if (s->array && !s->merge)
        fprintf(f, "#SBATCH --array=1-%lld\n", (long long)b->parts);
    for (int i = 0; i < b->n_extra; i++)
        fprintf(f, "#SBATCH %s\n", b->extra[i]);
}

/* --- the body --------------------------------------------------------------------------------- */

static const char needs_slurm[] = "\n"
                                  "set -u\n"
                                  "if [ -z \"${SLURM_JOB_ID:-}\" ]; then\n"
                                  "    echo \"this is a batch script: give it to sbatch\" >&2\n"
                                  "    exit 2\n"
                                  "fi\n"
                                  "job=$SLURM_JOB_ID\n";

static const char array_job[] =
    "if [ -z \"${SLURM_ARRAY_TASK_ID:-}\" ]; then\n"
    "    echo \"this is the script of a job array: sbatch --array=K\" >&2\n"
    "    exit 2\n"
    "fi\n"
    "part=$SLURM_ARRAY_TASK_ID\n"
    "job=${SLURM_ARRAY_JOB_ID}_$part    # the number alone would mean the whole array\n";

/* How the ranks are started, and in which environment. */
static const char launching[] =
    "\n"
    "# One thread a rank, and what Open MPI needs under srun; set otherwise, that stands.\n"
    "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1\n"
    "export OMPI_MCA_osc=\"${OMPI_MCA_osc-^ucx}\"\n"
    "export OMPI_MCA_mpi_yield_when_idle=\"${OMPI_MCA_mpi_yield_when_idle-1}\"\n"
    "export PMIX_MCA_gds=\"${PMIX_MCA_gds-hash}\"\n"
    "\n"
    "# Where srun cannot start Open MPI programs: launch=(mpirun)\n"
    "launch=(srun --mpi=pmix --kill-on-bad-exit=1 --export=ALL --ntasks=\"$SLURM_NTASKS\")\n"
    "\n"
    "say() { printf 'dsep job: %s\\n' \"$*\"; }\n"
    "\n"
    "# The runs of this job are remembered: a line where one begins and one where it ends.\n"
    "note() { printf '%s job %s %s\\n' \"$(date '+%F %T')\" \"$job\" \"$*\" >>\"$runs\"; }\n"
    "\n"
    "requeues() {\n"
    "    local count\n"
    "    count=$(grep -c \" job $job run .*; requeued for run \" \"$runs\" 2>/dev/null)\n"
    "    echo \"${count:-0}\"\n"
    "}\n"
    "\n"
    "# What there is to go on from.\n"
    "kept() {\n"
    "    local file\n"
    "    for file in \"$made.checkpoint\" \"$made.checkpoint.old\"; do\n"
    "        [ -s \"$file\" ] || continue\n"
    "        echo \"$file of $(date -r \"$file\" '+%F %T')\"\n"
    "        return 0\n"
    "    done\n"
    "    return 1\n"
    "}\n"
    "\n"
    "# srun can end with 0 when the network fails: whether this run says that it is done.\n"
    "whole() {\n"
    "    [ -e \"$made\" ] && { [ ! \"$made\" -ot \"$runs\" ] || { [ ! \"$progress\" -ot \"$runs\" "
    "] &&\n"
    "        grep -q '\"state\": *\"done\"' \"$progress\"; }; }\n"
    "}\n"
    "\n"
    "fail() {\n"
    "    say \"$2\"\n"
    "    note \"run $run failed ($1): $2\"\n"
    "    exit \"$1\"\n"
    "}\n"
    "\n"
    "# A signal to this script goes on to the ranks; SIGTERM is the end of the job.\n"
    "step='' caught='' ending=''\n"
    "pass() {\n"
    "    caught=$1\n"
    "    [ -z \"$step\" ] || kill -s \"$1\" \"$step\" 2>/dev/null\n"
    "}\n"
    "trap 'pass USR1' USR1\n"
    "trap 'ending=yes; pass TERM' TERM\n";

/* What the log says when a run begins. */
static const char beginning[] =
    "\n"
    "run=1 last=''\n"
    "if [ -s \"$runs\" ]; then\n"
    "    run=$(($(grep -c ' began on ' \"$runs\") + 1))\n"
    "    last=$(tail -n 1 \"$runs\")\n"
    "fi\n"
    "here=\"$SLURM_JOB_NUM_NODES node(s) ($SLURM_JOB_NODELIST), $SLURM_NTASKS rank(s)\"\n"
    "say \"$(date '+%F %T') run $run, job $job, on $here\"\n"
    "case $last in\n"
    "    '') ;;\n"
    "    *' began on '*) say \"the run before ended without a word: its node failed, or it was "
    "killed (${last:0:19} began)\" ;;\n"
    "    *) say \"the run before: $last\" ;;\n"
    "esac\n"
    "if [ \"${SLURM_RESTART_COUNT:-0}\" -gt 0 ]; then\n"
    "    say \"Slurm has started this job $((SLURM_RESTART_COUNT + 1)) times\"\n"
    "fi\n"
    "note \"run $run began on $here\" || say \"cannot write $runs\"\n";

static const char anew[] =
    "\n"
    "# --restart: the first run begins anew, those that follow go on.\n"
    "[ \"$run\" -gt 1 ] || rm -f -- \"$made.checkpoint\" \"$made.checkpoint.old\"\n";

static const char part_anew[] = "[ \"$run\" -gt 1 ] || rm -f -- \"$made\"\n";

static const char running[] =
    "\n"
    "if before=$(kept); then say \"going on from checkpoint $before\"; else\n"
    "    before=''\n"
    "    say \"from the beginning: there is no checkpoint\"\n"
    "fi\n"
    "\n"
    "cd -- \"$where\" || fail 5 \"the directory $where is not on this node\"\n"
    "[ -x \"$program\" ] || fail 5 \"$program is not on this node\"\n"
    "if [ \"${launch[0]}\" = srun ] && ! srun --mpi=list 2>&1 | grep -q pmix; then\n"
    "    fail 5 \"srun has no pmix here (srun --mpi=list): write launch=(mpirun) into $script and "
    "submit it again, or ask for Slurm's pmix plugin\"\n"
    "fi\n"
    "\n"
    "# dsep keeps a checkpoint before the job must end. Newer Slurms tell it when.\n"
    "if [ -z \"${SLURM_JOB_END_TIME:-}\" ]; then\n"
    "    end=$(SLURM_TIME_FORMAT=standard squeue -h -j \"$job\" -o %e 2>/dev/null)\n"
    "    [ -n \"$end\" ] && end=$(date -d \"$end\" +%s 2>/dev/null) && "
    "export SLURM_JOB_END_TIME=\"$end\"\n"
    "fi\n"
    "\n"
    "# A node that was lost and comes back would end the step that has the number of its own, and "
    "so\n"
    "# each start after a loss has another.\n"
    "lost=$((${SLURM_RESTART_COUNT:-0} - $(requeues)))\n"
    "for ((i = 0; i < lost && i < 100; i++)); do srun --ntasks=1 --nodes=1 true; done\n"
    "\n"
    "code=85\n"
    "if [ -z \"$caught\" ]; then\n"
    "    \"${launch[@]}\" \"$program\" \"${command[@]}\" &\n"
    "    step=$!\n"
    "    caught=waiting\n"
    "    while [ -n \"$caught\" ]; do # a signal ends wait\n"
    "        caught=''\n"
    "        wait \"$step\"\n"
    "        code=$?\n"
    "    done\n"
    "fi\n";

/* What the log says when a run has ended, and what becomes of the job. */
static const char ended[] =
    "\n"
    "again=\"sbatch $again\"\n"
    "case $code in\n"
    "    0)\n"
    "        whole || fail 1 \"srun ended with 0, but nothing says that $made is whole: a node or "
    "the "
    "network failed. Slurm starts the job again when it has given the node up; otherwise $again "
    "goes "
    "on from the last checkpoint\"\n"
    "        say \"done: $made\"\n"
    "        note \"run $run done (0)\"\n"
    "        exit 0\n"
    "        ;;\n"
    "    85) ;; # stopped in good order: see below\n"
    "    2 | 3) fail $code \"dsep refused the command or its data and says above what to change\" "
    ";;\n"
    "    4) fail 4 \"it does not fit this job; dsep says above what would. Submit it again with "
    "more\" ;;\n"
    "    5) fail 5 \"reading or writing failed, as dsep says above; when that is mended, "
    "$again goes on from the last checkpoint\" ;;\n"
    "    70) fail 70 \"a fault of dsep, which says more above; please report it\" ;;\n"
    "    137) fail 137 \"a rank was killed (SIGKILL): out of memory, by a person, or its node is "
    "going down. $again goes on from the last checkpoint; out of memory, submit it with more "
    "--memory\" ;;\n"
    "    138) fail 138 \"the warning came before anything could be kept; submit it with more "
    "--time\" ;;\n"
    "    143) fail 143 \"the job was ended (SIGTERM) before this run was in good order; $again "
    "goes "
    "on from the last checkpoint\" ;;\n"
    "    *) fail \"$code\" \"a rank or the launch failed with $code, see above; $again goes on "
    "from the last checkpoint\" ;;\n"
    "esac\n"
    "\n"
    "after=$(kept) || after=''\n"
    "carried=\"stopped with checkpoint $after\"\n"
    "[ \"$after\" != \"$before\" ] || carried=\"stopped with nothing new kept\"\n"
    "if [ -n \"$ending\" ]; then\n"
    "    fail 85 \"$carried; the job was cancelled or its time is over. $again goes on\"\n"
    "fi\n"
    "if [ \"$after\" = \"$before\" ] && [[ $last == *'nothing new kept'* ]]; then\n"
    "    fail 85 \"$carried, like the run before: each run needs more --time\"\n"
    "fi\n"
    "requeues=$(requeues)\n"
    "if [ \"$requeues\" -ge \"$most_requeues\" ]; then\n"
    "    fail 85 \"$carried; it was requeued $requeues times, which is the most (--most-requeues). "
    "$again goes on\"\n"
    "fi\n"
    "say \"$carried; requeued for run $((run + 1)), $((most_requeues - requeues - 1)) left\"\n"
    "note \"run $run $carried; requeued for run $((run + 1))\" ||\n"
    "    fail 85 \"cannot write $runs, so it is not requeued; $again goes on\"\n"
    "trap '' TERM # requeuing ends this script\n"
    "scontrol requeue \"$job\" || fail 85 \"Slurm would not requeue it; $again goes on\"\n"
    "exit 85\n";

/* What this job leaves, and where it says how far it is. */
static void places(const sheet *s) {
    const dsep_batch *b = s->batch;
    FILE *f = s->file;
    variable(s, "where", b->where);
    variable(s, "program", b->program);
    variable(s, "directory", b->directory);
    variable(s, "output", b->output);
    fprintf(f, "script=\"$directory%s\"\n", s->script);
    if (s->merge) {
        fprintf(
            f,
            "made=$output\nruns=\"$directory/runs-merge.txt\"\nparts=()\n"
            "for ((k = 1; k <= %lld; k++)); do parts+=(\"$output.part-$k-of-%lld\"); done\n"
            "progress=\"$directory/progress-merge.json\"\n"
            "command=(merge \"${parts[@]}\" --output \"$output\" --progress-file \"$progress\")\n",
            (long long)b->parts, (long long)b->parts);
    } else {
        if (s->array)
            fprintf(f,
                    "made=\"$output.part-$part-of-%lld\"\nruns=\"$directory/runs-$part.txt\"\n"
                    "progress=\"$directory/progress-$part.json\"\n",
                    (long long)b->parts);
        else
            fputs("made=$output\nruns=\"$directory/runs.txt\"\n"
                  "progress=\"$directory/progress.json\"\n",
                  f);
        fputs("command=", f);
        words(s);
        fputs("command+=(--progress-file \"$progress\"", f);
        if (s->array)
            fprintf(f, " --part \"$part/%lld\"", (long long)b->parts);
        fputs(")\n", f);
    }
    fprintf(f, "most_requeues=%lld\n", (long long)b->most_requeues);
    fputs(s->array && !s->merge ? "again=\"--array=$part $(printf %q \"$script\")\"\n"
                                : "again=$(printf %q \"$script\")\n",
          f);
}

static int write_sheet(const sheet *s, dsep_error *error) {
    const int code = check(s->batch, error);
    if (code)
        return code;
    head(s);
    request(s);
    fputs(needs_slurm, s->file);
    if (s->array && !s->merge)
        fputs(array_job, s->file);
    places(s);
    fputs(launching, s->file);
    fputs(beginning, s->file);
    if (s->batch->restart && !s->merge)
        fputs(anew, s->file);
    if (s->batch->restart && s->array && !s->merge)
        fputs(part_anew, s->file);
    fputs(running, s->file);
    fputs(ended, s->file);
    if (fflush(s->file) || ferror(s->file))
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot write the batch script");
    return DSEP_OK;
}

int dsep_batch_write(FILE *file, const dsep_batch *batch, dsep_error *error) {
    const sheet s = {batch, file, "/job.sh", 0, batch->parts > 0};
    return write_sheet(&s, error);
}

int dsep_batch_write_merge(FILE *file, const dsep_batch *batch, dsep_error *error) {
    const sheet s = {batch, file, "/merge.sh", 1, 1};
    return write_sheet(&s, error);
}
