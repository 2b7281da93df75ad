/* dsep merge: the result of a study that was made in parts.
 *
 * What the parts have done is written as the checkpoint of their command without --part, and the
 * command runs on from there. No unit is left, so the code that writes any result writes this one.
 */
#include "io/checkpoint.h"
#include "jobs/commands.h"
#include "jobs/output_path.h"
#include "jobs/part_join.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    dsep_common_settings common;
    char *data;
} merge_settings;

static const dsep_option merge_options[] = {
    {"data", 0, DSEP_OPTION_TEXT, offsetof(merge_settings, data), "DATA", NULL, 0, 0, NULL,
     "where the data are now; without it where the parts found them"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Merge", merge_options, 0, NULL},
    {"Common", dsep_common_options, offsetof(merge_settings, common), NULL},
    {0},
};

/* --- the command of the parts ---------------------------------------------------------------- */

/* Commands that can be shared out. */
static const dsep_command *find_command(const char *name) {
    static const dsep_command *const commands[] = {&dsep_command_discover, &dsep_command_represent,
                                                   &dsep_command_sensitivity};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static dsep_running_options *running_options(const dsep_invocation *call) {
    for (const dsep_option_group *g = call->command->groups; g->title; g++)
        if (g->options == dsep_running_option_table)
            return (dsep_running_options *)((char *)call->settings + g->offset);
    return NULL;
}

/* A command line: words that are lent, but for the last, which says where the result goes. */
typedef struct {
    char **words; /* [count], and a NULL */
    int count;
    char *output;
} command_line;

static void clear_line(command_line *line) {
    free(line->output);
    free(line->words);
    *line = (command_line){0};
}

/* The words of the parts as somebody would have typed them: command, arguments, options. */
static int make_line(const merge_settings *settings, const dsep_part_joined *joined,
                     const char *path, dsep_error *error, command_line *line) {
    const char *end = joined->words + joined->words_bytes, *options = NULL;
    int total = 0, n_arguments = 0;
    for (const char *word = joined->words; word < end; word += strlen(word) + 1) {
        total++;
        if (!options && strcmp(word, "--") == 0)
            options = word;
        else
            n_arguments += options != NULL;
    }
    line->words = dsep_array(total + 2, sizeof *line->words);
    if (!line->words || asprintf(&line->output, "--output=%s", path) < 0) {
        line->output = NULL;
        return dsep_out_of_memory(error, "the command of the parts");
    }
    if (total < 2 || !options || !find_command(joined->words))
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "the parts do not say what command made them");
    if (settings->data && n_arguments == 0)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--data %s: this study draws its data; leave out --data",
                              settings->data);
    line->words[line->count++] = joined->words;
    for (const char *word = options + 3; word < end; word += strlen(word) + 1)
        line->words[line->count++] = settings->data ? settings->data : (char *)word;
    for (const char *word = joined->words + strlen(joined->words) + 1; word < options;
         word += strlen(word) + 1)
        line->words[line->count++] = (char *)word;
    line->words[line->count++] = line->output;
    return DSEP_OK;
}

/* Parses it as if it had been given. Not collective: the same on every rank. */
static int parse_line(const merge_settings *settings, const command_line *line, dsep_error *error,
                      dsep_invocation **call) {
    const int code =
        dsep_options_parse(find_command(line->words[0]), line->count, line->words, error, call);
    if (code)
        return code;
    dsep_common_settings *common = (*call)->settings;
    common->quiet = settings->common.quiet;
    dsep_running_options *running = running_options(*call);
    running->resume = running->merging = 1;
    return DSEP_OK;
}

/* --- the checkpoint -------------------------------------------------------------------------- */

/* A checkpoint of OUTPUT that is of something else makes room, and stays under another name. */
static int make_room(dsep_context *ctx, const char *path, const char *key) {
    int code = DSEP_OK;
    char *other = NULL;
    dsep_checkpoint found = {0};
    DSEP_TRY(dsep_checkpoint_read(ctx, path, &found));
    if (!found.file || strcmp(found.key, key) == 0 || dsep_rank(ctx) > 0)
        goto cleanup;
    if (asprintf(&other, "%s.other", path) < 0)
        other = NULL;
    if (other && rename(found.file, other) == 0)
        dsep_log_warning(ctx, "another command's checkpoint is now '%s'", other);
cleanup:
    free(other);
    dsep_checkpoint_clear(&found);
    dsep_barrier(ctx);
    return code;
}

