/* Checks of a table that was read, and the drops a user asked for. */
#ifndef DSEP_IO_TABLE_CHECK_H
#define DSEP_IO_TABLE_CHECK_H

#include "io/missing_token.h"
#include "io/table_read.h"
#include "mpi/table.h"

/* Infinities, missing environments and cells, constant columns, number of samples, number of
 * variables, in this order; then the checksum. Collective. table: values with NaN for missing; may
 * be replaced by a smaller one, whose notes say what was dropped and whose n_missing counts the
 * cells in the file; on failure it stays the caller's. positions: [n_variables] 1-based column
 * numbers in the file; shortened along with the table. Errors: DSEP_ERROR_DATA,
 * DSEP_ERROR_RESOURCES, agreed. Cost: a few passes over the values and reductions of n_variables
 * numbers, with missing cells also of n_samples. Reproducibility: class A. */
int dsep_table_check(dsep_context *ctx, const dsep_table_settings *settings, dsep_table **table,
                     int64_t *positions);

#endif
