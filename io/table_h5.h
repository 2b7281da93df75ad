/* Tables in HDF5: dense matrices, and the dense and sparse ones of AnnData. */
#ifndef DSEP_IO_TABLE_H5_H
#define DSEP_IO_TABLE_H5_H

#include "io/table_path.h"
#include "io/table_read.h"

/* Reads a matrix out of HDF5; contract as in io/table_text.h. Collective.
 * A child process goes through the file first, so that a damaged one is an error and not a crash.
 * Every rank opens the file by itself and reads its columns; rows of a CSR matrix are read by
 * blocks and exchanged. Cost: a compressed chunk is inflated by each rank that needs a part. */
int dsep_table_read_h5(dsep_context *ctx, const dsep_table_settings *settings,
                       const dsep_table_path *where, dsep_table **table, int64_t **positions);

#endif
