/* What replicates leave in the result file, and what of them a person reads first. */
#ifndef DSEP_JOBS_REPLICATES_RESULT_H
#define DSEP_JOBS_REPLICATES_RESULT_H

#include "io/h5write.h"
#include "jobs/replicates.h"

/* Writes /replicates: attributes, the counts of every edge seen, the ensemble graphs, and for
 * halves stability selection. Collective. Errors: as h5write's, agreed. */
int dsep_replicates_write(dsep_context *ctx, dsep_h5write *file, const dsep_replicates *replicates);

/* A line of the forecast. Not collective; rank 0 calls. */
void dsep_replicates_print_plan(const dsep_replicates *replicates);

/* Some lines for the summary. Not collective; rank 0 calls. */
void dsep_replicates_print(const dsep_replicates *replicates);

#endif
