#include "jobs/options.h"

#include "io/file_sum.h"
#include "mpi/memory.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
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
     "write the log as JSON, one object a line, too"},
    {"progress-file", 0, DSEP_OPTION_TEXT, FIELD(progress_file), "FILE", NULL, 0, 0, NULL,
     "keep how far the run is in this file, as JSON, for dsep status"},
    {"quiet", 'q', DSEP_OPTION_FLAG, FIELD(quiet), NULL, NULL, 0, 0, NULL,
     "say nothing but errors and warnings"},
    {"help", 'h', DSEP_OPTION_FLAG, FIELD(help), NULL, NULL, 0, 0, NULL, "this text"},
    {"version", 0, DSEP_OPTION_FLAG, FIELD(version), NULL, NULL, 0, 0, NULL,
     "the version and how it was built"},
    {0},
};

/* An option and the field it fills. */
typedef struct {
    const dsep_option *option;
    void *field;
} target;

/* Calls `visit` for every option of the command until it returns non-zero. */
static int each_option(const dsep_command *command, void *settings,
                       int (*visit)(target place, void *data), void *data) {
    int stop = 0;
    for (const dsep_option_group *group = command->groups; group->title && !stop; group++)
        for (const dsep_option *option = group->options; option->name && !stop; option++)
            stop = visit((target){option, (char *)settings + group->offset + option->offset}, data);
    return stop;
}

/* --- values ---------------------------------------------------------------------------------- */

static int wrong_value(dsep_error *error, const dsep_option *option, const char *text) {
    char expected[512];
    switch (option->kind) {
    case DSEP_OPTION_INTEGER:
        snprintf(expected, sizeof expected, "a whole number from %.0f to %.0f%s%s", option->min,
                 option->max, option->choices ? " or " : "",
                 option->choices ? option->choices : "");
        break;
    case DSEP_OPTION_REAL:
        snprintf(expected, sizeof expected, "a number from %g to %g", option->min, option->max);
        break;
    case DSEP_OPTION_CHOICE:
        snprintf(expected, sizeof expected, "one of %s", option->choices);
        break;
    case DSEP_OPTION_SIZE:
        snprintf(expected, sizeof expected, "a size such as 500M, 4G or 1.5T");
        break;
    case DSEP_OPTION_TIME:
        snprintf(expected, sizeof expected,
                 "a time such as 02:30:00 (hours, minutes, seconds), "
                 "10:00 or 45");
        break;
    default:
        snprintf(expected, sizeof expected, "yes or no");
    }
    return dsep_error_set(error, DSEP_ERROR_USAGE, "--%s %s: expected %s", option->name, text,
                          expected);
}

static int parse_size(const char *text, int64_t *size) {
    static const char units[] = "KMGTP";
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || !(value > 0))
        return 0;
    if (*end) {
        const char *unit =
            isalpha((unsigned char)*end) ? strchr(units, toupper((unsigned char)*end)) : NULL;
        if (!unit)
            return 0;
        value *= pow(1024, (double)(unit - units + 1));
        end++;
        end += strcmp(end, "iB") == 0 ? 2 : strcmp(end, "B") == 0;
    }
    *size = value < 9e18 ? (int64_t)value : 0;
    return *end == '\0' && *size > 0;
}

/* Up to three numbers with colons between them; minutes and seconds behind one stay below 60. Also
 * D-HH, D-HH:MM, D-HH:MM:SS, as Slurm writes days. */
static int parse_time(const char *text, double *seconds) {
    const char *dash = strchr(text, '-');
    double sum = 0;
    int parts = 0;
    if (dash && (dash == text || strspn(text, "0123456789") != (size_t)(dash - text)))
        return 0;
    for (const char *at = dash ? dash + 1 : text; at; parts++) {
        char *end = NULL;
        const double value = isdigit((unsigned char)*at) ? strtod(at, &end) : -1;
        if (value < 0 || parts == 3 || (parts > 0 && value >= 60) ||
            (dash && !parts && value >= 24))
            return 0;
        if (*end && *end != ':')
            return 0;
        sum = 60 * sum + value;
        at = *end ? end + 1 : NULL;
    }
    for (; dash && parts < 3; parts++)
        sum *= 60;
    *seconds = sum + (dash ? 86400 * strtod(text, NULL) : 0);
    return *seconds > 0 && *seconds < 1e9;
}

