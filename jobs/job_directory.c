#include "jobs/job_directory.h"

#include "mpi/clock.h"
#include "mpi/memory.h"
#include "slurm/scheduler.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char script_name[] = "job.sh", merge_name[] = "merge.sh", json_name[] = "job.json";

static int ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

char *dsep_job_directory_path(const char *output) {
    const char *const suffix = ends_with(output, ".hdf5") ? ".hdf5" : ".h5";
    const size_t stem = strlen(output) - (ends_with(output, suffix) ? strlen(suffix) : 0);
    char *path = NULL;
    return asprintf(&path, "%.*s.job", (int)stem, output) < 0 ? NULL : path;
}

static char *file_in(const char *path, const char *name) {
    char *file = NULL;
    return asprintf(&file, "%s/%s", path, name) < 0 ? NULL : file;
}

/* --- whether an earlier job is still there ---------------------------------------------------- */

/* Whether squeue's answer, lines of NUMBER|STATE|SCRIPT, tells of a live job; script: NULL for
 * any, else a job whose script lies in this directory. */
static int find_live(char *answer, const char *path, char number[64], char state[64]) {
    const size_t length = path ? strlen(path) : 0;
    for (char *line; (line = strsep(&answer, "\n"));) {
        const char *found = strsep(&line, "|"), *how = strsep(&line, "|");
        if (!how || !line)
            continue;
        if (path && (strncmp(line, path, length) != 0 || line[length] != '/' ||
                     (strcmp(line + length + 1, script_name) != 0 &&
                      strcmp(line + length + 1, merge_name) != 0)))
            continue;
        snprintf(number, 64, "%s", found);
        snprintf(state, 64, "%s", how);
        return 1;
    }
    return 0;
}

/* One question to squeue. A Slurm that is not there knows of no job. */
static int ask(const char *option, const char *value, const char *path, char number[64],
               char state[64], dsep_error *error) {
    static const char format[] = "%F|%T|%o";
    char *output = NULL;
    int status = 0, found = 0;
    char *argv[] = {"squeue", "-h", "-o", (char *)format, (char *)option, (char *)value, NULL};
    const int code = dsep_scheduler_run(argv, &output, &status, error);
    if (!code && status == 0)
        found = find_live(output, path, number, state);
    free(output);
    return code ? -code : found;
}

/* The number in job.json, "" without. */
static void remembered(const char *path, char number[64]) {
    char *file = file_in(path, json_name);
    json_t *json = file ? json_load_file(file, 0, NULL) : NULL;
    const char *text = json ? json_string_value(json_object_get(json, "job")) : NULL;
    snprintf(number, 64, "%s", text ? text : "");
    json_decref(json);
    free(file);
}

int dsep_job_directory_free(const char *path, dsep_error *error) {
    char number[64] = "", state[64] = "", known[64] = "";
    remembered(path, known);
    int found = *known ? ask("-j", known, NULL, number, state, error) : 0;
    if (found == 0)
        found = ask("--me", NULL, path, number, state, error);
    if (found <= 0)
        return -found;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "job %s of '%s' is there already (%s); cancel it with `scancel %s`, or "
                          "give the result another path with -o",
                          number, path, state, number);
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_script(const char *path, const char *name, const dsep_batch *batch, int merge,
                        dsep_error *error) {
    char *file = file_in(path, name);
    if (!file)
        return dsep_out_of_memory(error, "a path");
    FILE *stream = fopen(file, "w");
    int code = DSEP_OK;
    if (!stream)
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot write '%s': %s", file, strerror(errno));
    else
        code = merge ? dsep_batch_write_merge(stream, batch, error)
                     : dsep_batch_write(stream, batch, error);
    if (stream && fclose(stream) && !code)
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot write '%s': %s", file, strerror(errno));
    if (!code)
        chmod(file, 0755);
    free(file);
    return code;
}

static int is_progress(const char *name) {
    return strncmp(name, "progress", 8) == 0 && ends_with(name, ".json");
}

static int is_runs(const char *name) {
    return strncmp(name, "runs", 4) == 0 && ends_with(name, ".txt");
}

