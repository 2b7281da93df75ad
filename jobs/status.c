/* dsep status: how far jobs are, by Slurm's word and their progress files. */
#include "jobs/commands.h"
#include "jobs/output.h"
#include "jobs/status_print.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    dsep_common_settings common;
    int json;
} settings;

static const dsep_option status_options[] = {
    {"json", 0, DSEP_OPTION_FLAG, offsetof(settings, json), NULL, NULL, 0, 0, NULL,
     "print all that is known as JSON: an object where one job is named, else one array of "
     "objects"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Status", status_options, 0, NULL},
    {"Common", dsep_common_options, offsetof(settings, common), NULL},
    {0},
};

/* --- which job ------------------------------------------------------------------------------- */

static int is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int ends_in(const char *text, const char *end) {
    const size_t length = strlen(text), short_length = strlen(end);
    return length >= short_length && strcmp(text + length - short_length, end) == 0;
}

/* A job's number, and the part of an array behind it: 123, or 123_4. 0 for other words. */
static int64_t parse_number(const char *word, int64_t *part) {
    char *end = NULL;
    *part = DSEP_JOB_WHOLE;
    if (strspn(word, "0123456789") == 0)
        return 0;
    const int64_t number = strtoll(word, &end, 10);
    if (*end == '_' && strspn(end + 1, "0123456789") > 0)
        *part = strtoll(end + 1, &end, 10);
    return *end ? 0 : number;
}

static int has_number(const json_t *job, int64_t number) {
    return strtoll(dsep_job_text(job, "job"), NULL, 10) == number ||
           strtoll(dsep_job_text(job, "merge_job"), NULL, 10) == number;
}

/* The job of this number among those below the current directory; NULL where there is none.
 * Damaged ones are passed over. */
static int search_below(int64_t number, dsep_error *error, char **directory) {
    char **paths = NULL;
    int64_t count = 0;
    const int code = dsep_job_find(".", error, &paths, &count);
    *directory = NULL;
    for (int64_t i = 0; i < count && !*directory; i++) {
        dsep_error ignored = {0};
        dsep_job_view *view = NULL;
        if (!dsep_job_view_read(paths[i], &ignored, &view) && has_number(view->job, number))
            *directory = strdup(paths[i]);
        dsep_job_view_destroy(&view);
    }
    dsep_job_paths_free(paths, count);
    return code;
}

/* Slurm knows where the script of its job is; of one that it has forgotten job.json tells. */
static int view_of_number(dsep_slurm *slurm, const char *word, int64_t number, dsep_error *error,
                          dsep_job_view **view) {
    int code = DSEP_OK;
    char *answer = NULL, *directory = NULL, digits[32];
    dsep_slurm_word said;
    snprintf(digits, sizeof digits, "%lld", (long long)number);
    DSEP_TRY(dsep_slurm_ask(slurm, digits, &answer, error));
    const char *at = answer;
    const int known = dsep_slurm_next(&at, &said);
    if (known && *said.directory && is_directory(said.directory))
        directory = strdup(said.directory);
    else
        DSEP_TRY(search_below(number, error, &directory));
    if (directory)
        code = dsep_job_view_read(directory, error, view);
    else if (known)
        code =
            dsep_error_set(error, DSEP_ERROR_DATA,
                           "job %s was not submitted with dsep submit; scontrol show job %s tells "
                           "what Slurm knows of it",
                           word, word);
    else
        code =
            dsep_error_set(error, DSEP_ERROR_DATA,
                           "no job %s: %s%s, and no job.json below this directory names it. Go to "
                           "where it was submitted, or give its directory: dsep status X.job",
                           word, slurm->answers ? "Slurm does not know it (any more)" : "",
                           slurm->answers ? "" : slurm->why);
cleanup:
    free(answer);
    free(directory);
    return code;
}

/* X.job for the result X.h5, or for X itself. Owner: the caller; NULL where there is none. */
static char *beside(const char *path) {
    char *directory = NULL;
    const int length = (int)strlen(path) - (ends_in(path, ".h5") ? 3 : 0);
    if (asprintf(&directory, "%.*s.job", length, path) < 0)
        return NULL;
    if (is_directory(directory))
        return directory;
    free(directory);
    return NULL;
}

static int view_of_path(const char *path, dsep_error *error, dsep_job_view **view) {
    char *directory = beside(path);
    struct stat status;
    int code;
    if (directory)
        code = dsep_job_view_read(directory, error, view);
    else if (is_directory(path))
        code = dsep_job_view_read(path, error, view);
    else if (ends_in(path, ".json"))
        code = dsep_job_view_file(path, error, view);
    else if (stat(path, &status) == 0)
        code = dsep_error_set(
            error, DSEP_ERROR_DATA,
            "'%s' is of no batch job: there is no job directory beside it; dsep show "
            "tells what is in a result",
            path);
    else
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "no job '%s': expected a job's directory X.job, its result X.h5, a "
                              "progress file X.json, or a job's number. dsep status lists the jobs "
                              "below this directory",
                              path);
    free(directory);
    return code;
}

/* Where it goes: text as it comes, JSON into a list that is printed at the end. */
typedef struct {
    FILE *stream;
    json_t *list; /* NULL: text */
    dsep_slurm *slurm;
} printer;

/* --- printing -------------------------------------------------------------------------------- */

static int add_json(json_t *list, const dsep_job_view *view, dsep_error *error) {
    return json_array_append_new(list, dsep_status_json(view)) ? dsep_out_of_memory(error, "JSON")
                                                               : DSEP_OK;
}

