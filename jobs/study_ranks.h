/* How many ranks work on a run of a study together. */
#ifndef DSEP_JOBS_STUDY_RANKS_H
#define DSEP_JOBS_STUDY_RANKS_H

#include "jobs/sensitivity_options.h"

typedef struct {
    int64_t each; /* ranks a group */
    int whole;    /* whether each keeps a correlation matrix */
} dsep_study_ranks;

/* As the user says, or one, or more where groups of one do not fit into a node's memory or there
 * are fewer runs than ranks. Collective. n_samples and n_variables: of the largest table of a run.
 * Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_study_ranks_choose(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                            const dsep_study_design *design, int64_t n_samples, int64_t n_variables,
                            dsep_study_ranks *ranks);

#endif
