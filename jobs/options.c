#include "jobs/options.h"

#include "io/column_choice.h"
#include "jobs/option_value.h"
#include "jobs/study_file.h"
#include "mpi/memory.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(dsep_common_settings, name)

const dsep_option dsep_common_options[] = {
    {"output", 'o', DSEP_OPTION_TEXT, FIELD(output), "FILE", NULL, 0, 0, NULL,
     "where the result goes; written beside and renamed, so an old file stays until a new one is "
     "whole"},
    {"seed", 0, DSEP_OPTION_INTEGER, FIELD(seed), "N", "1", 0, 9.2e18, NULL,
     "every random number is a function of this"},
    {"study", 0, DSEP_OPTION_TEXT, FIELD(study), "FILE", NULL, 0, 0, NULL,
     "read options from a file of `name = value` lines; options on the line win"},
    {"progress", 0, DSEP_OPTION_REAL, FIELD(progress), "SECONDS", "30", 0, 1e9, NULL,
     "at most one progress line in this time"},
    {"log-json", 0, DSEP_OPTION_TEXT, FIELD(log_json), "FILE", NULL, 0, 0, NULL,
     "write the log as JSON, too, one object a line: seconds, kind (line, warning, progress, "
     "section, "
     "end), text, and the numbers of a progress, a section and the end"},
    {"progress-file", 0, DSEP_OPTION_TEXT, FIELD(progress_file), "FILE", NULL, 0, 0, NULL,
     "keep how far the run is in this file, as JSON, for dsep status"},
    {"quiet", 'q', DSEP_OPTION_FLAG, FIELD(quiet), NULL, NULL, 0, 0, NULL,
     "say nothing but errors and warnings"},
    {"help", 'h', DSEP_OPTION_FLAG, FIELD(help), NULL, NULL, 0, 0, NULL, "this text"},
    {"version", 0, DSEP_OPTION_FLAG, FIELD(version), NULL, NULL, 0, 0, NULL,
     "the version and how it was built"},
    {0},
};

/* --- the command line ------------------------------------------------------------------------ */

enum { FIRST_LONG = 256, MAX_OPTIONS = 128 };

/* getopt's view of the table. */
typedef struct {
    struct option longs[MAX_OPTIONS + 1];
    char letters[2 * MAX_OPTIONS + 4];
    dsep_option_place places[MAX_OPTIONS];
    int count;
} getopt_view;

static int add_option(dsep_option_place place, void *data) {
    getopt_view *view = data;
    if (view->count == MAX_OPTIONS)
        return DSEP_ERROR_INTERNAL;
    const int takes = place.option->kind != DSEP_OPTION_FLAG;
    view->longs[view->count] =
        (struct option){place.option->name, takes ? required_argument : no_argument, NULL,
                        FIRST_LONG + view->count};
    if (place.option->letter) {
        const size_t length = strlen(view->letters);
        view->letters[length] = place.option->letter;
        view->letters[length + 1] = takes ? ':' : '\0';
    }
    view->places[view->count++] = place;
    return DSEP_OK;
}

static int option_of(const getopt_view *view, int found) {
    if (found >= FIRST_LONG)
        return found - FIRST_LONG;
    for (int i = 0; i < view->count; i++)
        if (view->places[i].option->letter == found)
            return i;
    return -1;
}

/* The option that a word with a slip or two was meant to be, or NULL. */
static const char *meant_option(const getopt_view *view, const char *word) {
    char name[64];
    const char *near = NULL;
    int least = 3;
    if (strncmp(word, "--", 2) != 0)
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (int i = 0; i < view->count; i++) {
        const char *one = view->places[i].option->name;
        const int distance = dsep_edit_distance(name, one);
        if (distance < least && (size_t)(2 * distance) < strlen(one)) {
            near = one;
            least = distance;
        }
    }
    return near;
}

static int bad_option(const dsep_command *command, const getopt_view *view, int found, char **argv,
                      dsep_error *error) {
    const char *word = argv[optind - 1];
    if (found == ':')
        return dsep_error_set(error, DSEP_ERROR_USAGE, "%s needs a value; see dsep %s --help", word,
                              command->name);
    if (optopt >= FIRST_LONG)
        return dsep_error_set(error, DSEP_ERROR_USAGE, "--%s takes no value; see dsep %s --help",
                              view->places[optopt - FIRST_LONG].option->name, command->name);
    if (optopt)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "-%c is no option of dsep %s; see dsep %s --help", optopt,
                              command->name, command->name);
    const char *meant = meant_option(view, word);
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "%s is no option of dsep %s%s%s%s; see dsep %s --help", word,
                          command->name, meant ? "; did you mean --" : "", meant ? meant : "",
                          meant ? "?" : "", command->name);
}

/* One pass over the line. With `only` set just that option is looked at: the study file must be
 * known before everything else is read over it. */
