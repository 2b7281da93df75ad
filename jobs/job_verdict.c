#include "jobs/job_verdict.h"

#include "mpi/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run writes its progress file every second or so, but a unit of work may last longer. */
static const double SILENCE = 15, LONG_SILENCE = 120;

/* --- Slurm's word ---------------------------------------------------------------------------- */

static int concerns(const dsep_job_part *part, const dsep_slurm_word *word) {
    if (word->merges || part->part == DSEP_JOB_MERGE)
        return word->merges && part->part == DSEP_JOB_MERGE;
    return part->part == DSEP_JOB_WHOLE || dsep_slurm_is_about(word, part->part);
}

/* The newest word counts: jobs may have been submitted again by hand. */
static int ask(dsep_job_view *view, dsep_slurm *slurm, const char *number, dsep_error *error) {
    char *answer = NULL;
    dsep_slurm_word word;
    const int code = dsep_slurm_ask(slurm, number, &answer, error);
    for (const char *at = answer; !code && dsep_slurm_next(&at, &word);)
        for (int64_t i = 0; i < view->n_parts; i++)
            if ((!view->directory || strcmp(word.directory, view->directory) == 0) &&
                concerns(&view->parts[i], &word) && word.number > view->parts[i].slurm.number)
                view->parts[i].slurm = word;
    free(answer);
    return code;
}

static int is_number(const char *text) {
    return *text && strspn(text, "0123456789") == strlen(text);
}

static int ask_all(dsep_job_view *view, dsep_slurm *slurm, dsep_error *error) {
    int code = DSEP_OK;
    char number[32];
    const char *const names[] = {"job", "merge_job"};
    for (int i = 0; i < 2 && !code; i++)
        if (is_number(dsep_job_text(view->job, names[i])))
            code = ask(view, slurm, dsep_job_text(view->job, names[i]), error);
    if (!view->directory && is_number(dsep_job_text(view->parts->progress, "job")))
        return ask(view, slurm, dsep_job_text(view->parts->progress, "job"), error);
    int64_t before = 0, found;
    for (const char *at = slurm->queue;
         !code && view->directory && (found = dsep_slurm_next_in(&at, view->directory));
         before = found) {
        snprintf(number, sizeof number, "%lld", (long long)found);
        if (found != before && strcmp(number, dsep_job_text(view->job, "job")) != 0 &&
            strcmp(number, dsep_job_text(view->job, "merge_job")) != 0)
            code = ask(view, slurm, number, error);
    }
    return code;
}

/* --- states ---------------------------------------------------------------------------------- */

/* Seconds since the progress file was written; -1 without one. */
static double age_of(const dsep_job_part *part) {
    const int64_t moment = dsep_slurm_moment(dsep_job_text(part->progress, "updated"));
    return moment < 0 ? -1 : (double)(dsep_clock_now() - moment);
}

int dsep_job_is_current(const dsep_job_part *part) {
    const char *job = dsep_job_text(part->progress, "job");
    if (!part->progress || part->slurm.number == 0)
        return part->progress != NULL;
    return strtoll(job, NULL, 10) == part->slurm.number &&
           dsep_job_number_of(part->progress, "restarts", 0) == (double)part->slurm.restarts;
}

