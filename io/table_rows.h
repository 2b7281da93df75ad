/* From what each rank read to columns spread over the ranks. */
#ifndef DSEP_IO_TABLE_ROWS_H
#define DSEP_IO_TABLE_ROWS_H

#include "mpi/context.h"
#include "mpi/table.h"

#include <stdint.h>

/* Segment s of the rows was read by rank s % size; on every rank the same. */
typedef struct {
    int64_t count;
    int64_t *first; /* [count + 1] first row of each segment; the last is the row after them all */
} dsep_row_segments;

/* One segment for each rank, as even as can be. Collective. Owner of segments->first: the caller,
 * free(). Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_row_segments_even(dsep_context *ctx, int64_t n_rows, dsep_row_segments *segments);

/* Turns each rank's rows [mine x n_variables] into table->values, where the segments say; other
 * rows stay as they are. Collective.
 * Errors: DSEP_ERROR_RESOURCES, and what dsep_exchange() gives, agreed. Has the fault point
 * table-exchange. Cost: every value moves once, in a few batches of columns; buffers of at most
 * about 64 MB or one column a rank. Reproducibility: class A. */
int dsep_rows_to_columns(dsep_context *ctx, const dsep_row_segments *segments, const double *rows,
                         dsep_table *table);

/* Moves whole columns to their owners. Collective.
 * columns: [count x n_samples]; targets: [count] ascending, which column of `table` each is; all
 * ranks together bring every column once. Errors and fault point as above. Memory: twice this
 * rank's columns. */
int dsep_columns_to_owners(dsep_context *ctx, const double *columns, const int64_t *targets,
                           int64_t count, dsep_table *table);

/* Refuses a table that does not fit: about twice its values, and its names. Not collective.
 * Errors: DSEP_ERROR_RESOURCES, with shape, need and what there is. */
int dsep_table_fits(dsep_context *ctx, const char *path, int64_t n_samples, int64_t n_variables,
                    dsep_error *error);

/* What a rank holds beside its part of a table while it reads it, at the most. Not collective.
 * parsed: text, whose rows stand in memory before they become columns. */
int64_t dsep_table_reading_bytes(int64_t n_samples, int64_t n_variables, int64_t ranks, int parsed);

#endif
