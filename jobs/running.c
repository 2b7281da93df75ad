#include "jobs/running.h"

#include "io/checkpoint.h"
#include "io/replace_file.h"
#include "jobs/option_words.h"
#include "jobs/output_path.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    {"part", 0, DSEP_OPTION_TEXT, FIELD(part), "K/N", NULL, 0, 0, NULL,
     "do the K-th of N equal shares of the replicates, or of the runs of a study, and leave it in "
     "OUTPUT.part-K-of-N; dsep merge makes the result of all of them"},
    {0},
};

int dsep_running_check(const dsep_running_options *options, const char *no_units,
                       dsep_error *error) {
    dsep_part part;
    if (!options->part)
        return DSEP_OK;
    if (no_units)
        return dsep_error_set(error, DSEP_ERROR_USAGE, "--part %s: %s", options->part, no_units);
    if (options->allow_partial)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--part leaves no result that could be partial: leave out "
                              "--allow-partial");
    return dsep_part_parse(options->part, error, &part);
}

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

/* A key and how it is called. */
typedef struct {
    const char *text, *name;
} named_key;

static void tell_difference(FILE *text, const char *name, int length, named_key there,
                            named_key here) {
    static const char absent[] = "not given", contents[] = "contents ";
    const char *before = value_of(there.text, name, length);
    const char *now = value_of(here.text, name, length);
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
        fprintf(text, "%.*s: %.*s %s, %.*s %s", length, name, old, before, there.name, new, now,
                here.name);
}

