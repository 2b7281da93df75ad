#include "jobs/option_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a text has this line, or one that begins so. */
static int has_line(const char *text, const char *line, size_t length, int all_of_it) {
    for (const char *at = text; *at; at = strchrnul(at, '\n'), at += *at == '\n')
        if (strncmp(at, line, length) == 0 && (!all_of_it || at[length] == '\n'))
            return 1;
    return 0;
}

static int is_flag(const dsep_command *command, const char *name, size_t length) {
    for (const dsep_option_group *g = command->groups; g->title; g++)
        for (const dsep_option *o = g->options; o->name; o++)
            if (strncmp(o->name, name, length) == 0 && !o->name[length])
                return o->kind == DSEP_OPTION_FLAG;
    return 0;
}

/* One line of a study file, `name = value`, as a word. */
static void print_word(FILE *stream, const dsep_command *command, const char *line, size_t length) {
    const char *equals = strstr(line, " = "), *value = equals + 3;
    const size_t name = (size_t)(equals - line);
    size_t left = length - name - 3;
    if (left >= 2 && value[0] == '"' && value[left - 1] == '"') {
        value++;
        left -= 2;
    }
    fprintf(stream, "--%.*s", (int)name, line);
    if (!is_flag(command, line, name))
        fprintf(stream, "=%.*s", (int)left, value);
    fputc('\0', stream);
}

static void print_words(FILE *stream, const dsep_invocation *call, const char *key,
                        const char *usual) {
    size_t length = 0;
    fprintf(stream, "%s%c", call->command->name, '\0');
    for (const char *line = call->study; *line; line += length + (line[length] == '\n')) {
        length = strcspn(line, "\n");
        const char *equals = strstr(line, " = ");
        if (equals && equals < line + length && !has_line(usual, line, length, 1) &&
            has_line(key, line, (size_t)(equals + 3 - line), 0))
            print_word(stream, call->command, line, length);
    }
    fprintf(stream, "--%c", '\0');
    for (int i = 0; i < call->n_arguments; i++)
        fprintf(stream, "%s%c", call->arguments[i], '\0');
}

char *dsep_option_words(const dsep_invocation *call, const char *key, size_t *bytes) {
    char *text = NULL;
    dsep_invocation *usual = NULL;
    const int code = dsep_options_defaults(call->command, NULL, &usual);
    FILE *stream = !code && usual->study ? open_memstream(&text, bytes) : NULL;
    if (stream)
        print_words(stream, call, key, usual->study);
    dsep_invocation_destroy(&usual);
    if (stream && fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}