static int parse_choice(const char *choices, const char *text, int *choice) {
    const size_t length = strlen(text);
    int i = 0;
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL, i++)
        if (length > 0 && !strchr(text, '|') && strncmp(at, text, length) == 0 &&
            (at[length] == '|' || !at[length])) {
            *choice = i;
            return 1;
        }
    return 0;
}

static int parse_integer(const dsep_option *option, const char *text, int64_t *value) {
    char *end = NULL;
    if (option->choices && strcmp(text, option->choices) == 0) {
        *value = 0;
        return 1;
    }
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && !*end && !errno && (double)*value >= option->min &&
           (double)*value <= option->max;
}

static int parse_real(const dsep_option *option, const char *text, double *value) {
    char *end = NULL;
    *value = strtod(text, &end);
    return end != text && !*end && *value >= option->min && *value <= option->max;
}

static int parse_flag(const char *text, int *value) {
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};
    for (int i = 0; i < 6; i++)
        if (strcmp(text, words[i]) == 0) {
            *value = i % 2;
            return 1;
        }
    return 0;
}

static int set_value(target place, const char *text, dsep_error *error);

static int is_list(const dsep_option *option) {
    return option->kind >= DSEP_OPTION_INTEGERS;
}

/* One member of a list, checked like an option of its own. */
static int list_member(const dsep_option *list, const char *word, double *value,
                       dsep_error *error) {
    static const dsep_option_kind kinds[] = {DSEP_OPTION_INTEGER, DSEP_OPTION_REAL,
                                             DSEP_OPTION_CHOICE};
    dsep_option member = *list;
    int64_t integer = 0;
    int choice = 0;
    void *const fields[] = {&integer, value, &choice};
    const int kind = (int)(list->kind - DSEP_OPTION_INTEGERS);
    member.kind = kinds[kind];
    if (set_value((target){&member, fields[kind]}, word, error))
        return dsep_error_set(error, error->code, "%.1500s, or several with commas between them",
                              strdupa(error->text));
    if (kind != 1)
        *value = kind == 0 ? (double)integer : choice;
    return DSEP_OK;
}

static int set_list(const dsep_option *option, dsep_list *list, const char *text,
                    dsep_error *error) {
    int64_t count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    char *copy = strdup(text), *rest = copy;
    double *values = dsep_array(count, sizeof *values);
    int code = copy && values ? DSEP_OK : dsep_out_of_memory(error, "a list");
    for (int64_t i = 0; !code && i < count; i++)
        code = list_member(option, strsep(&rest, ","), &values[i], error);
    free(copy);
    free(code ? values : list->values);
    if (!code)
        *list = (dsep_list){count, values};
    return code;
}

static int add_line(char **field, const char *text, dsep_error *error) {
    char *joined = NULL;
    if (asprintf(&joined, "%s%s%s", *field ? *field : "", *field ? "\n" : "", text) < 0)
        return dsep_out_of_memory(error, "an option");
    free(*field);
    *field = joined;
    return DSEP_OK;
}

static int set_value(target place, const char *text, dsep_error *error) {
    int good = 1;
    if (is_list(place.option))
        return set_list(place.option, place.field, text, error);
    switch (place.option->kind) {
    case DSEP_OPTION_FLAG:
        good = parse_flag(text, place.field);
        break;
    case DSEP_OPTION_INTEGER:
        good = parse_integer(place.option, text, place.field);
        break;
    case DSEP_OPTION_REAL:
        good = parse_real(place.option, text, place.field);
        break;
    case DSEP_OPTION_CHOICE:
        good = parse_choice(place.option->choices, text, place.field);
        break;
    case DSEP_OPTION_SIZE:
        good = parse_size(text, place.field);
        break;
    case DSEP_OPTION_TIME:
        good = parse_time(text, place.field);
        break;
    case DSEP_OPTION_TEXT: {
        char **field = place.field;
        free(*field);
        *field = strdup(text);
        if (!*field)
            return dsep_out_of_memory(error, "an option");
        break;
    }
    case DSEP_OPTION_LINES:
        return add_line(place.field, text, error);
    default: /* lists, above */
        break;
    }
    return good ? DSEP_OK : wrong_value(error, place.option, text);
}

