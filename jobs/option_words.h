/* A command line made anew from what was parsed. */
#ifndef DSEP_JOBS_OPTION_WORDS_H
#define DSEP_JOBS_OPTION_WORDS_H

#include "jobs/options.h"

/* The command as words that give the same result, each ended by a NUL: its name, each option that
 * can change the result and is not at its default as one word, "--", the arguments. What came from
 * a study file is among the options. Not collective. key: dsep_options_key() of the call, or a text
 * that holds it. Owner: the caller, free(). NULL without memory. */
char *dsep_option_words(const dsep_invocation *call, const char *key, size_t *bytes);

#endif
