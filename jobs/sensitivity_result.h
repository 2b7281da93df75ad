/* The result file of sensitivity: what stands where. */
#ifndef DSEP_JOBS_SENSITIVITY_RESULT_H
#define DSEP_JOBS_SENSITIVITY_RESULT_H

#include "jobs/campaign.h"
#include "jobs/study_design.h"
#include "mpi/graph.h"
#include "mpi/table.h"

/* All that a result is made of; lent. */
typedef struct {
    const dsep_invocation *call;
    const dsep_running *running;
    const dsep_study_design *design;
    const dsep_campaign *campaign;
    const dsep_table *table;     /* NULL of a simulation */
    const dsep_graph *reference; /* NULL of a simulation */
    const char *path;
} dsep_sensitivity_result;

/* Writes the file. Collective. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_IO, agreed; then an old
 * file is untouched. */
int dsep_sensitivity_result_write(dsep_context *ctx, const dsep_sensitivity_result *result);

/* Prints its tables as they stand in the file. Collective. Errors: DSEP_ERROR_IO, agreed. */
int dsep_sensitivity_result_print(dsep_context *ctx, const dsep_sensitivity_result *result);

#endif
