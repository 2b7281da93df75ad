/* Options that belong to some methods of a command alone. */
#ifndef DSEP_JOBS_OPTION_SCOPE_H
#define DSEP_JOBS_OPTION_SCOPE_H

#include "jobs/options.h"

/* Refuses an option that is not at its default in a group whose `methods` do not name this one: it
 * would be ignored in silence. Not collective: the same on every rank. Errors: DSEP_ERROR_USAGE
 * with the option and its methods; DSEP_ERROR_RESOURCES. */
int dsep_option_scope_check(const dsep_invocation *call, const char *method, dsep_error *error);

/* Refuses an option of a group that is not at its default, for the reason `why`: "--NAME why".
 * only: the name of the one option that is looked at; NULL for all of the group. Not collective:
 * the same on every rank. Errors: DSEP_ERROR_USAGE, DSEP_ERROR_RESOURCES. */
int dsep_option_refuse(const dsep_invocation *call, const dsep_option_group *group,
                       const char *only, const char *why, dsep_error *error);

#endif
