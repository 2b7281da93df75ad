/* The value of an option as text and back, and where it stands in the settings: what the command
 * line, the study file and the key share. Everything else includes jobs/options.h. */
#ifndef DSEP_JOBS_OPTION_VALUE_H
#define DSEP_JOBS_OPTION_VALUE_H

#include "jobs/options.h"

#include <stdio.h>

/* An option and the field it fills. */
typedef struct {
    const dsep_option *option;
    void *field;
} dsep_option_place;

/* Calls `visit` for every option of the command until it returns non-zero, and returns that. Not
 * collective. */
int dsep_option_each(const dsep_command *command, void *settings,
                     int (*visit)(dsep_option_place place, void *data), void *data);

/* Whether the command has an option of this name, and where it stands. Not collective. */
int dsep_option_find(const dsep_command *command, void *settings, const char *name,
                     dsep_option_place *found);

/* Fills the field in place of what was there; lines add up. Not
 * collective. Errors: DSEP_ERROR_USAGE with what was expected; DSEP_ERROR_RESOURCES. */
int dsep_option_set(dsep_option_place place, const char *text, dsep_error *error);

/* Whether there is a value to tell: no flag that is off, no text or size that was not given. Not
 * collective. */
int dsep_option_is_set(dsep_option_place place);

/* Prints the value as dsep_option_set() and a study file read it. Not collective. */
void dsep_option_print(FILE *stream, dsep_option_place place);

/* The word of a choice, the first of which is 0: where it begins, and its length. Not collective.
 * Lent. */
const char *dsep_option_choice_word(const char *choices, int64_t choice, int *length);

/* Frees what the field owns. Not collective. */
void dsep_option_clear(dsep_option_place place);

#endif
