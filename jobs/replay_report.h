/* dsep plan --replay: how a traced search would spread over another machine. */
#ifndef DSEP_JOBS_REPLAY_REPORT_H
#define DSEP_JOBS_REPLAY_REPORT_H

#include "mpi/context.h"

typedef struct {
    const char *result, *output; /* output: NULL for standard output */
    int64_t ranks, ranks_per_node;
    int json;
} dsep_replay_settings;

/* Plays every phase of a result's trace and prints a table, or JSON. Collective; rank 0 works.
 * Errors: as dsep_trace_read(); DSEP_ERROR_RESOURCES; as dsep_output_print(). */
int dsep_replay_report(dsep_context *ctx, const dsep_replay_settings *settings);

#endif
