/* A study as tables of a result file. */
#ifndef DSEP_JOBS_STUDY_TABLES_H
#define DSEP_JOBS_STUDY_TABLES_H

#include "io/h5write.h"
#include "jobs/study_summary.h"

/* What a study found; equal on every rank. */
typedef struct {
    const char *place; /* "/sensitivity" or "/simulation" */
    int truth;         /* whether graphs were compared with a truth */
    const dsep_study_design *design;
    const double *values; /* [n_units x DSEP_STUDY_VALUES] */
    const uint8_t *done;  /* [n_units] */
} dsep_study;

/* Writes PLACE/cells, PLACE/levels, PLACE/replicates and the attributes of PLACE. Collective.
 * Errors: DSEP_ERROR_RESOURCES, those of h5write.h; agreed. */
int dsep_study_tables_write(dsep_context *ctx, dsep_h5write *file, const dsep_study *study);

#endif