/* Of a run on this machine that no batch system looks after. */
static int is_process_gone(const json_t *progress) {
    char host[256] = "";
    const double pid = dsep_job_number_of(progress, "pid", 0);
    gethostname(host, sizeof host - 1);
    return !*dsep_job_text(progress, "job") && strcmp(dsep_job_text(progress, "host"), host) == 0 &&
           pid > 0 && pid < 1e9 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* By the run's own word. */
static dsep_job_state judge_progress(const dsep_job_part *part) {
    const char *state = dsep_job_text(part->progress, "state");
    if (strcmp(state, "done") == 0)
        return DSEP_JOB_DONE;
    if (strcmp(state, "stopped") == 0)
        return DSEP_JOB_STOPPED;
    if (strcmp(state, "failed") == 0)
        return DSEP_JOB_FAILED;
    if (strcmp(state, "running") != 0)
        return DSEP_JOB_UNKNOWN;
    return age_of(part) > LONG_SILENCE || is_process_gone(part->progress) ? DSEP_JOB_SILENT
                                                                          : DSEP_JOB_RUNNING;
}

/* A node that is gone is cleared away while its job already waits for the next run. */
static dsep_job_state judge_running(const dsep_job_part *part) {
    if (strcmp(part->slurm.state, "COMPLETING") == 0 && part->slurm.restarts > 0 &&
        !dsep_job_is_current(part))
        return DSEP_JOB_REQUEUED;
    return dsep_job_is_current(part) ? DSEP_JOB_RUNNING : DSEP_JOB_STARTING;
}

/* Whether the end of the log holds what Slurm says when it kills for memory: without control groups
 * it calls such a job failed. */
static int was_memory(const dsep_job_part *part) {
    enum { MOST = 2000 };
    static const char *const words[] = {"exceeded memory limit", "oom_kill", "oom-kill",
                                        "Out Of Memory"};
    char text[MOST + 1] = "";
    int found = 0;
    FILE *file = part->log_path ? fopen(part->log_path, "r") : NULL;
    if (!file)
        return 0;
    if (fseek(file, -MOST, SEEK_END) != 0)
        rewind(file);
    text[fread(text, 1, MOST, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        found |= strstr(text, words[i]) != NULL;
    return found;
}

static dsep_job_state judge_failed(const dsep_job_part *part) {
    const char *code = part->slurm.exit_code;
    if (strcmp(code, "85:0") == 0)
        return DSEP_JOB_STOPPED;
    return strcmp(code, "137:0") == 0 && was_memory(part) ? DSEP_JOB_MEMORY : DSEP_JOB_FAILED;
}

static dsep_job_state judge_slurm(const dsep_job_part *part) {
    static const struct {
        const char *word;
        dsep_job_state state;
    } words[] = {
        {"COMPLETED", DSEP_JOB_DONE},        {"CANCELLED", DSEP_JOB_CANCELLED},
        {"PREEMPTED", DSEP_JOB_CANCELLED},   {"REVOKED", DSEP_JOB_CANCELLED},
        {"TIMEOUT", DSEP_JOB_TIMEOUT},       {"DEADLINE", DSEP_JOB_TIMEOUT},
        {"NODE_FAIL", DSEP_JOB_NODE_FAILED}, {"BOOT_FAIL", DSEP_JOB_NODE_FAILED},
        {"OUT_OF_MEMORY", DSEP_JOB_MEMORY},  {"SUSPENDED", DSEP_JOB_SUSPENDED},
        {"STOPPED", DSEP_JOB_SUSPENDED},     {"CONFIGURING", DSEP_JOB_STARTING},
        {"REQUEUED", DSEP_JOB_REQUEUED},     {"REQUEUE_HOLD", DSEP_JOB_REQUEUED},
        {"SPECIAL_EXIT", DSEP_JOB_REQUEUED},
    };
    const dsep_slurm_word *word = &part->slurm;
    if (strcmp(word->state, "PENDING") == 0)
        return word->restarts > 0 ? DSEP_JOB_REQUEUED : DSEP_JOB_PENDING;
    if (strcmp(word->state, "FAILED") == 0)
        return judge_failed(part);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word->state, words[i].word) == 0)
            return words[i].state;
    return judge_running(part); /* RUNNING, COMPLETING, SIGNALING, ... */
}

int dsep_job_judge(dsep_job_view *view, dsep_slurm *slurm, dsep_error *error) {
    const int code = ask_all(view, slurm, error);
    for (int64_t i = 0; i < view->n_parts; i++) {
        dsep_job_part *part = &view->parts[i];
        part->state = part->slurm.number > 0 ? judge_slurm(part) : judge_progress(part);
    }
    return code;
}

static int64_t count(const dsep_job_view *view, dsep_job_state state) {
    int64_t found = 0;
    for (int64_t i = 0; i < view->n_parts; i++)
        found += view->parts[i].state == state;
    return found;
}

dsep_job_state dsep_job_whole_state(const dsep_job_view *view) {
    static const dsep_job_state order[] = {
        DSEP_JOB_FAILED,    DSEP_JOB_MEMORY,  DSEP_JOB_NODE_FAILED, DSEP_JOB_TIMEOUT,
        DSEP_JOB_CANCELLED, DSEP_JOB_RUNNING, DSEP_JOB_STARTING,    DSEP_JOB_REQUEUED,
        DSEP_JOB_SUSPENDED, DSEP_JOB_SILENT,  DSEP_JOB_STOPPED,     DSEP_JOB_PENDING,
        DSEP_JOB_UNKNOWN};
    if (view->parts[view->n_parts - 1].state == DSEP_JOB_DONE)
        return DSEP_JOB_DONE; /* with the merge all is done */
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (count(view, order[i]) > 0)
            return order[i];
    return DSEP_JOB_DONE;
}

const char *dsep_job_state_name(dsep_job_state state) {
    static const char *const names[] = {[DSEP_JOB_UNKNOWN] = "unknown",
                                        [DSEP_JOB_PENDING] = "pending",
                                        [DSEP_JOB_REQUEUED] = "requeued",
                                        [DSEP_JOB_STARTING] = "starting",
                                        [DSEP_JOB_RUNNING] = "running",
                                        [DSEP_JOB_SUSPENDED] = "suspended",
                                        [DSEP_JOB_DONE] = "done",
                                        [DSEP_JOB_STOPPED] = "stopped",
                                        [DSEP_JOB_SILENT] = "silent",
                                        [DSEP_JOB_CANCELLED] = "cancelled",
                                        [DSEP_JOB_TIMEOUT] = "timeout",
                                        [DSEP_JOB_NODE_FAILED] = "node failed",
                                        [DSEP_JOB_MEMORY] = "out of memory",
                                        [DSEP_JOB_FAILED] = "failed"};
    return names[state];
}

/* --- words ----------------------------------------------------------------------------------- */

/* Slurm's reasons for waiting. Those that begin with a word here are told in these. */
static const struct {
    const char *reason, *words;
} waits[] = {
    {"DependencyNeverSatisfied", "never starts: the job that it waits for did not succeed"},
    {"Dependency", "waits for another job"},
    {"Resources", "is next, and waits until enough nodes are free"},
    {"Priority", "waits behind jobs of higher priority"},
    {"BeginTime", "waits for its time to begin"},
    {"JobHeldUser", "is held by its owner"},
    {"JobHeldAdmin", "is held by an administrator"},
    {"JobHoldMaxRequeue", "is held: Slurm has begun it again too often"},
    {"JobArrayTaskLimit", "waits: as many parts run as the array allows at a time"},
    {"launch_failed_requeued_held", "is held: Slurm could not start it on its nodes"},
    {"PartitionTimeLimit", "asks for more time than the partition allows"},
    {"PartitionNodeLimit", "asks for more nodes than the partition allows"},
    {"PartitionDown", "waits: the partition is down"},
    {"PartitionInactive", "waits: the partition is inactive"},
    {"ReqNodeNotAvail", "waits for nodes that are down, reserved or in maintenance"},
    {"Nodes_required", "waits for nodes that are down, drained or reserved"},
    {"NodeDown", "waits for a node that is down"},
    {"BadConstraints", "asks for what no node has"},
    {"Reservation", "waits for its reservation"},
    {"Licenses", "waits for licences"},
    {"QOS", "waits: a limit of its quality of service is reached"},
    {"Assoc", "waits: a limit of its account is reached"},
    {"MaxGRES", "waits: a limit is reached"},
};

static void why_waiting(const dsep_slurm_word *word, FILE *text) {
    const char *words = NULL;
    for (size_t i = 0; !words && i < sizeof waits / sizeof *waits; i++)
        if (strncmp(word->reason, waits[i].reason, strlen(waits[i].reason)) == 0)
            words = waits[i].words;
    const int depends = strncmp(word->reason, "Dependency", 10) == 0;
    if (strcmp(word->state, "COMPLETING") == 0)
        fputs("Slurm ends its last run first", text);
    else if (strcmp(word->reason, "None") == 0 || !*word->reason)
        fputs("Slurm has not looked at it yet", text);
    else if (words)
        fprintf(text, "%s (%s)", words, depends ? word->dependency : word->reason);
    else
        fprintf(text, "waits: %s", word->reason);
    if (dsep_slurm_moment(word->start) >= 0)
        fprintf(text, "; begins about %s", word->start);
}

static void why_failed(const dsep_job_part *part, FILE *text) {
    char *end = NULL;
    const long code = strtol(part->slurm.exit_code, &end, 10);
    const long number = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
    if (part->slurm.number == 0)
        fprintf(text, "exit code %.0f", dsep_job_number_of(part->progress, "code", 0));
    else if (code == 137 || number == 9)
        fprintf(text, "a rank was killed (exit code %ld): out of memory, or by hand", code);
    else if (code == 0 && number > 0)
        fprintf(text, "%s, signal %ld", part->slurm.reason, number);
    else
        fprintf(text, "exit code %ld", code);
}

static void why_silent(const dsep_job_part *part, FILE *text) {
    char span[64];
    dsep_clock_span(age_of(part), span, sizeof span);
    if (is_process_gone(part->progress))
        fprintf(text, "its process is gone without a word; last heard of %s ago", span);
    else
        fprintf(text, "nothing was heard of it for %s: killed, or in a long piece of work", span);
}

static void why_running(const dsep_job_part *part, FILE *text) {
    char span[64];
    const char *state = dsep_job_text(part->progress, "state");
    if (part->state == DSEP_JOB_STARTING && part->slurm.number > 0)
        fprintf(text, "on %s since %s; the program has not said anything yet", part->slurm.nodes,
                part->slurm.start);
    else if (part->slurm.number > 0)
        fprintf(text, "on %s since %s", part->slurm.nodes, part->slurm.start);
    else
        fprintf(text, "on %s since %s", dsep_job_text(part->progress, "host"),
                dsep_job_text(part->progress, "started"));
    if (part->state != DSEP_JOB_RUNNING)
        return;
    dsep_clock_span(age_of(part), span, sizeof span);
    if (*state && strcmp(state, "running") != 0)
        fprintf(text, "; the program has ended (%s), the job is about to", state);
    else if (age_of(part) > SILENCE && age_of(part) <= LONG_SILENCE)
        fprintf(text, "; last heard of %s ago", span);
    else if (age_of(part) > LONG_SILENCE)
        fprintf(text,
                "; nothing was heard of it for %s: a long piece of work, a slow file system, or "
                "ranks that wait for a network that is cut",
                span);
}

void dsep_job_why(const dsep_job_part *part, char *words, int size) {
    *words = '\0';
    FILE *text = fmemopen(words, (size_t)size, "w");
    if (!text)
        return;
    const dsep_slurm_word *word = &part->slurm;
    switch (part->state) {
    case DSEP_JOB_PENDING:
    case DSEP_JOB_REQUEUED:
        why_waiting(word, text);
        break;
    case DSEP_JOB_STARTING:
    case DSEP_JOB_RUNNING:
        why_running(part, text);
        break;
    case DSEP_JOB_SILENT:
        why_silent(part, text);
        break;
    case DSEP_JOB_STOPPED:
        fputs("in good order, with a checkpoint, and was not requeued", text);
        break;
    case DSEP_JOB_CANCELLED:
        fprintf(text, "%s",
                strcmp(word->state, "PREEMPTED") == 0 ? "by a job of higher priority" : "by hand");
        break;
    case DSEP_JOB_TIMEOUT:
        fprintf(text, "ended by Slurm at its limit of %s, before it could stop by itself",
                word->limit);
        break;
    case DSEP_JOB_NODE_FAILED:
        fprintf(text, "one of %s failed", word->nodes);
        break;
    case DSEP_JOB_MEMORY:
        fputs("a node had less memory than the job used", text);
        break;
    case DSEP_JOB_FAILED:
        why_failed(part, text);
        break;
    case DSEP_JOB_UNKNOWN:
        fputs("it has written no progress file, and Slurm tells nothing of it", text);
        break;
    default:
        break;
    }
    fclose(text);
}

static int exit_code(const dsep_job_part *part) {
    return part->slurm.number > 0 ? (int)strtol(part->slurm.exit_code, NULL, 10)
                                  : (int)dsep_job_number_of(part->progress, "code", 0);
}

/* How to begin the part again. */
static void again(const dsep_job_view *view, const dsep_job_part *part, FILE *text) {
    if (!view->directory)
        fputs("the same command goes on from its checkpoint, where it has kept one", text);
    else if (part->part == DSEP_JOB_MERGE)
        fprintf(text, "sbatch %s/merge.sh unites the parts, once all are done", view->directory);
    else if (part->part > 0)
        fprintf(text, "sbatch --array=%lld %s/job.sh goes on with it; then sbatch %s/merge.sh",
                (long long)part->part, view->directory, view->directory);
    else
        fprintf(text, "sbatch %s/job.sh goes on from the checkpoint, where there is one",
                view->directory);
}

void dsep_job_advice(const dsep_job_view *view, const dsep_job_part *part, char *words, int size) {
    const dsep_slurm_word *word = &part->slurm;
    *words = '\0';
    FILE *text = fmemopen(words, (size_t)size, "w");
    if (!text)
        return;
    const int waits_now = part->state == DSEP_JOB_PENDING || part->state == DSEP_JOB_REQUEUED;
    if (waits_now && strstr(word->reason, "NeverSatisfied")) {
        fprintf(text, "scancel %lld; then ", (long long)word->number);
        again(view, part, text);
    } else if (waits_now && strstr(word->reason, "PartitionTimeLimit")) {
        fprintf(text,
                "scontrol update JobId=%lld TimeLimit=HH:MM:SS, or another partition; sinfo -o "
                "'%%P %%l' lists limits",
                (long long)word->number);
    } else if (waits_now && (strstr(word->reason, "Held") || strstr(word->reason, "held") ||
                             strstr(word->reason, "JobHold"))) {
        fprintf(text, "scontrol release %lld lets it go on", (long long)word->number);
    } else if (part->state == DSEP_JOB_MEMORY || part->state == DSEP_JOB_TIMEOUT) {
        again(view, part, text);
        fprintf(text, "; ask for more %s",
                part->state == DSEP_JOB_MEMORY ? "memory with dsep submit --memory"
                                               : "time with dsep submit --time");
    } else if (part->state >= DSEP_JOB_STOPPED) {
        const int code = part->state == DSEP_JOB_FAILED ? exit_code(part) : DSEP_OK;
        fputs(part->state == DSEP_JOB_SILENT ? "if it is gone: "
              : code == DSEP_ERROR_USAGE || code == DSEP_ERROR_DATA ||
                      code == DSEP_ERROR_RESOURCES || code == DSEP_ERROR_IO
                  ? "once that is put right: "
                  : "",
              text);
        again(view, part, text);
    }
    fclose(text);
}
