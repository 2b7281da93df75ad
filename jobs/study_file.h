/* The study file: options as `name = value` lines, in sections named like commands. Lines before
 * any section are for every command. */
#ifndef DSEP_JOBS_STUDY_FILE_H
#define DSEP_JOBS_STUDY_FILE_H

#include "jobs/options.h"

/* Sets the options of the command as the file has them. Not collective: every rank reads the same.
 * only_section: leave out lines before any section. Errors, with file and line: DSEP_ERROR_USAGE
 * for an option the command has not, or a wrong value; DSEP_ERROR_IO. */
int dsep_study_file_read(dsep_invocation *call, const char *path, int only_section,
                         dsep_error *error);

/* Every option that is set, as a study file. Not collective. Owner: the caller, free(). NULL
 * without memory. */
char *dsep_study_file_text(const dsep_invocation *call);

#endif
