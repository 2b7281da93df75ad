/* Where a result goes. */
#ifndef DSEP_JOBS_OUTPUT_PATH_H
#define DSEP_JOBS_OUTPUT_PATH_H

#include "mpi/error.h"

/* The path that the user asked for, or NAME.dsep.h5 in this folder for data called NAME.*. Not
 * collective. Errors: DSEP_ERROR_USAGE when it is the data itself or does not end in .h5;
 * DSEP_ERROR_RESOURCES. Owner of *path: the caller. */
int dsep_output_path(const char *asked, const char *data, dsep_error *error, char **path);

#endif
