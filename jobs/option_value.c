#include "jobs/option_value.h"

#include "mpi/memory.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- which option ---------------------------------------------------------------------------- */

/* Calls `visit` for every option of the command until it returns non-zero. */
int dsep_option_each(const dsep_command *command, void *settings,
                     int (*visit)(dsep_option_place place, void *data), void *data) {
    int stop = 0;
    for (const dsep_option_group *group = command->groups; group->title && !stop; group++)
        for (const dsep_option *option = group->options; option->name && !stop; option++)
            stop = visit(
                (dsep_option_place){option, (char *)settings + group->offset + option->offset},
                data);
    return stop;
}

typedef struct {
    const char *name;
    dsep_option_place found;
} search;

static int same_name(dsep_option_place place, void *data) {
    search *wanted = data;
    if (strcmp(place.option->name, wanted->name) != 0)
        return 0;
    wanted->found = place;
    return 1;
}

int dsep_option_find(const dsep_command *command, void *settings, const char *name,
                     dsep_option_place *found) {
    search wanted = {.name = name};
    if (!dsep_option_each(command, settings, same_name, &wanted))
        return 0;
    *found = wanted.found;
    return 1;
}

/* --- from text -------------------------------------------------------------------------------- */

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
    if (dsep_option_set((dsep_option_place){&member, fields[kind]}, word, error))
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

int dsep_option_set(dsep_option_place place, const char *text, dsep_error *error) {
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

/* --- to text ---------------------------------------------------------------------------------- */

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

const char *dsep_option_choice_word(const char *choices, int64_t choice, int *length) {
    for (; choice > 0; choice--)
        choices = strchr(choices, '|') + 1;
    *length = (int)strcspn(choices, "|");
    return choices;
}

static void print_choice(FILE *stream, const char *choices, int64_t choice) {
    int length;
    const char *word = dsep_option_choice_word(choices, choice, &length);
    fprintf(stream, "%.*s", length, word);
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

void dsep_option_print(FILE *stream, dsep_option_place place) {
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
        if (place.option->choices && *(const int64_t *)place.field == 0)
            fputs(place.option->choices, stream);
        else
            fprintf(stream, "%lld", (long long)*(const int64_t *)place.field);
    }
}

int dsep_option_is_set(dsep_option_place place) {
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

void dsep_option_clear(dsep_option_place place) {
    if (place.option->kind == DSEP_OPTION_TEXT || place.option->kind == DSEP_OPTION_LINES)
        free(*(char **)place.field);
    else if (is_list(place.option))
        free(((dsep_list *)place.field)->values);
}