static int set_fallback(target place, void *error) {
    return place.option->fallback ? set_value(place, place.option->fallback, error) : DSEP_OK;
}

/* --- finding an option by name --------------------------------------------------------------- */

typedef struct {
    const char *name;
    target found;
} search;

static int same_name(target place, void *data) {
    search *wanted = data;
    if (strcmp(place.option->name, wanted->name) != 0)
        return 0;
    wanted->found = place;
    return 1;
}

/* --- the study file: own lines, because Debian's inih cuts lines at 200 bytes and silently joins
 * indented ones to the setting before --------------------------------------------------------- */

typedef struct {
    dsep_invocation *call;
    const char *path;
    int line;
    int skipping; /* inside another command's section */
    dsep_error *error;
} study_reader;

static char *trim(char *text) {
    text += strspn(text, " \t\r\n");
    for (char *end = text + strlen(text); end > text && strchr(" \t\r\n", end[-1]);)
        *--end = '\0';
    return text;
}

/* Takes one pair of " from around a value: what blanks at its ends need. */
static char *unquote(char *value) {
    const size_t length = strlen(value);
    if (length < 2 || value[0] != '"' || value[length - 1] != '"')
        return value;
    value[length - 1] = '\0';
    return value + 1;
}

static int study_setting(study_reader *r, const char *name, const char *value) {
    const dsep_command *command = r->call->command;
    search wanted = {.name = name};
    dsep_error why = {0};
    if (!each_option(command, r->call->settings, same_name, &wanted))
        return dsep_error_set(r->error, DSEP_ERROR_USAGE,
                              "%s:%d: '%s' is no option of dsep %s; see dsep %s --help", r->path,
                              r->line, name, command->name, command->name);
    const int code = set_value(wanted.found, value, &why);
    return code ? dsep_error_set(r->error, code, "%s:%d: %.1500s", r->path, r->line, why.text)
                : DSEP_OK;
}

static int study_line(study_reader *r, char *text) {
    char *line = trim(text), *equals = strchr(line, '=');
    const size_t length = strlen(line);
    if (!*line || *line == '#' || *line == ';')
        return DSEP_OK;
    if (*line == '[' && line[length - 1] == ']') {
        line[length - 1] = '\0';
        r->skipping = strcmp(trim(line + 1), r->call->command->name) != 0;
        return DSEP_OK;
    }
    if (r->skipping)
        return DSEP_OK;
    if (!equals)
        return dsep_error_set(r->error, DSEP_ERROR_USAGE, "%s:%d: expected `name = value`", r->path,
                              r->line);
    *equals = '\0';
    return study_setting(r, trim(line), unquote(trim(equals + 1)));
}

static int read_study(dsep_invocation *call, const char *path, dsep_error *error) {
    int code = DSEP_OK;
    study_reader r = {.call = call, .path = path, .error = error};
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    while (file && !code && getline(&text, &room, file) >= 0) {
        r.line++;
        code = study_line(&r, text);
    }
    if (!code && (!file || ferror(file)))
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot read the study file '%s'", path);
    if (file)
        fclose(file);
    free(text);
    return code;
}

/* --- the command line ------------------------------------------------------------------------ */

enum { FIRST_LONG = 256, MAX_OPTIONS = 128 };

/* getopt's view of the table. */
typedef struct {
    struct option longs[MAX_OPTIONS + 1];
    char letters[2 * MAX_OPTIONS + 4];
    target places[MAX_OPTIONS];
    int count;
} getopt_view;

