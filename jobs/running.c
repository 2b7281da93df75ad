#include "jobs/running.h"

#include "io/checkpoint.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(dsep_running_options, name)

const dsep_option dsep_running_option_table[] = {
    {"max-time", 0, DSEP_OPTION_TIME, FIELD(max_time), "HH:MM:SS", NULL, 0, 0, NULL,
     "end in good order about then: keep a checkpoint and leave with exit code 85; the same "
     "command goes on"},
    {"checkpoint-every", 0, DSEP_OPTION_REAL, FIELD(checkpoint_every), "SECONDS", "60", 0, 1e9,
     NULL, "how often what is done is kept in OUTPUT.checkpoint; 0: after every unit of work"},
    {"resume", 0, DSEP_OPTION_FLAG, FIELD(resume), NULL, NULL, 0, 0, NULL,
     "go on from a checkpoint or fail; without this, one of the same command and data is used "
     "where it is there"},
    {"restart", 0, DSEP_OPTION_FLAG, FIELD(restart), NULL, NULL, 0, 0, NULL,
     "begin anew, whatever checkpoint is there"},
    {"allow-partial", 0, DSEP_OPTION_FLAG, FIELD(allow_partial), NULL, NULL, 0, 0, NULL,
     "where time or a signal ended the run, write what is done as a result that is marked as "
     "partial, and leave with exit code 0"},
    {0},
};

/* What is kept beside the caller's blocks. */
static const char runs_block[] = "runs", seconds_block[] = "seconds", sections_block[] = "sections";

/* --- the key ---------------------------------------------------------------------------------- */

static char *joined_key(const dsep_invocation *call, const char *input) {
    char *text = NULL, *options = dsep_options_key(call);
    if (!options ||
        asprintf(&text, "command = %s\ndsep = %s\nformat = %d\ninput = %s\n%s", call->command->name,
                 DSEP_VERSION, DSEP_CHECKPOINT_VERSION, input, options) < 0)
        text = NULL;
    free(options);
    return text;
}

/* Rank 0 alone looks into files. */
static int make_key(dsep_context *ctx, const dsep_invocation *call, const char *input, char **key) {
    int code = DSEP_OK;
    int64_t bytes = 0;
    char *made = dsep_rank(ctx) == 0 ? joined_key(call, input) : NULL;
    DSEP_AGREE(ctx, made || dsep_rank(ctx) > 0
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the options"));
    if (made)
        bytes = (int64_t)strlen(made) + 1;
    DSEP_TRY(dsep_broadcast_block(ctx, (void **)&made, &bytes, 0));
    *key = made;
    made = NULL;
cleanup:
    free(made);
    return code;
}

/* The value of setting `name` (of `length` bytes), which ends with its line; NULL where the key has
 * none. */
static const char *value_of(const char *key, const char *name, int length) {
    for (const char *line = key; *line; line = strchrnul(line, '\n'), line += *line == '\n')
        if (strncmp(line, name, (size_t)length) == 0 && strncmp(line + length, " = ", 3) == 0)
            return line + length + 3;
    return NULL;
}

static int line_length(const char *text) {
    return (int)strcspn(text, "\n");
}

static void tell_difference(FILE *text, const char *name, int length, const char *there,
                            const char *here) {
    static const char absent[] = "not given", contents[] = "contents ";
    const char *before = value_of(there, name, length), *now = value_of(here, name, length);
    before = before ? before : absent;
    now = now ? now : absent;
    const int old = line_length(before), new = line_length(now);
    if (old == new &&strncmp(before, now, (size_t)old) == 0)
        return;
    if (ftell(text) > 0)
        fputs(", ", text);
    if (length == 5 && strncmp(name, "input", 5) == 0)
        fputs("the data differ", text);
    else if (strncmp(before, contents, 9) == 0 && strncmp(now, contents, 9) == 0)
        fprintf(text, "the file of --%.*s differs", length, name);
    else
        fprintf(text, "%.*s: %.*s there, %.*s here", length, name, old, before, new, now);
}

/* Which settings differ, in words: those that are here, then those that are there alone. NULL
 * without memory. Owner: the caller. */
static char *differences(const char *there, const char *here) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    for (int pass = 0; pass < 2; pass++)
        for (const char *line = pass ? there : here; *line; line += *line == '\n') {
            const char *equals = strstr(line, " = ");
            const int length = equals ? (int)(equals - line) : 0;
            if (length > 0 && length < line_length(line) &&
                (pass == 0 || !value_of(here, line, length)))
                tell_difference(stream, line, length, there, here);
            line += line_length(line);
        }
    fclose(stream);
    return text;
}

