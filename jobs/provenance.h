/* What every result file says about itself: where it comes from and how long it took. */
#ifndef DSEP_JOBS_PROVENANCE_H
#define DSEP_JOBS_PROVENANCE_H

#include "io/h5write.h"
#include "jobs/running.h"
#include "mpi/table.h"

/* The first lines of a log: program, host, ranks, seed, and the command. Not collective; only rank
 * 0's call counts. */
void dsep_provenance_log(dsep_context *ctx, const dsep_invocation *call);

/* The line of a log about a table that was read, and what was done to it. Not collective; only
 * rank 0's call counts. */
void dsep_provenance_log_input(dsep_context *ctx, const char *path, const dsep_table *table);

/* The root attributes but for the input: kind and version of the file, command, study, seed, time,
 * build, and the allocations. complete: whether it holds all that was asked for. running: NULL for
 * a command that cannot be gone on with. Not collective; only rank 0's call counts. */
void dsep_provenance_write(dsep_context *ctx, dsep_h5write *file, const dsep_invocation *call,
                           int complete, const dsep_running *running);

/* The input: path, shape, checksum, and what was done to it. Not collective, as above. */
void dsep_provenance_input(dsep_h5write *file, const dsep_table *table);

/* The table /timing. Collective. Errors: h5write's, DSEP_ERROR_RESOURCES, agreed. */
int dsep_provenance_timing(dsep_context *ctx, dsep_h5write *file, const dsep_log_section *sections,
                           int64_t n_sections);

#endif
