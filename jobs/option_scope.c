#include "jobs/option_scope.h"

#include <string.h>

/* Whether a list of words holds this one. */
static int has_word(const char *words, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
            return 1;
    return 0;
}

static int same_lists(const dsep_list *a, const dsep_list *b) {
    int64_t i = 0;
    while (i < a->count && i < b->count && a->values[i] == b->values[i])
        i++;
    return i == a->count && i == b->count;
}

static int is_same(const dsep_option *option, const void *left, const void *right) {
    switch (option->kind) {
    case DSEP_OPTION_FLAG:
    case DSEP_OPTION_CHOICE:
        return *(const int *)left == *(const int *)right;
    case DSEP_OPTION_TEXT:
    case DSEP_OPTION_LINES: {
        const char *a = *(char *const *)left, *b = *(char *const *)right;
        return a && b ? strcmp(a, b) == 0 : a == b;
    }
    case DSEP_OPTION_REAL:
    case DSEP_OPTION_TIME:
        return *(const double *)left == *(const double *)right;
    case DSEP_OPTION_INTEGER:
    case DSEP_OPTION_SIZE:
        return *(const int64_t *)left == *(const int64_t *)right;
    default:
        return same_lists(left, right);
    }
}

/* The first option of a group that is not at its default; NULL where there is none. */
static const dsep_option *first_changed(const dsep_option_group *group, const char *only,
                                        const char *settings, const char *defaults) {
    for (const dsep_option *o = group->options; o->name; o++)
        if ((!only || strcmp(o->name, only) == 0) &&
            !is_same(o, settings + group->offset + o->offset, defaults + group->offset + o->offset))
            return o;
    return NULL;
}

/* Given lags leave nothing to choose. */
static int check_lags(const dsep_invocation *call, dsep_error *error) {
    int code = DSEP_OK;
    const int64_t *lags = dsep_options_field(call, "lags");
    for (const dsep_option_group *g = call->command->groups; lags && *lags && g->title && !code;
         g++)
        code = dsep_option_refuse(call, g, "max-lags",
                                  "is about --lags auto; leave it out, or leave out --lags", error);
    return code;
}

int dsep_option_scope_check(const dsep_invocation *call, const char *method, dsep_error *error) {
    int code = DSEP_OK;
    const dsep_command *command = call->command;
    dsep_invocation *usual = NULL;
    DSEP_TRY(dsep_options_defaults(command, error, &usual));
    for (const dsep_option_group *g = command->groups; g->title && !code; g++) {
        if (!g->methods || has_word(g->methods, method))
            continue;
        const dsep_option *option = first_changed(g, NULL, call->settings, usual->settings);
        if (option)
            code = dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "--%s means nothing with --method %s: it is for %s", option->name,
                                  method, g->methods);
    }
    if (!code)
        code = check_lags(call, error);
cleanup:
    dsep_invocation_destroy(&usual);
    return code;
}

int dsep_option_refuse(const dsep_invocation *call, const dsep_option_group *group,
                       const char *only, const char *why, dsep_error *error) {
    int code = DSEP_OK;
    dsep_invocation *usual = NULL;
    DSEP_TRY(dsep_options_defaults(call->command, error, &usual));
    const dsep_option *option = first_changed(group, only, call->settings, usual->settings);
    if (option)
        code = dsep_error_set(error, DSEP_ERROR_USAGE, "--%s %s", option->name, why);
cleanup:
    dsep_invocation_destroy(&usual);
    return code;
}
