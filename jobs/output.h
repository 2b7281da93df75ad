/* What commands print: to standard output, or to a file that takes its name when it is whole. */
#ifndef DSEP_JOBS_OUTPUT_H
#define DSEP_JOBS_OUTPUT_H

#include "mpi/context.h"

#include <stdio.h>

/* Calls print(stream, data, error) on rank 0. Collective.
 * path: NULL for standard output; else a file beside it is written, flushed and renamed. print:
 * returns a dsep_code and leaves failures of the stream to be found here. Errors: those of print();
 * DSEP_ERROR_IO for a full disk or a closed pipe; agreed. On failure an old file is as it was. */
int dsep_output_print(dsep_context *ctx, const char *path,
                      int (*print)(FILE *stream, void *data, dsep_error *error), void *data);

#endif
