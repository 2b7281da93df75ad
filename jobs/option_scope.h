/* Options that belong to some methods of a command alone. */
#ifndef DSEP_JOBS_OPTION_SCOPE_H
#define DSEP_JOBS_OPTION_SCOPE_H

#include "jobs/options.h"

/* Refuses an option that is not at its default in a group whose `methods` do not name this one: it
 * would be ignored in silence. Not collective: the same on every rank. Errors: DSEP_ERROR_USAGE
 * with the option and its methods; DSEP_ERROR_RESOURCES. */
int dsep_option_scope_check(const dsep_invocation *call, const char *method, dsep_error *error);

#endif
