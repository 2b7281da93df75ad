#include "jobs/study_file.h"

#include "io/file_sum.h"
#include "jobs/commands.h"
#include "jobs/option_value.h"

#include <stdlib.h>
#include <string.h>

/* --- in: own lines, because Debian's inih cuts lines at 200 bytes and silently joins indented ones
 * to the setting before ----------------------------------------------------------------------- */

enum { MOST = 200 }; /* options of a command */

typedef struct {
    const dsep_option *option;
    int line;
} setting;

typedef struct {
    dsep_invocation *call;
    const char *path;
    int line;
    int skipping;       /* what is not for this command */
    int concerned;      /* something was for it */
    setting seen[MOST]; /* since the section began */
    int n_seen;
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

/* One line says what an option is; lines of a LINES option add up. */
static int note_setting(study_reader *r, const dsep_option *option) {
    for (int i = 0; i < r->n_seen && option->kind != DSEP_OPTION_LINES; i++)
        if (r->seen[i].option == option)
            return dsep_error_set(r->error, DSEP_ERROR_USAGE,
                                  "%s:%d: '%s' was set in line %d already; leave one of them out",
                                  r->path, r->line, option->name, r->seen[i].line);
    if (r->n_seen < MOST)
        r->seen[r->n_seen++] = (setting){option, r->line};
    return DSEP_OK;
}

static int study_setting(study_reader *r, const char *name, const char *value) {
    int code = DSEP_OK;
    const dsep_command *command = r->call->command;
    dsep_option_place place;
    dsep_error why = {0};
    if (!dsep_option_find(command, r->call->settings, name, &place))
        return dsep_error_set(r->error, DSEP_ERROR_USAGE,
                              "%s:%d: '%s' is no option of dsep %s; see dsep %s --help", r->path,
                              r->line, name, command->name, command->name);
    if (strcmp(name, "study") == 0)
        return dsep_error_set(r->error, DSEP_ERROR_USAGE, "%s:%d: a study file cannot name another",
                              r->path, r->line);
    DSEP_TRY(note_setting(r, place.option));
    code = dsep_option_set(place, value, &why);
    if (code)
        dsep_error_set(r->error, code, "%s:%d: %.1500s", r->path, r->line, why.text);
cleanup:
    return code;
}

static int study_section(study_reader *r, const char *name) {
    const dsep_command *command = r->call->command;
    const int own = strcmp(name, command->name) == 0 ||
                    (command->study_of && strcmp(name, command->study_of) == 0);
    if (!own && !dsep_command_named(name))
        return dsep_error_set(r->error, DSEP_ERROR_USAGE,
                              "%s:%d: [%s] is no command of dsep, as sections are; see dsep --help",
                              r->path, r->line, name);
    r->skipping = !own;
    r->concerned |=
        !r->skipping || strcmp(name, "submit") == 0; /* which reads its command's file */
    r->n_seen = 0;
    return DSEP_OK;
}

static int study_line(study_reader *r, char *text) {
    static const char mark[] = "\xEF\xBB\xBF"; /* what some editors begin a file with */
    const int marked = r->line == 1 && strncmp(text, mark, sizeof mark - 1) == 0;
    char *line = trim(marked ? text + sizeof mark - 1 : text), *equals = strpbrk(line, "=:");
    const size_t length = strlen(line);
    if (!*line || *line == '#' || *line == ';')
        return DSEP_OK;
    if (*line == '[' && line[length - 1] == ']') {
        line[length - 1] = '\0';
        return study_section(r, trim(line + 1));
    }
    if (r->skipping)
        return DSEP_OK;
    if (!equals)
        return dsep_error_set(r->error, DSEP_ERROR_USAGE, "%s:%d: expected `name = value`", r->path,
                              r->line);
    *equals = '\0';
    r->concerned = 1;
    return study_setting(r, trim(line), unquote(trim(equals + 1)));
}

int dsep_study_file_read(dsep_invocation *call, const char *path, int only_section,
                         dsep_error *error) {
    int code = DSEP_OK;
    study_reader r = {.call = call, .path = path, .skipping = only_section, .error = error};
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    while (file && !code && getline(&text, &room, file) >= 0) {
        r.line++;
        code = study_line(&r, text);
    }
    if (!code && (!file || ferror(file)))
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot read the study file '%s'", path);
    else if (!code && !r.concerned && !only_section)
        code =
            dsep_error_set(error, DSEP_ERROR_USAGE,
                           "%s says nothing to dsep %s: it has no section [%s], and no line "
                           "before all sections",
                           path, call->command->name,
                           call->command->study_of ? call->command->study_of : call->command->name);
    if (file)
        fclose(file);
    free(text);
    return code;
}

/* --- out -------------------------------------------------------------------------------------- */

/* What says where a run stands, and a study file itself, have no place in a study. */
static int belongs_in_study(const char *name) {
    return strcmp(name, "study") != 0 && strcmp(name, "progress-file") != 0;
}

static int print_setting(dsep_option_place place, void *stream) {
    if (dsep_option_is_set(place) && belongs_in_study(place.option->name)) {
        fprintf(stream, "%s = ", place.option->name);
        dsep_option_print(stream, place);
        fputc('\n', stream);
    }
    return 0;
}

/* What `print` makes of all options, as a section where it has a name. NULL without memory. */
static char *print_options(const dsep_invocation *call, const char *section,
                           int (*print)(dsep_option_place place, void *stream)) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        return NULL;
    if (section)
        fprintf(stream, "[%s]\n", section);
    dsep_option_each(call->command, call->settings, print, stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

char *dsep_study_file_text(const dsep_invocation *call) {
    return print_options(call, call->command->name, print_setting);
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

static int print_key(dsep_option_place place, void *stream) {
    const dsep_option *option = place.option;
    const int names_file = option->metavar && strcmp(option->metavar, "FILE") == 0;
    char sum[17];
    if (!dsep_option_is_set(place) || !has_effect(option->name))
        return 0;
    if (names_file && dsep_file_sum(*(char *const *)place.field, sum)) {
        fprintf(stream, "%s = contents %s\n", option->name, sum);
        return 0;
    }
    return print_setting(place, stream);
}

char *dsep_options_key(const dsep_invocation *call) {
    return print_options(call, NULL, print_key);
}
