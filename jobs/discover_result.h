/* The result file of discover: what stands where. */
#ifndef DSEP_JOBS_DISCOVER_RESULT_H
#define DSEP_JOBS_DISCOVER_RESULT_H

#include "jobs/discover_input.h"
#include "jobs/replicates.h"
#include "mpi/log.h"
#include "solvers/correlation.h"
#include "solvers/pc.h"

/* All that a result is made of. */
typedef struct {
    const dsep_invocation *call;
    const dsep_discover_settings *settings;
    const dsep_discover_input *input;
    const dsep_correlation *correlation;
    const dsep_pc *pc;
    dsep_replicates *replicates; /* without a campaign where there are none */
    dsep_running *running;
    int searched, complete; /* the search; and all that was asked for */
    const char *reason;     /* why it is not complete */
    const dsep_log_section *sections;
    int64_t n_sections;
    const char *path; /* where it goes */
    double clock_began;
    char hash[17]; /* graph-hash; filled by the writer */
} dsep_discover_result;

/* Writes the file. Collective. Errors: DSEP_ERROR_IO, agreed; then an old file is untouched. */
int dsep_discover_result_write(dsep_context *ctx, dsep_discover_result *result);

#endif
