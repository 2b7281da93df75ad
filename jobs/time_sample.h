/* Small tables that methods are timed on. */
#ifndef DSEP_JOBS_TIME_SAMPLE_H
#define DSEP_JOBS_TIME_SAMPLE_H

#include "mpi/groups.h"
#include "mpi/table.h"
#include "solvers/environments.h"

/* Some columns of a table, evenly chosen, as a table of this rank alone. Collective over ctx.
 * rows: in all, about; the first of each environment, in one proportion, but `least` of each where
 * it has so many. own: this rank's context. Errors: DSEP_ERROR_RESOURCES, agreed. Owner of *sample:
 * the caller. */
int dsep_time_sample(dsep_context *ctx, dsep_context *own, const dsep_table *from, int64_t columns,
                     int64_t rows, int64_t least, dsep_table **sample);

/* The first `count` environments, of each the first rows[e] and of these some columns, as a table
 * of this rank alone. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_time_sample_environments(dsep_context *own, const dsep_environments *from, int64_t count,
                                  const int64_t *rows, int64_t columns, dsep_table **sample);

#endif