/* Adds where the parts were made to the text of an error, where that may be the reason. */
static void tell_folder(dsep_context *ctx, const char *folder) {
    dsep_error *error = dsep_context_error(ctx);
    char *here = getcwd(NULL, 0);
    const size_t used = strlen(error->text);
    if (here && *folder && strcmp(here, folder) != 0)
        snprintf(
            error->text + used, sizeof error->text - used,
            ". The parts were made in '%.600s': merge there, or say with --data where the data "
            "are",
            folder);
    free(here);
}

/* Writes what is joined, and goes on from there. */
static int go_on(dsep_context *ctx, const dsep_invocation *call, const dsep_part_joined *joined,
                 const char *path) {
    int code = DSEP_OK;
    char *checkpoint = NULL;
    if (asprintf(&checkpoint, "%s.checkpoint", path) < 0)
        checkpoint = NULL;
    DSEP_AGREE(ctx, checkpoint ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a path"));
    DSEP_TRY(make_room(ctx, checkpoint, joined->key));
    code = dsep_checkpoint_write(ctx, checkpoint, joined->key, &joined->state);
    if (code) {
        dsep_fail(ctx, code, "'%.900s' cannot be written: %.900s", checkpoint,
                  strdupa(dsep_context_error(ctx)->text));
        goto cleanup;
    }
    code = call->command->run(ctx, call);
    if (code && code != DSEP_STOPPED)
        dsep_checkpoint_remove(ctx, checkpoint);
    if (code == DSEP_ERROR_IO || code == DSEP_ERROR_DATA)
        tell_folder(ctx, joined->folder);
cleanup:
    free(checkpoint);
    return code;
}

/* --- the command ----------------------------------------------------------------------------- */

static int merge(dsep_context *ctx, const dsep_invocation *call, const char *path) {
    int code = DSEP_OK;
    const merge_settings *settings = call->settings;
    dsep_error *error = dsep_context_error(ctx);
    dsep_part_joined joined = {0};
    command_line line = {0};
    dsep_invocation *command = NULL;
    dsep_log_section_begin(ctx, "merging");
    DSEP_TRY(dsep_part_join(ctx, call->arguments, call->n_arguments, &joined));
    DSEP_AGREE(ctx, make_line(settings, &joined, path, error, &line));
    DSEP_AGREE(ctx, parse_line(settings, &line, error, &command));
    dsep_log_line(ctx, "%d parts hold all %lld %s", call->n_arguments,
                  (long long)joined.shape.n_units, joined.shape.units);
    DSEP_TRY(go_on(ctx, command, &joined, path));
    dsep_log_line(ctx, "'%s' holds all parts; their files are still there and may be removed",
                  path);
cleanup:
    dsep_invocation_destroy(&command);
    clear_line(&line);
    dsep_part_joined_clear(&joined);
    return code;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    char *path = NULL;
    const merge_settings *settings = call->settings;
    if (call->n_arguments < 20)
        dsep_log_line(ctx, "%s", call->line);
    if (!settings->common.output)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "dsep merge needs --output, where the result goes; for example:\n%s",
                         call->command->examples);
    DSEP_AGREE(ctx, dsep_output_path(settings->common.output, call->arguments[0],
                                     dsep_context_error(ctx), &path));
    DSEP_TRY(merge(ctx, call, path));
cleanup:
    free(path);
    return code;
}

const dsep_command dsep_command_merge = {
    .name = "merge",
    .arguments = "PART... ",
    .summary = "make the result of a study that was run in parts",
    .description =
        "Unites what commands with --part K/N have left, the tasks of a job array for example, "
        "and writes the result that one command without --part would have written. All parts of "
        "one study must be there, none twice; otherwise it says which, and writes nothing. The "
        "data must still be there. The parts stay.",
    .examples =
        "  dsep discover genes.csv --replicates 1000 -o genes.h5 --part 1/2   # here\n"
        "  dsep discover genes.csv --replicates 1000 -o genes.h5 --part 2/2   # or elsewhere\n"
        "  dsep merge genes.h5.part-*-of-2 -o genes.h5\n"
        "  dsep merge a/genes.h5.part-* b/genes.h5.part-* --data /new/genes.csv -o all.h5\n",
    .min_arguments = 1,
    .max_arguments = DSEP_PART_MOST,
    .groups = groups,
    .settings_size = sizeof(merge_settings),
    .run = run,
};
