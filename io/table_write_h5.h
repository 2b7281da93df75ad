/* The HDF5 part of table_write.h. */
#ifndef DSEP_IO_TABLE_WRITE_H5_H
#define DSEP_IO_TABLE_WRITE_H5_H

#include "io/table_write.h"

/* Writes /data and /variables into a new file, ranks taking turns over pieces of piece_rows rows.
 * Collective. Errors: DSEP_ERROR_IO, DSEP_ERROR_RESOURCES; they may differ between ranks, so the
 * caller agrees, and removes the file. Reproducibility: class A in the values. */
int dsep_table_write_h5(dsep_context *ctx, const char *path, const dsep_row_source *source,
                        int64_t piece_rows);

#endif
