#include "jobs/commands.h"

#include <string.h>

const dsep_command *const dsep_commands[] = {
    &dsep_command_discover,    &dsep_command_simulate,  &dsep_command_compare,
    &dsep_command_show,        &dsep_command_export,    &dsep_command_plan,
    &dsep_command_sensitivity, &dsep_command_represent, &dsep_command_submit,
    &dsep_command_merge,       &dsep_command_status,    NULL,
};

const dsep_command *dsep_command_named(const char *name) {
    for (const dsep_command *const *at = dsep_commands; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}