static int add_option(target place, void *data) {
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
    return dsep_error_set(error, DSEP_ERROR_USAGE, "%s is no option of dsep %s; see dsep %s --help",
                          word, command->name, command->name);
}

/* One pass over the line. With `only` set just that option is looked at: the study file must be
 * known before everything else is read over it. */
static int read_line(dsep_invocation *call, int argc, char **argv, const char *only,
                     dsep_error *error) {
    int code = DSEP_OK, found;
    getopt_view view = {.letters = ":"};
    if (call->command->leads)
        view = (getopt_view){.letters = "+:"};
    if (each_option(call->command, call->settings, add_option, &view))
        return dsep_error_set(error, DSEP_ERROR_INTERNAL, "too many options in one table");
    optind = 0;
    opterr = 0;
    while ((found = getopt_long(argc, argv, view.letters, view.longs, NULL)) != -1) {
        const int i = option_of(&view, found);
        if (i < 0)
            return bad_option(call->command, &view, found, argv, error);
        if (!only || strcmp(view.places[i].option->name, only) == 0)
            DSEP_TRY(set_value(view.places[i], optarg ? optarg : "yes", error));
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

/* The shortest of 15 or 17 digits that reads back to the same bits. */
static void print_real(FILE *stream, double value) {
    char text[64];
    snprintf(text, sizeof text, "%.15g", value);
    fprintf(stream, "%.*g", strtod(text, NULL) == value ? 15 : 17, value);
}

/* A text in quotes where a study file would otherwise lose something of it. */
static void print_text(FILE *stream, const char *text) {
    const size_t length = strlen(text);
    const int quoted =
        length > 0 && (strchr("\" \t", text[0]) || strchr("\" \t", text[length - 1]));
    fprintf(stream, quoted ? "\"%s\"" : "%s", text);
}

static void print_choice(FILE *stream, const char *choices, int64_t choice) {
    for (; choice > 0; choice--)
        choices = strchr(choices, '|') + 1;
    fprintf(stream, "%.*s", (int)strcspn(choices, "|"), choices);
}

static void print_list(FILE *stream, const dsep_option *option, const dsep_list *list) {
    for (int64_t i = 0; i < list->count; i++) {
        const double value = list->values[i];
        const int named = option->kind == DSEP_OPTION_CHOICES ||
                          (option->kind == DSEP_OPTION_INTEGERS && option->choices && value == 0);
        fputs(i ? "," : "", stream);
        if (named)
            print_choice(stream, option->choices, (int64_t)value);
        else
            print_real(stream, value);
    }
}

static void print_value(FILE *stream, target place) {
    if (is_list(place.option)) {
        print_list(stream, place.option, place.field);
        return;
    }
    switch (place.option->kind) {
    case DSEP_OPTION_FLAG:
        fputs(*(const int *)place.field ? "yes" : "no", stream);
        break;
    case DSEP_OPTION_REAL:
    case DSEP_OPTION_TIME:
        print_real(stream, *(const double *)place.field);
        break;
    case DSEP_OPTION_TEXT:
    case DSEP_OPTION_LINES:
        print_text(stream, *(char *const *)place.field);
        break;
    case DSEP_OPTION_CHOICE:
        print_choice(stream, place.option->choices, *(const int *)place.field);
        break;
    default:
        fprintf(stream, "%lld", (long long)*(const int64_t *)place.field);
    }
}

static int is_set(target place) {
    if (is_list(place.option))
        return ((const dsep_list *)place.field)->count > 0;
    switch (place.option->kind) {
    case DSEP_OPTION_FLAG:
        return *(const int *)place.field;
    case DSEP_OPTION_TEXT:
    case DSEP_OPTION_LINES:
        return *(char *const *)place.field != NULL;
    case DSEP_OPTION_SIZE:
        return *(const int64_t *)place.field > 0;
    case DSEP_OPTION_TIME:
        return *(const double *)place.field > 0;
    default:
        return 1;
    }
}

/* What says where a run stands, and a study file itself, have no place in a study. */
static int belongs_in_study(const char *name) {
    return strcmp(name, "study") != 0 && strcmp(name, "progress-file") != 0;
}

static int print_setting(target place, void *stream) {
    if (is_set(place) && belongs_in_study(place.option->name)) {
        fprintf(stream, "%s = ", place.option->name);
        print_value(stream, place);
        fputc('\n', stream);
    }
    return 0;
}

static char *settings_text(dsep_invocation *call) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        return NULL;
    fprintf(stream, "[%s]\n", call->command->name);
    each_option(call->command, call->settings, print_setting, stream);
    fclose(stream);
    return text;
}

/* --- what a result depends on ---------------------------------------------------------------- */

/* Options that may differ between a run and the one that goes on with it. All others count. */
static const char *const without_effect[] = {
    "output",      "study",         "progress",        "log-json",
    "quiet",       "help",          "version",         "max-time",
    "resume",      "restart",       "allow-partial",   "checkpoint-every",
    "part",        "dry-run",       "memory-per-node", "ranks-per-replicate",
    "correlation", "progress-file",
};

static int has_effect(const char *name) {
    for (size_t i = 0; i < sizeof without_effect / sizeof *without_effect; i++)
        if (strcmp(without_effect[i], name) == 0)
            return 0;
    return 1;
}

static int print_key(target place, void *stream) {
    const dsep_option *option = place.option;
    const int names_file = option->metavar && strcmp(option->metavar, "FILE") == 0;
    char sum[17];
    if (!is_set(place) || !has_effect(option->name))
        return 0;
    if (names_file && dsep_file_sum(*(char *const *)place.field, sum)) {
        fprintf(stream, "%s = contents %s\n", option->name, sum);
        return 0;
    }
    return print_setting(place, stream);
}

char *dsep_options_key(const dsep_invocation *call) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        return NULL;
    each_option(call->command, call->settings, print_key, stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* --- public ---------------------------------------------------------------------------------- */

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
    DSEP_TRY(each_option(command, made->settings, set_fallback, error));
    DSEP_TRY(read_line(made, argc, argv, "study", error));
    const dsep_common_settings *common = made->settings;
    if (common->study) {
        char *path = strdup(common->study);
        code = path ? read_study(made, path, error) : dsep_out_of_memory(error, "a path");
        free(path);
        if (code)
            goto cleanup;
    }
    DSEP_TRY(read_line(made, argc, argv, NULL, error));
    if (!common->help && !common->version)
        DSEP_TRY(check_arguments(made, error));
    made->study = settings_text(made);
    *call = made;
    made = NULL;
cleanup:
    dsep_invocation_destroy(&made);
    return code;
}

const void *dsep_options_field(const dsep_invocation *call, const char *name) {
    search wanted = {.name = name};
    return each_option(call->command, call->settings, same_name, &wanted) ? wanted.found.field
                                                                          : NULL;
}

void dsep_options_choice(const dsep_invocation *call, const char *name, char *text, size_t size) {
    search wanted = {.name = name};
    *text = '\0';
    if (!each_option(call->command, call->settings, same_name, &wanted) ||
        wanted.found.option->kind != DSEP_OPTION_CHOICE)
        return;
    const char *choice = wanted.found.option->choices;
    for (int i = *(const int *)wanted.found.field; i > 0; i--)
        choice = strchr(choice, '|') + 1;
    snprintf(text, size, "%.*s", (int)strcspn(choice, "|"), choice);
}

static int free_text(target place, void *data) {
    (void)data;
    if (place.option->kind == DSEP_OPTION_TEXT || place.option->kind == DSEP_OPTION_LINES)
        free(*(char **)place.field);
    else if (is_list(place.option))
        free(((dsep_list *)place.field)->values);
    return 0;
}

void dsep_invocation_destroy(dsep_invocation **call) {
    if (!call || !*call)
        return;
    if ((*call)->settings)
        each_option((*call)->command, (*call)->settings, free_text, NULL);
    free((*call)->settings);
    free((*call)->line);
    free((*call)->study);
    free(*call);
    *call = NULL;
}