/* What a job that is over said of itself. One that begins anew does not remember its runs. */
static void remove_traces(const char *path, int anew) {
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (is_progress(entry->d_name) || (anew && is_runs(entry->d_name)))
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

static void remove_made(const dsep_job_directory *job) {
    static const char *const names[] = {script_name, merge_name, json_name};
    for (int i = 0; i < 3 && job->made; i++) {
        char *file = file_in(job->path, names[i]);
        if (file)
            unlink(file);
        free(file);
    }
    if (job->made)
        rmdir(job->path);
}

static int write_json(const dsep_job_directory *job, const dsep_batch *b, dsep_error *error) {
    char date[32];
    dsep_clock_date(dsep_clock_now(), date);
    json_t *words = json_array();
    for (int i = 0; i < b->n_arguments; i++)
        json_array_append_new(words, json_string(b->arguments[i]));
    json_t *json =
        json_pack("{s:s, s:s*, s:o, s:s, s:s, s:I, s:s, s:I, s:s}", "job", job->job, "merge_job",
                  *job->merge_job ? job->merge_job : NULL, "command", words, "output", b->output,
                  "directory", b->where, "parts", (json_int_t)b->parts, "submitted", date,
                  "most_requeues", (json_int_t)b->most_requeues, "name", b->name);
    if (json && !*job->merge_job)
        json_object_set_new(json, "merge_job", json_null());
    char *file = file_in(job->path, json_name), *beside = file_in(job->path, "job.json.tmp");
    int code = DSEP_OK;
    if (!json || !file || !beside || json_dump_file(json, beside, JSON_INDENT(2)) ||
        rename(beside, file))
        code = dsep_error_set(error, DSEP_ERROR_IO,
                              "job %s is submitted, but '%s/%s' could not be written", job->job,
                              job->path, json_name);
    json_decref(json);
    free(file);
    free(beside);
    return code;
}

/* --- submitting ------------------------------------------------------------------------------- */

/* Gives a script to sbatch; its job's number. */
static int sbatch(const char *path, const char *name, const char *after, char number[64],
                  dsep_error *error) {
    char *output = NULL, *file = file_in(path, name), *dependency = NULL;
    int status = 0, at = 2;
    char *argv[] = {"sbatch", "--parsable", NULL, NULL, NULL, NULL};
    if (!file || (after && asprintf(&dependency, "--dependency=afterok:%s", after) < 0)) {
        free(file);
        return dsep_out_of_memory(error, "a path");
    }
    if (after) {
        argv[at++] = dependency;
        argv[at++] = "--kill-on-invalid-dep=yes";
    }
    argv[at] = file;
    int code = dsep_scheduler_run(argv, &output, &status, error);
    if (!code && status == 127)
        code = dsep_error_set(error, DSEP_ERROR_IO,
                              "there is no sbatch here; submit where Slurm is, or write the script "
                              "with --print");
    else if (!code && (status != 0 || output[0] < '0' || output[0] > '9'))
        code = dsep_error_set(error, DSEP_ERROR_IO, "sbatch refused the job: %.1500s",
                              strdupa(*error->text ? error->text : output));
    if (!code)
        snprintf(number, 64, "%.*s", (int)strspn(output, "0123456789"), output);
    free(output);
    free(file);
    free(dependency);
    return code;
}

int dsep_job_directory_submit(dsep_job_directory *job, const dsep_batch *batch, dsep_error *error) {
    int code = DSEP_OK;
    job->made = mkdir(job->path, 0777) == 0;
    if (!job->made && errno != EEXIST)
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot make the directory '%s': %s", job->path,
                              strerror(errno));
    DSEP_TRY(write_script(job->path, script_name, batch, 0, error));
    if (batch->parts > 0)
        DSEP_TRY(write_script(job->path, merge_name, batch, 1, error));
    remove_traces(job->path, batch->restart);
    DSEP_TRY(sbatch(job->path, script_name, NULL, job->job, error));
    snprintf(job->words, sizeof job->words, "%.1000s", error->text);
    /* The array runs whatever becomes of the job behind it. */
    dsep_error why = {0};
    if (batch->parts > 0 && sbatch(job->path, merge_name, job->job, job->merge_job, &why))
        snprintf(job->refusal, sizeof job->refusal, "%.1000s", why.text);
    return write_json(job, batch, error);
cleanup:
    remove_made(job);
    if (!job->made && error->code == DSEP_ERROR_IO)
        return dsep_error_set(error, code,
                              "%.1500s; nothing runs, but the scripts in '%.400s' are new",
                              strdupa(error->text), job->path);
    return code;
}