/* --- opening --------------------------------------------------------------------------------- */

/* This rank's outcome for a checkpoint that is there but may not be used, or is not there at all.
 * what: what was found, as a sentence without its full stop. */
static int not_used(dsep_context *ctx, int needed, const char *what) {
    if (needed)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "--resume has nothing to go on from: %s. Leave out --resume to begin anew",
                         what);
    dsep_log_warning(ctx, "%s; the run begins anew", what);
    return DSEP_OK;
}

/* Takes what this module had kept out of a state. */
static int take_over(dsep_context *ctx, dsep_running *running, dsep_checkpoint *found) {
    const dsep_state_block *runs = dsep_state_find(&found->state, runs_block);
    const dsep_state_block *sections = dsep_state_find(&found->state, sections_block);
    dsep_error *error = dsep_context_error(ctx);
    int code = dsep_state_read(&found->state, seconds_block, &running->seconds_before,
                               sizeof running->seconds_before, error);
    if (code || !runs || !sections || sections->bytes % (int64_t)sizeof *running->sections != 0)
        return dsep_error_set(error, DSEP_ERROR_DATA, "'%s' lacks what a run keeps", found->file);
    running->n_sections = sections->bytes / (int64_t)sizeof *running->sections;
    running->sections = dsep_array(running->n_sections, sizeof *running->sections);
    free(running->runs);
    running->runs = strndup(runs->data, (size_t)runs->bytes);
    if (!running->sections || !running->runs)
        return dsep_out_of_memory(error, "the runs before");
    memcpy(running->sections, sections->data, (size_t)sections->bytes);
    for (int64_t i = 0; i < running->n_sections; i++)
        running->sections[i].name[sizeof running->sections[i].name - 1] = '\0';
    running->state = found->state;
    found->state = (dsep_state){0};
    running->found = 1;
    return DSEP_OK;
}

