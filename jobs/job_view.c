#include "jobs/job_view.h"

#include "mpi/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *dsep_job_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

double dsep_job_number_of(const json_t *object, const char *name, double other) {
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : other;
}

/* --- files ----------------------------------------------------------------------------------- */

/* An object from a file. A file that is not there is NULL, and no error. */
static int read_object(const char *path, const char *what, dsep_error *error, json_t **object) {
    json_error_t why;
    *object = NULL;
    FILE *file = fopen(path, "r");
    if (!file && (errno == ENOENT || errno == ENOTDIR))
        return DSEP_OK;
    if (!file)
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot read '%s': %m", path);
    *object = json_loadf(file, 0, &why);
    fclose(file);
    if (*object && json_is_object(*object))
        return DSEP_OK;
    char found[300] = "found something else";
    if (!*object)
        snprintf(found, sizeof found, "line %d: %s", why.line, why.text);
    json_decref(*object);
    *object = NULL;
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "'%s' is damaged: expected %s as a JSON object, %s", path, what, found);
}

static int read_progress(dsep_job_part *part, dsep_error *error) {
    dsep_error why = {0};
    const int code = read_object(part->progress_path, "how far a run is", &why, &part->progress);
    return code ? dsep_error_set(error, code,
                                 "%.1500s; a run that goes on writes it anew, or remove it",
                                 why.text)
                : DSEP_OK;
}

/* progress.json and log.txt, with what stands before the point for a part of an array. */
static int name_files(dsep_job_part *part, const char *directory, dsep_error *error) {
    char which[32] = "";
    if (part->part > 0)
        snprintf(which, sizeof which, "-%lld", (long long)part->part);
    else if (part->part == DSEP_JOB_MERGE)
        snprintf(which, sizeof which, "-merge");
    if (asprintf(&part->progress_path, "%s/progress%s.json", directory, which) < 0)
        part->progress_path = NULL;
    if (asprintf(&part->log_path, "%s/log%s.txt", directory, which) < 0)
        part->log_path = NULL;
    return part->progress_path && part->log_path ? DSEP_OK : dsep_out_of_memory(error, "a path");
}

static int make_parts(dsep_job_view *view, const char *directory, dsep_error *error) {
    int code = DSEP_OK;
    enum { MOST = 1000000 };
    const double shares = dsep_job_number_of(view->job, "parts", 0);
    if (!(shares >= 0 && shares <= MOST))
        return dsep_error_set(error, DSEP_ERROR_DATA, "'%s/job.json' is damaged: %g parts",
                              directory, shares);
    view->n_shares = (int64_t)shares;
    view->n_parts = view->n_shares > 0 ? view->n_shares + 1 : 1;
    view->parts = dsep_array(view->n_parts, sizeof *view->parts);
    if (!view->parts)
        return dsep_out_of_memory(error, "a job");
    for (int64_t i = 0; i < view->n_parts; i++) {
        dsep_job_part *part = &view->parts[i];
        part->part = view->n_shares == 0  ? DSEP_JOB_WHOLE
                     : i < view->n_shares ? i + 1
                                          : DSEP_JOB_MERGE;
        DSEP_TRY(name_files(part, directory, error));
        DSEP_TRY(read_progress(part, error));
    }
cleanup:
    return code;
}

int dsep_job_view_read(const char *directory, dsep_error *error, dsep_job_view **view) {
    int code = DSEP_OK;
    char *path = NULL;
    *view = NULL;
    dsep_job_view *made = dsep_array(1, sizeof *made);
    if (!made)
        return dsep_out_of_memory(error, "a job");
    made->directory = realpath(directory, NULL);
    if (!made->directory)
        made->directory = strdup(directory); /* job.json is then not found in it */
    if (!made->directory || asprintf(&path, "%s/job.json", made->directory) < 0) {
        path = NULL;
        code = dsep_out_of_memory(error, "a path");
        goto cleanup;
    }
    DSEP_TRY(read_object(path, "what dsep submit writes of a job", error, &made->job));
    if (!made->job) {
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' is no job's directory: there is no job.json in it, which dsep "
                              "submit writes",
                              made->directory);
        goto cleanup;
    }
    DSEP_TRY(make_parts(made, made->directory, error));
    *view = made;
    made = NULL;
