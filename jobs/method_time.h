/* What methods other than PC need of time: for plans. */
#ifndef DSEP_JOBS_METHOD_TIME_H
#define DSEP_JOBS_METHOD_TIME_H

#include "jobs/discover_options.h"
#include "jobs/represent_run.h"
#include "mpi/table.h"

/* Seconds of one rank by the processor's clock, never the same twice; infinite where a sample could
 * not be fitted. */
typedef struct {
    double alone;  /* of the main run, what one rank does while others wait */
    double shared; /* and what ranks share */
    double unit;   /* of a replicate, or the mean of replicates and null draws */
} dsep_method_seconds;

/* Runs the method on a sample of the columns and rows, on every rank for itself, and carries its
 * parts on by how each grows: what a rank then knows is the longest of all. Collective. Errors:
 * DSEP_ERROR_RESOURCES, agreed. Cost: a second or two. */
int dsep_method_time(dsep_context *ctx, const dsep_discover_settings *settings,
                     const dsep_table *table, dsep_method_seconds *seconds);

/* The same for represent, after dsep_represent_input(). Collective. Errors: those of the method's
 * check, too. */
int dsep_represent_time(dsep_context *ctx, const dsep_represent_run *run,
                        dsep_method_seconds *seconds);

#endif
