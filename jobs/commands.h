/* The commands; one file each. */
#ifndef DSEP_JOBS_COMMANDS_H
#define DSEP_JOBS_COMMANDS_H

#include "jobs/options.h"

extern const dsep_command dsep_command_discover, dsep_command_plan, dsep_command_simulate,
    dsep_command_compare, dsep_command_show, dsep_command_export, dsep_command_sensitivity,
    dsep_command_represent, dsep_command_submit, dsep_command_merge, dsep_command_status;

/* All of them, in the order of the help, NULL at the end. */
extern const dsep_command *const dsep_commands[];

/* The command of this name, or NULL. Not collective. */
const dsep_command *dsep_command_named(const char *name);

#endif
