/* A forecast as people and programs read it. */
#ifndef DSEP_JOBS_FORECAST_REPORT_H
#define DSEP_JOBS_FORECAST_REPORT_H

#include "jobs/discover_input.h"

/* Measures how fast this machine is and prints the forecast to standard output, as JSON when asked.
 * Collective; rank 0 speaks. */
void dsep_forecast_report(dsep_context *ctx, dsep_discover_input *input, int json);

#endif
