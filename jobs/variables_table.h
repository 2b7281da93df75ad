/* The table /variables of a result: what the columns of the data were. */
#ifndef DSEP_JOBS_VARIABLES_TABLE_H
#define DSEP_JOBS_VARIABLES_TABLE_H

#include "io/h5write.h"
#include "mpi/table.h"

/* Writes names, types, missing cells, means and deviations. Collective. mean, sd: [mine.count] of
 * this rank's columns, divisor n - 1; NULL to have them measured here, at two passes over the data.
 * Errors: h5write's, DSEP_ERROR_RESOURCES, agreed. */
int dsep_variables_write(dsep_context *ctx, dsep_h5write *file, const dsep_table *table,
                         const double *mean, const double *sd);

#endif