static int64_t count_lines(const char *text) {
    int64_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* Judges what was read. Not collective, but every rank judges the same. */
static int judge(dsep_context *ctx, const dsep_running_options *options, dsep_running *running,
                 dsep_checkpoint *found) {
    if (!found->file && !*found->notes && !options->resume)
        return DSEP_OK;
    if (!found->file && !*found->notes) {
        char what[1200];
        snprintf(what, sizeof what, "there is no '%.1000s'", running->path);
        return not_used(ctx, 1, what);
    }
    if (!found->file)
        return not_used(ctx, options->resume, found->notes);
    if (*found->notes)
        dsep_log_warning(ctx, "%s", found->notes);
    if (strcmp(found->key, running->key) != 0) {
        running->foreign = 1;
        char what[1800], *which = differences(found->key, running->key);
        snprintf(what, sizeof what, "'%.700s' of %s is of another command (%.900s)", found->file,
                 found->moment, which ? which : "some settings differ");
        free(which);
        return not_used(ctx, options->resume, what);
    }
    memcpy(running->there, found->moment, sizeof running->there);
    const int code = take_over(ctx, running, found);
    dsep_log_before(ctx, running->seconds_before);
    if (!code)
        dsep_log_line(ctx, "going on from %s of %s: %lld run%s, %.1f s before this one",
                      found->file, found->moment, (long long)count_lines(running->runs),
                      count_lines(running->runs) == 1 ? "" : "s", running->seconds_before);
    return code;
}

/* Reads what is there; what cannot be read is the user's to decide on. */
static int look_for(dsep_context *ctx, const char *path, dsep_checkpoint *found) {
    const int code = dsep_checkpoint_read(ctx, path, found);
    if (code != DSEP_ERROR_IO)
        return code;
    return dsep_fail(ctx, code, "the checkpoint %s; make it readable, or begin anew with --restart",
                     found->notes);
}

int dsep_running_open(dsep_context *ctx, const dsep_invocation *call,
                      const dsep_running_options *options, const char *output, const char *input,
                      double clock_began, dsep_running *running) {
    int code = DSEP_OK;
    dsep_checkpoint found = {0};
    *running = (dsep_running){
        .every = options->checkpoint_every, .kept = dsep_clock(), .clock_began = clock_began};
    if (options->resume && options->restart)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "--resume and --restart contradict each other: give one of them");
    dsep_clock_date(dsep_clock_now() - (int64_t)(dsep_clock() - clock_began), running->started);
    running->runs = strdup("");
    const int named = asprintf(&running->path, "%s.checkpoint", output) >= 0;
    if (!named)
        running->path = NULL;
    DSEP_AGREE(ctx, running->runs && named
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the checkpoint's name"));
    DSEP_TRY(make_key(ctx, call, input, &running->key));
    dsep_stop_listen();
    running->stop = dsep_stop_create(ctx, clock_began, options->max_time);
    if (options->restart)
        goto cleanup;
    DSEP_TRY(look_for(ctx, running->path, &found));
    DSEP_AGREE(ctx, judge(ctx, options, running, &found));
cleanup:
    dsep_checkpoint_clear(&found);
    return code;
}

/* --- keeping --------------------------------------------------------------------------------- */

int dsep_running_due(dsep_context *ctx, const dsep_running *running) {
    int64_t due = dsep_stop_wanted(&running->stop, 0) ||
                  (dsep_rank(ctx) == 0 && dsep_clock() - running->kept >= running->every);
    dsep_max_i64(ctx, &due, 1);
    return (int)due;
}

char *dsep_running_lines(dsep_context *ctx, const dsep_running *running) {
    char now[32], *text = NULL;
    dsep_clock_date(dsep_clock_now(), now);
    const int length =
        asprintf(&text, "%s%s %s ranks=%d nodes=%d slurm-job=%s\n", running->runs, running->started,
                 now, dsep_size(ctx), dsep_nodes(ctx), dsep_job_number());
    return length < 0 ? NULL : text;
}

double dsep_running_seconds(const dsep_running *running) {
    return running->seconds_before + dsep_clock() - running->clock_began;
}

/* Adds a section to a list that has room; times of one name are one. */
static void add_section(dsep_log_section *list, int64_t *count, const dsep_log_section *more) {
    int64_t i = 0;
    while (i < *count && strcmp(list[i].name, more->name) != 0)
        i++;
    if (i == *count) {
        list[(*count)++] = *more;
        return;
    }
    list[i].min += more->min;
    list[i].mean += more->mean;
    list[i].max += more->max;
}

int dsep_running_sections(dsep_context *ctx, const dsep_running *running,
                          dsep_log_section **sections, int64_t *count) {
    int code = DSEP_OK;
    dsep_log_section *now = NULL, *sum = NULL;
    int64_t n_now = 0;
    *sections = NULL;
    *count = 0;
    DSEP_TRY(dsep_log_sections(ctx, &now, &n_now));
    sum = dsep_array(running->n_sections + n_now, sizeof *sum);
    DSEP_AGREE(ctx, sum ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the timings"));
    for (int64_t i = 0; i < running->n_sections; i++)
        add_section(sum, count, &running->sections[i]);
    for (int64_t i = 0; i < n_now; i++)
        add_section(sum, count, &now[i]);
    *sections = sum;
cleanup:
    free(now);
    return code;
}

/* The state with this module's blocks beside it; what they lend is the caller's to free. */
static int add_blocks(dsep_context *ctx, const double *seconds, const char *lines,
                      const dsep_log_section *sections, int64_t n_sections, dsep_state *all) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(ctx);
    if (!lines)
        return dsep_out_of_memory(error, "a checkpoint of this run");
    DSEP_TRY(dsep_state_lend(all, runs_block, 0, lines, (int64_t)strlen(lines), error));
    DSEP_TRY(dsep_state_lend(all, seconds_block, 0, seconds, sizeof *seconds, error));
    DSEP_TRY(dsep_state_lend(all, sections_block, 0, sections,
                             n_sections * (int64_t)sizeof *sections, error));
cleanup:
    return code;
}

/* Another command's checkpoint makes room, and stays under another name. */
static void move_foreign(dsep_context *ctx, dsep_running *running) {
    char *other = NULL;
    if (!running->foreign)
        return;
    running->foreign = 0;
    if (dsep_rank(ctx) != 0 || asprintf(&other, "%s.other", running->path) < 0)
        return;
    if (rename(running->path, other) == 0)
        dsep_log_warning(ctx, "the other command's checkpoint is now '%s'", other);
    free(other);
}

int dsep_running_keep(dsep_context *ctx, dsep_running *running, const dsep_state *state) {
    int code = DSEP_OK;
    dsep_state all = *state;
    dsep_log_section *sections = NULL;
    int64_t n_sections = 0;
    const double seconds = dsep_running_seconds(running);
    char *lines = dsep_running_lines(ctx, running);
    DSEP_TRY(dsep_running_sections(ctx, running, &sections, &n_sections));
    DSEP_AGREE(ctx, add_blocks(ctx, &seconds, lines, sections, n_sections, &all));
    move_foreign(ctx, running);
    DSEP_TRY(dsep_checkpoint_write(ctx, running->path, running->key, &all));
    dsep_clock_date(dsep_clock_now(), running->there);
cleanup:
    if (code && *running->there)
        dsep_log_warning(ctx, "no checkpoint was kept in '%s' (%s); the one of %s is still there",
                         running->path, dsep_context_error(ctx)->text, running->there);
    else if (code)
        dsep_log_warning(ctx, "no checkpoint was kept in '%s' (%s); the run goes on without one",
                         running->path, dsep_context_error(ctx)->text);
    running->kept = dsep_clock();
    running->failed = code != 0;
    free(lines);
    free(sections);
    return !code;
}

int dsep_running_stopped(dsep_context *ctx, const dsep_running *running, const char *partial) {
    const char *reason = dsep_stop_reason(ctx, &running->stop);
    const int kept = *running->there != '\0';
    int64_t signalled = dsep_stop_signal() != 0;
    dsep_max_i64(ctx, &signalled, 1);
    if (partial) {
        dsep_log_warning(
            ctx, "%s ended the run: '%s' holds what is done and is marked as partial%s%s", reason,
            partial, kept ? "; the same command goes on from " : "", kept ? running->path : "");
        return DSEP_OK;
    }
    if (kept)
        return dsep_fail(
            ctx, DSEP_STOPPED,
            "%s ended the run; what is done is kept in '%s', and the same command goes "
            "on from there",
            reason, running->path);
    if (running->failed)
        return dsep_fail(ctx, DSEP_ERROR_IO,
                         "%s ended the run, and '%s' could not be written: what was done is lost",
                         reason, running->path);
    if (signalled)
        return dsep_fail(ctx, DSEP_STOPPED,
                         "%s ended the run before anything was done; the same command starts anew",
                         reason);
    return dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                     "%s left no time for anything that could be kept; give more time or ranks. "
                     "`dsep plan` forecasts what this run needs",
                     reason);
}

void dsep_running_done(dsep_context *ctx, dsep_running *running) {
    if (!running->foreign)
        dsep_checkpoint_remove(ctx, running->path);
}

void dsep_running_close(dsep_running *running) {
    free(running->path);
    free(running->key);
    free(running->runs);
    free(running->sections);
    dsep_state_clear(&running->state);
    *running = (dsep_running){0};
}
