/* Where a result goes. */
#ifndef DSEP_JOBS_OUTPUT_PATH_H
#define DSEP_JOBS_OUTPUT_PATH_H

#include "jobs/options.h"

/* The path that the user asked for, or NAME.dsep.h5 in this folder for data called NAME.*. Not
 * collective. Errors: DSEP_ERROR_USAGE when it is the data itself or does not end in .h5;
 * DSEP_ERROR_RESOURCES. Owner of *path: the caller. */
int dsep_output_path(const char *asked, const char *data, dsep_error *error, char **path);

/* Whether a file can be made there; nothing is. Not collective: it looks at the folder. Errors:
 * DSEP_ERROR_IO with the path, DSEP_ERROR_RESOURCES. */
int dsep_output_writable(const char *path, dsep_error *error);

/* Refuses a command that would write over a file that it reads (an argument, or the FILE of an
 * option), or two of its outputs over each other. Not collective: it looks at the files. Errors:
 * DSEP_ERROR_USAGE. */
int dsep_output_spares(const dsep_invocation *call, dsep_error *error);

#endif