/* An object for one job that was asked for; else an array, whatever was found. */
static void print_json(FILE *stream, const json_t *list, int one) {
    const json_t *what = one ? json_array_get(list, 0) : list;
    if (what && json_dumpf(what, stream, JSON_INDENT(2)) == 0)
        fputc('\n', stream);
}

static int print_one(const printer *to, const char *word, dsep_error *error) {
    int code = DSEP_OK;
    int64_t part = DSEP_JOB_WHOLE;
    dsep_job_view *view = NULL;
    const int64_t number = parse_number(word, &part);
    if (number > 0 && !is_directory(word))
        DSEP_TRY(view_of_number(to->slurm, word, number, error, &view));
    else
        DSEP_TRY(view_of_path(word, error, &view));
    if (part > view->n_shares) {
        code = dsep_error_set(error, DSEP_ERROR_DATA, "job %lld has no part %lld: it has %lld",
                              (long long)number, (long long)part, (long long)view->n_shares);
        goto cleanup;
    }
    DSEP_TRY(dsep_job_judge(view, to->slurm, error));
    code = to->list ? add_json(to->list, view, error)
                    : dsep_status_details(to->stream, view, part, error);
cleanup:
    dsep_job_view_destroy(&view);
    return code;
}

/* Reads and judges them all; a damaged one is left out, and told at the end. */
static int judge_all(char *const *paths, int64_t count, dsep_slurm *slurm, dsep_job_view **views,
                     int64_t *n_views, dsep_error *error) {
    int damaged = DSEP_OK;
    for (int64_t i = 0; i < count; i++) {
        dsep_job_view *view = NULL;
        dsep_error why = {0};
        int code = dsep_job_view_read(paths[i], &why, &view);
        if (!code)
            code = dsep_job_judge(view, slurm, &why);
        if (!code)
            views[(*n_views)++] = view;
        else
            dsep_job_view_destroy(&view);
        if (code && !damaged)
            damaged = dsep_error_set(error, code, "%.2000s", why.text);
    }
    return damaged;
}

static int print_all(const printer *to, const char *where, dsep_error *error) {
    char **paths = NULL;
    int64_t count = 0, n_views = 0;
    int code = dsep_job_find(where, error, &paths, &count);
    dsep_job_view **views = dsep_array(count, sizeof *views);
    if (!code && !views)
        code = dsep_out_of_memory(error, "a list of jobs");
    if (code)
        goto cleanup;
    const int damaged = judge_all(paths, count, to->slurm, views, &n_views, error);
    for (int64_t i = 0; to->list && i < n_views && !code; i++)
        code = add_json(to->list, views[i], error);
    if (!to->list && count > 0)
        code = dsep_status_table(to->stream, views, n_views, error);
    else if (!to->list)
        fprintf(to->stream, "no jobs below %s: dsep submit makes X.job beside the result X.h5\n",
                strcmp(where, ".") == 0 ? "this directory" : where);
    code = code ? code : damaged;
cleanup:
    for (int64_t i = 0; views && i < n_views; i++)
        dsep_job_view_destroy(&views[i]);
    free(views);
    dsep_job_paths_free(paths, count);
    return code;
}

/* A directory that is no job's own, and has none beside it, is one to look below. */
static int is_to_search(const char *word) {
    int64_t part;
    char *job = NULL, *near = beside(word);
    const int own = asprintf(&job, "%s/job.json", word) < 0 || access(job, F_OK) == 0;
    const int search = !near && !own && is_directory(word) && !ends_in(word, ".job") &&
                       !ends_in(word, ".job/") && parse_number(word, &part) == 0;
    free(job);
    free(near);
    return search;
}

static int print(FILE *stream, void *data, dsep_error *error) {
    const dsep_invocation *call = data;
    const settings *given = call->settings;
    char **words = call->arguments;
    dsep_slurm slurm;
    const printer to = {stream, given->json ? json_array() : NULL, &slurm};
    int code = dsep_slurm_open(&slurm, error);
    if (!code && given->json && !to.list)
        code = dsep_out_of_memory(error, "JSON");
    if (!code && !slurm.answers && !given->json)
        fprintf(stream, "%s: this is what the jobs' own progress files say.\n", slurm.why);
    if (!code && call->n_arguments == 0)
        code = print_all(&to, ".", error);
    for (int i = 0; i < call->n_arguments && !code; i++) {
        fputs(i > 0 && !given->json ? "\n" : "", stream);
        code = is_to_search(words[i]) ? print_all(&to, words[i], error)
                                      : print_one(&to, words[i], error);
    }
    if (given->json)
        print_json(stream, to.list, call->n_arguments == 1 && !is_to_search(words[0]));
    json_decref(to.list);
    dsep_slurm_close(&slurm);
    return code;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    const settings *given = call->settings;
    return dsep_output_print(ctx, given->common.output, print, (void *)call);
}

const dsep_command dsep_command_status = {
    .name = "status",
    .arguments = "[DIR|JOB ...]",
    .summary = "how far batch jobs are",
    .description =
        "Without an argument: the jobs of dsep submit below this directory, one a line. With a "
        "job's "
        "directory X.job, its result X.h5, or its number (123, or 123_4 for part 4 of an array): "
        "all "
        "that Slurm and the job's progress file tell, and what to do where something went wrong. "
        "Without Slurm, or with a file of --progress-file, it tells what the file says.",
    .examples = "  dsep status\n"
                "  dsep status genes.job\n"
                "  dsep status 4711_3\n"
                "  dsep status --json | jq '.[].state'\n",
    .min_arguments = 0,
    .max_arguments = 1000,
    .groups = groups,
    .settings_size = sizeof(settings),
    .run = run,
};