static int read_line(dsep_invocation *call, int argc, char **argv, const char *only,
                     dsep_error *error) {
    int code = DSEP_OK, found;
    getopt_view view = {.letters = ":"};
    if (call->command->leads)
        view = (getopt_view){.letters = "+:"};
    if (dsep_option_each(call->command, call->settings, add_option, &view))
        return dsep_error_set(error, DSEP_ERROR_INTERNAL, "too many options in one table");
    optind = 0;
    opterr = 0;
    while ((found = getopt_long(argc, argv, view.letters, view.longs, NULL)) != -1) {
        const int i = option_of(&view, found);
        if (i < 0)
            return bad_option(call->command, &view, found, argv, error);
        if (!only || strcmp(view.places[i].option->name, only) == 0)
            DSEP_TRY(dsep_option_set(view.places[i], optarg ? optarg : "yes", error));
    }
    call->arguments = argv + optind;
    call->n_arguments = argc - optind;
cleanup:
    return code;
}

static int check_arguments(const dsep_invocation *call, dsep_error *error) {
    const dsep_command *command = call->command;
    if (call->n_arguments < command->min_arguments)
        return dsep_error_set(error, DSEP_ERROR_USAGE, "dsep %s needs %s; for example:\n%s",
                              command->name, command->arguments, command->examples);
    if (call->n_arguments > command->max_arguments)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "dsep %s does not know what to do with '%s'; see dsep %s --help",
                              command->name, call->arguments[command->max_arguments],
                              command->name);
    return DSEP_OK;
}

/* --- provenance ------------------------------------------------------------------------------ */

static int plain_word(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=,:+@%";
    return *word && strspn(word, plain) == strlen(word);
}

static char *join_words(int argc, char **argv) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        return NULL;
    fputs("dsep", stream);
    for (int i = 0; i < argc; i++) {
        fputs(plain_word(argv[i]) ? " " : " '", stream);
        for (const char *c = argv[i]; *c; c++)
            if (*c == '\'')
                fputs("'\\''", stream);
            else
                fputc(*c, stream);
        if (!plain_word(argv[i]))
            fputc('\'', stream);
    }
    fclose(stream);
    return text;
}

/* --- public ---------------------------------------------------------------------------------- */

static int set_fallback(dsep_option_place place, void *error) {
    return place.option->fallback ? dsep_option_set(place, place.option->fallback, error) : DSEP_OK;
}

/* The study file that the line names, or else the one behind the command that it leads to. */
static int read_study(dsep_invocation *call, dsep_error *error) {
    int code = DSEP_OK;
    char *path = NULL;
    const dsep_command *command = call->command;
    const dsep_common_settings *common = call->settings;
    const int behind = !common->study && command->study_behind && call->n_arguments > 0;
    if (behind)
        code = command->study_behind(call->n_arguments, call->arguments, error, &path);
    else if (common->study && !(path = strdup(common->study)))
        code = dsep_out_of_memory(error, "a path");
    if (!code && path)
        code = dsep_study_file_read(call, path, behind, error);
    free(path);
    return code;
}

int dsep_options_parse(const dsep_command *command, int argc, char **argv, dsep_error *error,
                       dsep_invocation **call) {
    int code = DSEP_OK;
    *call = NULL;
    dsep_invocation *made = dsep_array(1, sizeof *made);
    if (!made)
        return dsep_out_of_memory(error, "the command line");
    made->command = command;
    made->settings = dsep_array(1, command->settings_size);
    made->line = join_words(argc, argv); /* before getopt moves the words */
    if (!made->settings || !made->line) {
        code = dsep_out_of_memory(error, "the command line");
        goto cleanup;
    }
    DSEP_TRY(dsep_option_each(command, made->settings, set_fallback, error));
    DSEP_TRY(read_line(made, argc, argv, "study", error));
    DSEP_TRY(read_study(made, error));
    DSEP_TRY(read_line(made, argc, argv, NULL, error));
    const dsep_common_settings *common = made->settings;
    if (!common->help && !common->version)
        DSEP_TRY(check_arguments(made, error));
    made->study = dsep_study_file_text(made);
    *call = made;
    made = NULL;
cleanup:
    dsep_invocation_destroy(&made);
    return code;
}

int dsep_options_defaults(const dsep_command *command, dsep_error *error, dsep_invocation **call) {
    const int count = 1 + command->min_arguments;
    char **words = dsep_array(count + 1, sizeof *words);
    *call = NULL;
    if (!words)
        return dsep_out_of_memory(error, "the options");
    for (int i = 0; i < count; i++)
        words[i] = (char *)command->name;
    const int code = dsep_options_parse(command, count, words, error, call);
    free(words);
    return code;
}

const void *dsep_options_field(const dsep_invocation *call, const char *name) {
    dsep_option_place place;
    return dsep_option_find(call->command, call->settings, name, &place) ? place.field : NULL;
}

void dsep_options_choice(const dsep_invocation *call, const char *name, char *text, size_t size) {
    dsep_option_place place;
    *text = '\0';
    if (!dsep_option_find(call->command, call->settings, name, &place) ||
        place.option->kind != DSEP_OPTION_CHOICE)
        return;
    int length;
    const char *word =
        dsep_option_choice_word(place.option->choices, *(const int *)place.field, &length);
    snprintf(text, size, "%.*s", length, word);
}

static int clear_option(dsep_option_place place, void *data) {
    (void)data;
    dsep_option_clear(place);
    return 0;
}

void dsep_invocation_destroy(dsep_invocation **call) {
    if (!call || !*call)
        return;
    if ((*call)->settings)
        dsep_option_each((*call)->command, (*call)->settings, clear_option, NULL);
    free((*call)->settings);
    free((*call)->line);
    free((*call)->study);
    free(*call);
    *call = NULL;
}