cleanup:
    free(path);
    dsep_job_view_destroy(&made);
    return code;
}

int dsep_job_view_file(const char *path, dsep_error *error, dsep_job_view **view) {
    int code = DSEP_OK;
    *view = NULL;
    dsep_job_view *made = dsep_array(1, sizeof *made);
    if (made) {
        made->n_parts = 1;
        made->parts = dsep_array(1, sizeof *made->parts);
    }
    if (!made || !made->parts || !(made->parts->progress_path = strdup(path))) {
        code = dsep_out_of_memory(error, "a job");
        goto cleanup;
    }
    DSEP_TRY(read_progress(made->parts, error));
    if (!made->parts->progress)
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "there is no '%s'; a run with --progress-file writes it", path);
    else if (!*dsep_job_text(made->parts->progress, "state"))
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' is no progress file: it has no \"state\"", path);
    if (code)
        goto cleanup;
    *view = made;
    made = NULL;
cleanup:
    dsep_job_view_destroy(&made);
    return code;
}

void dsep_job_view_destroy(dsep_job_view **view) {
    if (!view || !*view)
        return;
    for (int64_t i = 0; (*view)->parts && i < (*view)->n_parts; i++) {
        free((*view)->parts[i].progress_path);
        free((*view)->parts[i].log_path);
        json_decref((*view)->parts[i].progress);
    }
    free((*view)->parts);
    free((*view)->directory);
    json_decref((*view)->job);
    free(*view);
    *view = NULL;
}

/* --- finding --------------------------------------------------------------------------------- */

typedef struct {
    char **paths;
    int64_t count, room;
} found_jobs;

static int is_job(const char *path) {
    char file[4096];
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".job") == 0 &&
           snprintf(file, sizeof file, "%s/job.json", path) < (int)sizeof file &&
           access(file, F_OK) == 0;
}

static int search(const char *where, int depth, found_jobs *found, dsep_error *error);

/* One entry of a directory: a job, or a directory to look into. Links are not followed. */
static int look_at(const char *where, const char *name, int depth, found_jobs *found,
                   dsep_error *error) {
    int code = DSEP_OK;
    struct stat status;
    char *path = NULL;
    if (name[0] == '.')
        return DSEP_OK;
    const int here = strcmp(where, ".") == 0;
    if (asprintf(&path, "%s%s%s", here ? "" : where, here ? "" : "/", name) < 0)
        return dsep_out_of_memory(error, "a path");
    if (lstat(path, &status) || !S_ISDIR(status.st_mode))
        goto cleanup;
    if (!is_job(path)) {
        code = search(path, depth + 1, found, error);
        goto cleanup;
    }
    DSEP_TRY(dsep_array_reserve((void **)&found->paths, &found->room, found->count + 1,
                                sizeof *found->paths, error));
    found->paths[found->count++] = path;
    return DSEP_OK;
cleanup:
    free(path);
    return code;
}

/* What may not be read is left out, as is what is deeper than any project. */
static int search(const char *where, int depth, found_jobs *found, dsep_error *error) {
    enum { DEEPEST = 30 };
    int code = DSEP_OK;
    DIR *directory = depth < DEEPEST ? opendir(where) : NULL;
    if (!directory && depth == 0)
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot read '%s': %m", where);
    for (struct dirent *entry; directory && !code && (entry = readdir(directory));)
        if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
            code = look_at(where, entry->d_name, depth, found, error);
    if (directory)
        closedir(directory);
    return code;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int dsep_job_find(const char *where, dsep_error *error, char ***paths, int64_t *count) {
    found_jobs found = {0};
    const int code = search(where, 0, &found, error);
    if (found.count > 0)
        qsort(found.paths, (size_t)found.count, sizeof *found.paths, by_name);
    *paths = code ? NULL : found.paths;
    *count = code ? 0 : found.count;
    if (code)
        dsep_job_paths_free(found.paths, found.count);
    return code;
}

void dsep_job_paths_free(char **paths, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
}
