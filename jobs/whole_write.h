/* Writing what is the same on every rank: rank 0 has all of it, the others nothing. */
#ifndef DSEP_JOBS_WHOLE_WRITE_H
#define DSEP_JOBS_WHOLE_WRITE_H

#include "io/h5write.h"

/* The block of a rank where rank 0 writes what is the same on every rank. Not collective. */
dsep_block dsep_whole_on_zero(dsep_context *ctx, int64_t rows);

/* An array that is the same on every rank, of up to four dimensions, of which unused ones are 0.
 * Collective. Errors: h5write's, agreed. */
int dsep_whole_array(dsep_context *ctx, dsep_h5write *file, const char *path, dsep_h5_type type,
                     const int64_t shape[DSEP_H5WRITE_DIMENSIONS], const void *values);

#endif
