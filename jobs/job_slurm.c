#include "jobs/job_slurm.h"

#include "slurm/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- asking ---------------------------------------------------------------------------------- */

static void is_silent(dsep_slurm *slurm, const char *program, int status, const char *said) {
    slurm->answers = 0;
    if (status == 127)
        snprintf(slurm->why, sizeof slurm->why, "there is no Slurm on this machine (no %s)",
                 program);
    else
        snprintf(slurm->why, sizeof slurm->why, "Slurm does not answer (%.*s)",
                 (int)strcspn(said, "\n"), *said ? said : program);
}

int dsep_slurm_open(dsep_slurm *slurm, dsep_error *error) {
    int status = 0;
    char *const squeue[] = {"squeue", "--me", "--states=all", "--noheader", "--format=%F %o", NULL};
    *slurm = (dsep_slurm){.answers = 1};
    const int code = dsep_scheduler_run(squeue, &slurm->queue, &status, error);
    const int is_old = status != 0 && strstr(error->text, " option "); /* no --me before 20.02 */
    if (!code && status != 0 && !is_old)
        is_silent(slurm, "squeue", status, error->text);
    return code;
}

void dsep_slurm_close(dsep_slurm *slurm) {
    free(slurm->queue);
    *slurm = (dsep_slurm){0};
}

int dsep_slurm_ask(dsep_slurm *slurm, const char *number, char **answer, dsep_error *error) {
    int status = 0;
    char *const scontrol[] = {"scontrol", "--oneliner", "show", "job", strdupa(number), NULL};
    *answer = NULL;
    if (!slurm->answers) {
        *answer = strdup("");
        return *answer ? DSEP_OK
                       : dsep_error_set(error, DSEP_ERROR_RESOURCES, "no memory for an answer");
    }
    const int code = dsep_scheduler_run(scontrol, answer, &status, error);
    if (code || status == 0)
        return code;
    (*answer)[0] = '\0';
    if (!strstr(error->text, "nvalid job id"))
        is_silent(slurm, "scontrol", status, error->text);
    return DSEP_OK;
}

/* --- answers --------------------------------------------------------------------------------- */

/* A command line that begins with X.job/job.sh or X.job/merge.sh: bytes of X.job, else 0. */
static int script_directory(const char *command, int *merges) {
    static const char *const scripts[] = {".job/job.sh", ".job/merge.sh"};
    for (int i = 0; i < 2; i++) {
        const char *at = strstr(command, scripts[i]);
        const char after = at ? at[strlen(scripts[i])] : 'x';
        *merges = i;
        if (at && (after == '\0' || after == ' ' || after == '\n') &&
            !memchr(command, '\n', (size_t)(at - command)))
            return (int)(at - command) + 4;
    }
    return 0;
}

static void read_word(const char *line, dsep_slurm_word *word) {
    char text[4096];
    const struct {
        const char *name;
        char *field;
        int size;
    } fields[] = {
        {"ArrayTaskId", word->tasks, sizeof word->tasks},
        {"JobState", word->state, sizeof word->state},
        {"Reason", word->reason, sizeof word->reason},
        {"Dependency", word->dependency, sizeof word->dependency},
        {"NodeList", word->nodes, sizeof word->nodes},
        {"ExitCode", word->exit_code, sizeof word->exit_code},
        {"StartTime", word->start, sizeof word->start},
        {"EndTime", word->end, sizeof word->end},
        {"TimeLimit", word->limit, sizeof word->limit},
        {"Partition", word->partition, sizeof word->partition},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        dsep_scheduler_field(line, fields[i].name, fields[i].field, fields[i].size);
    dsep_scheduler_field(line, "JobId", text, sizeof text);
    word->number = strtoll(text, NULL, 10);
    dsep_scheduler_field(line, "ArrayJobId", text, sizeof text);
    word->array = strtoll(text, NULL, 10);
    dsep_scheduler_field(line, "Restarts", text, sizeof text);
    word->restarts = strtoll(text, NULL, 10);
    dsep_scheduler_field(line, "Command", text, sizeof text);
    snprintf(word->directory, sizeof word->directory, "%.*s", script_directory(text, &word->merges),
             text);
}

int dsep_slurm_next(const char **at, dsep_slurm_word *word) {
    *word = (dsep_slurm_word){0};
    *at += strspn(*at, "\n");
    const size_t length = strcspn(*at, "\n");
    char *line = strndup(*at, length);
    *at += length;
    if (line && length > 0)
        read_word(line, word);
    free(line);
    return word->number > 0;
}

int dsep_slurm_is_about(const dsep_slurm_word *word, int64_t k) {
    for (const char *at = word->tasks; *at && *at != '%'; at += *at == ',') {
        char *end = NULL;
        const int64_t first = strtoll(at, &end, 10);
        int64_t last = first, step = 1;
        if (end == at)
            return 0;
        if (*end == '-')
            last = strtoll(end + 1, &end, 10);
        if (*end == ':')
            step = strtoll(end + 1, &end, 10);
        if (k >= first && k <= last && step > 0 && (k - first) % step == 0)
            return 1;
        at = end + strcspn(end, ",%");
        if (*at == '%')
            break;
    }
    return 0;
}

int64_t dsep_slurm_next_in(const char **at, const char *directory) {
    while (*at && **at) {
        const char *line = *at;
        char *command = NULL;
        const int64_t number = strtoll(line, &command, 10);
        *at = line + strcspn(line, "\n");
        *at += strspn(*at, "\n");
        command += *command == ' ';
        int merges = 0;
        const int length = script_directory(command, &merges);
        if (length > 0 && strlen(directory) == (size_t)length &&
            strncmp(command, directory, (size_t)length) == 0)
            return number;
    }
    return 0;
}

int64_t dsep_slurm_moment(const char *text) {
    struct tm parts = {.tm_isdst = -1};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!end || (*end && strcmp(end, "Z") != 0))
        return -1;
    return (int64_t)(*end ? timegm(&parts) : mktime(&parts));
}
