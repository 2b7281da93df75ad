/* --help: the options of a command as text. */
#include "jobs/options.h"

#include <stdio.h>
#include <string.h>

/* Prints `text` from column `indent` on, broken at blanks before column 80. */
static void print_wrapped(const char *text, int indent) {
    int column = indent;
    while (*text) {
        const int word = (int)strcspn(text, " ");
        if (column > indent && column + word > 80) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        printf("%.*s", word, text);
        text += word;
        column += word;
        if (*text == ' ') {
            putchar(' ');
            text++;
            column++;
        }
    }
    putchar('\n');
}

static void print_option(const dsep_option *option) {
    char left[128], help[1024];
    const char *value = option->metavar ? option->metavar : option->choices;
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name, value ? " " : "",
             value ? value : "");
    snprintf(help, sizeof help, "%s%s%s%s", option->help, option->fallback ? " (default " : "",
             option->fallback ? option->fallback : "", option->fallback ? ")" : "");
    if (strlen(left) < 32)
        printf("%-32s", left);
    else
        printf("%s\n%32s", left, "");
    print_wrapped(help, 32);
}

void dsep_options_help(const dsep_command *command) {
    printf("dsep %s %s [options]\n\n", command->name, command->arguments);
    print_wrapped(command->description, 0);
    printf("\nExamples\n%s", command->examples);
    for (const dsep_option_group *group = command->groups; group->title; group++) {
        printf("\n%s", group->title);
        if (group->methods)
            printf(" (--method %s)", group->methods);
        putchar('\n');
        for (const dsep_option *option = group->options; option->name; option++)
            print_option(option);
    }
}