/* Settings that are here, then those that are there alone. */
char *dsep_running_differences(const char *key_there, const char *there, const char *key_here,
                               const char *here) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    for (int pass = 0; pass < 2; pass++)
        for (const char *line = pass ? key_there : key_here; *line; line += *line == '\n') {
            const char *equals = strstr(line, " = ");
            const int length = equals ? (int)(equals - line) : 0;
            if (length > 0 && length < line_length(line) &&
                (pass == 0 || !value_of(key_here, line, length)))
                tell_difference(stream, line, length, (named_key){key_there, there},
                                (named_key){key_here, here});
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
    const dsep_state_block *runs = dsep_state_find(&found->state, DSEP_RUNNING_RUNS);
    const dsep_state_block *sections = dsep_state_find(&found->state, DSEP_RUNNING_SECTIONS);
    const dsep_state_block *parts = dsep_state_find(&found->state, DSEP_RUNNING_PARTS);
    dsep_error *error = dsep_context_error(ctx);
    int code = dsep_state_read(&found->state, DSEP_RUNNING_SECONDS, &running->seconds_before,
                               sizeof running->seconds_before, error);
    if (code || !runs || !sections || sections->bytes % (int64_t)sizeof *running->sections != 0)
        return dsep_error_set(error, DSEP_ERROR_DATA, "'%s' lacks what a run keeps", found->file);
    running->n_sections = sections->bytes / (int64_t)sizeof *running->sections;
    running->sections = dsep_array(running->n_sections, sizeof *running->sections);
    free(running->runs);
    running->runs = strndup(runs->data, (size_t)runs->bytes);
    free(running->parts);
    running->parts = parts ? strndup(parts->data, (size_t)parts->bytes) : NULL;
    if (!running->sections || !running->runs || (parts && !running->parts))
        return dsep_out_of_memory(error, "the runs before");
    if (sections->bytes > 0)
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

/* Whether it holds units of this part alone; any will do where all units are wanted. */
static int fits_part(const dsep_running *running, const dsep_state *state) {
    dsep_part part;
    return running->part.count == 0 ||
           (dsep_state_read(state, DSEP_RUNNING_PART, &part, sizeof part, NULL) == DSEP_OK &&
            dsep_part_same(part, running->part));
}

/* What makes a checkpoint another command's, in words; NULL where it is this one's. Owner: the
 * caller. */
static char *what_differs(const dsep_running *running, const dsep_checkpoint *found) {
    char *which = NULL;
    if (strcmp(found->key, running->key) != 0)
        which = dsep_running_differences(found->key, "there", running->key, "here");
    else if (fits_part(running, &found->state))
        return NULL;
    return which ? which : strdup("it is of another part");
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
    char what[1800], *which = what_differs(running, found);
    if (which && options->merging)
        snprintf(what, sizeof what, "%s", which);
    else if (which)
        snprintf(what, sizeof what, "'%.700s' of %s is of another command (%.900s)", found->file,
                 found->moment, which);
    free(which);
    if (which && options->merging)
        return dsep_fail(ctx, DSEP_ERROR_DATA,
                         "the parts were made from something else than what is here (%s)", what);
    if (which) {
        running->foreign = 1;
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

/* Looks whether this very part is there already. */
static int look_for_part(dsep_context *ctx, dsep_running *running) {
    int code = DSEP_OK;
    char *which = NULL;
    dsep_checkpoint found = {0};
    DSEP_TRY(look_for(ctx, running->file, &found));
    if (!found.file) {
        if (*found.notes)
            dsep_log_warning(ctx, "%s; the part is made anew", found.notes);
        goto cleanup;
    }
    which = what_differs(running, &found);
    running->finished = !which;
    running->foreign_file = which != NULL;
    if (which)
        dsep_log_warning(ctx, "'%s' of %s is of another command (%.900s); the part is made anew",
                         found.file, found.moment, which);
    else
        dsep_log_line(ctx, "part %lld of %lld is whole already: %s of %s",
                      (long long)running->part.number, (long long)running->part.count, found.file,
                      found.moment);
cleanup:
    free(which);
    dsep_checkpoint_clear(&found);
    return code;
}

/* Not collective: the same on every rank. */
static int name_files(const char *output, dsep_error *error, dsep_running *running) {
    char *file = dsep_part_path(output, running->part);
    running->runs = strdup("");
    running->output = strdup(output);
    if (!file || asprintf(&running->path, "%s.checkpoint", file) < 0)
        running->path = NULL;
    if (running->part.count > 0) {
        running->file = file;
        file = NULL;
    }
    free(file);
    return running->runs && running->output && running->path
               ? DSEP_OK
               : dsep_out_of_memory(error, "the checkpoint's name");
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
    DSEP_AGREE(ctx, dsep_part_parse(options->part, dsep_context_error(ctx), &running->part));
    dsep_clock_date(dsep_clock_now() - (int64_t)(dsep_clock() - clock_began), running->started);
    DSEP_AGREE(ctx,
               dsep_rank(ctx) == 0 ? dsep_output_writable(output, dsep_context_error(ctx)) : 0);
    if (!options->part && dsep_rank(ctx) == 0 && access(output, F_OK) == 0)
        dsep_log_line(ctx, "%s is there and will be replaced; -o FILE.h5 keeps both", output);
    DSEP_AGREE(ctx, name_files(output, dsep_context_error(ctx), running));
    DSEP_TRY(make_key(ctx, call, input, &running->key));
    if (running->file && dsep_rank(ctx) == 0)
        running->words = dsep_option_words(call, running->key, &running->words_bytes);
    DSEP_AGREE(ctx, !running->file || dsep_rank(ctx) > 0 || running->words
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the command"));
    dsep_stop_listen();
    running->stop = dsep_stop_create(ctx, clock_began, options->max_time);
    if (options->restart)
        goto cleanup;
    if (running->file)
        DSEP_TRY(look_for_part(ctx, running));
    if (running->finished)
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

void dsep_running_add_section(dsep_log_section *list, int64_t *count,
                              const dsep_log_section *more) {
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
        dsep_running_add_section(sum, count, &running->sections[i]);
    for (int64_t i = 0; i < n_now; i++)
        dsep_running_add_section(sum, count, &now[i]);
    *sections = sum;
cleanup:
    free(now);
    return code;
}

/* What is kept of this allocation and those before it. */
typedef struct {
    double seconds;
    char *lines, *folder;
    dsep_log_section *sections;
    int64_t n_sections;
} kept_beside;

static int gather_beside(dsep_context *ctx, const dsep_running *running, kept_beside *k) {
    int code = DSEP_OK;
    *k = (kept_beside){.seconds = dsep_running_seconds(running),
                       .lines = dsep_running_lines(ctx, running),
                       .folder = getcwd(NULL, 0)};
    DSEP_TRY(dsep_running_sections(ctx, running, &k->sections, &k->n_sections));
    DSEP_AGREE(ctx,
               k->lines ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a checkpoint"));
cleanup:
    return code;
}

static void free_beside(kept_beside *k) {
    free(k->lines);
    free(k->folder);
    free(k->sections);
}

/* The state with this module's blocks beside it; all is lent. */
static int add_blocks(const dsep_running *running, const kept_beside *k, dsep_state *all,
                      dsep_error *error) {
    int code = DSEP_OK;
    const char *folder = k->folder ? k->folder : "";
    DSEP_TRY(
        dsep_state_lend(all, DSEP_RUNNING_RUNS, 0, k->lines, (int64_t)strlen(k->lines), error));
    DSEP_TRY(dsep_state_lend(all, DSEP_RUNNING_SECONDS, 0, &k->seconds, sizeof k->seconds, error));
    DSEP_TRY(dsep_state_lend(all, DSEP_RUNNING_SECTIONS, 0, k->sections,
                             k->n_sections * (int64_t)sizeof *k->sections, error));
    if (running->parts)
        DSEP_TRY(dsep_state_lend(all, DSEP_RUNNING_PARTS, 0, running->parts,
                                 (int64_t)strlen(running->parts), error));
    if (running->part.count == 0)
        goto cleanup;
    DSEP_TRY(
        dsep_state_lend(all, DSEP_RUNNING_PART, 0, &running->part, sizeof running->part, error));
    DSEP_TRY(dsep_state_lend(all, DSEP_RUNNING_ARGUMENTS, 0, running->words,
                             (int64_t)running->words_bytes, error));
    DSEP_TRY(dsep_state_lend(all, DSEP_RUNNING_FOLDER, 0, folder, (int64_t)strlen(folder), error));
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
    kept_beside beside;
    DSEP_TRY(gather_beside(ctx, running, &beside));
    DSEP_AGREE(ctx, add_blocks(running, &beside, &all, dsep_context_error(ctx)));
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
    free_beside(&beside);
    return !code;
}

/* Rank 0's part: another command's file of that name stays under another one. */
static int take_name(const dsep_running *running, dsep_error *error) {
    char *other = NULL;
    if (running->foreign_file && asprintf(&other, "%s.other", running->file) >= 0)
        (void)!rename(running->file, other);
    free(other);
    if (rename(running->path, running->file))
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot rename '%s' to '%s': %m", running->path,
                              running->file);
    dsep_replace_flush_folder(running->file);
    return DSEP_OK;
}

/* The checkpoint of a share that is done takes the part's name. */
static int finish_part(dsep_context *ctx, const dsep_running *running) {
    int code = DSEP_OK, mine = DSEP_OK;
    const long long number = running->part.number, count = running->part.count;
    if (running->failed)
        return dsep_fail(ctx, DSEP_ERROR_IO,
                         "part %lld of %lld is done, but '%s' could not be written: %s", number,
                         count, running->path,
                         *running->there ? "the same command goes on from the one that is there"
                                         : "what was done is lost");
    if (dsep_rank(ctx) == 0)
        mine = take_name(running, dsep_context_error(ctx));
    DSEP_AGREE(ctx, mine);
    dsep_checkpoint_remove(ctx, running->path); /* the one before it */
    dsep_log_line(ctx,
                  "part %lld of %lld is whole: %s; when all are: dsep merge %s.part-*-of-%lld "
                  "-o %s",
                  number, count, running->file, running->output, count, running->output);
cleanup:
    return code;
}

int dsep_running_stopped(dsep_context *ctx, const dsep_running *running, const char *partial) {
    if (running->share_is_done)
        return finish_part(ctx, running);
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
    free(running->output);
    free(running->file);
    free(running->words);
    free(running->parts);
    dsep_state_clear(&running->state);
    *running = (dsep_running){0};
}
