#include "mpi/progress_file.h"

#include "mpi/clock.h"
#include "mpi/context.h"
#include "mpi/json_text.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dsep_progress_file {
    char *path, *beside; /* beside: the temporary name */
    char *output;        /* absolute; NULL for none */
    char host[256], started[32];
    int ranks, nodes;
};

/* The path as seen from anywhere. NULL without memory. Owner: the caller. */
static char *absolute(const char *path) {
    char *text = NULL, *here = *path == '/' ? strdup("") : getcwd(NULL, 0);
    if (!here || asprintf(&text, "%s%s%s", here, *here ? "/" : "", path) < 0)
        text = NULL;
    free(here);
    return text;
}

int dsep_progress_file_create(const char *path, const char *output, int ranks, int nodes,
                              dsep_error *error, dsep_progress_file **file) {
    dsep_progress_file *made = dsep_array(1, sizeof *made);
    *file = made;
    if (!made)
        return dsep_out_of_memory(error, "the progress file");
    made->ranks = ranks;
    made->nodes = nodes;
    made->path = strdup(path);
    made->output = output ? absolute(output) : NULL;
    if (asprintf(&made->beside, "%s.tmp", path) < 0)
        made->beside = NULL;
    if (gethostname(made->host, sizeof made->host - 1) != 0)
        made->host[0] = '\0';
    dsep_clock_date(dsep_clock_now(), made->started);
    if (made->path && made->beside && (made->output || !output))
        return DSEP_OK;
    dsep_progress_file_destroy(file);
    return dsep_out_of_memory(error, "the progress file");
}

void dsep_progress_file_destroy(dsep_progress_file **file) {
    if (!file || !*file)
        return;
    free((*file)->path);
    free((*file)->beside);
    free((*file)->output);
    free(*file);
    *file = NULL;
}

static void put_name(FILE *stream, const char *name) {
    fprintf(stream, ",\n  \"%s\": ", name);
}

static void put_text(FILE *stream, const char *name, const char *text) {
    put_name(stream, name);
    if (text)
        dsep_json_text(stream, text);
    else
        fputs("null", stream);
}

/* A number that is none stands as null. */
static void put_real(FILE *stream, const char *name, double value, int digits) {
    put_name(stream, name);
    if (isfinite(value))
        fprintf(stream, "%.*f", digits, value);
    else
        fputs("null", stream);
}

static void put_integer(FILE *stream, const char *name, int64_t value) {
    put_name(stream, name);
    fprintf(stream, "%lld", (long long)value);
}

static void put_work(FILE *stream, const dsep_progress_state *state) {
    const double left = state->rate > 0 ? (state->total - state->done) / state->rate : NAN;
    put_text(stream, "phase", state->phase);
    put_real(stream, "done", state->done, 0);
    put_real(stream, "total", state->total, 0);
    put_text(stream, "unit", state->unit);
    put_real(stream, "rate", state->rate, 3);
    put_real(stream, "seconds_left", left < 0 ? 0 : left, 1);
    put_real(stream, "seconds", state->seconds, 1);
    put_real(stream, "seconds_before", state->seconds_before, 1);
}

static void put_all(FILE *stream, const dsep_progress_file *file,
                    const dsep_progress_state *state) {
    char now[32];
    const int64_t restarts = dsep_job_restarts();
    const char *job = dsep_job_number();
    dsep_clock_date(dsep_clock_now(), now);
    fputs("{\n  \"version\": ", stream);
    dsep_json_text(stream, DSEP_VERSION);
    put_text(stream, "state", state->state);
    put_integer(stream, "code", state->code);
    put_text(stream, "message", state->message);
    put_work(stream, state);
    put_integer(stream, "memory", dsep_memory_resident());
    put_integer(stream, "ranks", file->ranks);
    put_integer(stream, "nodes", file->nodes);
    put_text(stream, "job", strcmp(job, "none") == 0 ? NULL : job);
    put_integer(stream, "restarts", restarts);
    put_text(stream, "host", file->host);
    put_integer(stream, "pid", (int64_t)getpid());
    put_text(stream, "started", file->started);
    put_text(stream, "updated", now);
    put_text(stream, "output", file->output);
    fputs("\n}\n", stream);
}

int dsep_progress_file_write(const dsep_progress_file *file, const dsep_progress_state *state,
                             dsep_error *error) {
    FILE *stream = fopen(file->beside, "w");
    if (!stream)
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot write '%s': %m", file->beside);
    put_all(stream, file, state);
    const int written = !ferror(stream);
    if (fclose(stream) == 0 && written && rename(file->beside, file->path) == 0)
        return DSEP_OK;
    const int code = dsep_error_set(error, DSEP_ERROR_IO, "cannot write '%s': %m", file->path);
    unlink(file->beside);
    return code;
}
