/* Jobs as dsep status prints them: a table, details, JSON. */
#ifndef DSEP_JOBS_STATUS_PRINT_H
#define DSEP_JOBS_STATUS_PRINT_H

#include "jobs/job_verdict.h"

#include <stdio.h>

/* One line a job. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_status_table(FILE *stream, dsep_job_view *const *views, int64_t count, dsep_error *error);

/* All that is known of one job; of an array a table of its parts. only: a part's number, to tell
 * of that alone; DSEP_JOB_WHOLE: all. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_status_details(FILE *stream, const dsep_job_view *view, int64_t only, dsep_error *error);

/* The same as JSON. Not collective. NULL without memory. Owner: the caller, json_decref(). */
json_t *dsep_status_json(const dsep_job_view *view);

#endif
