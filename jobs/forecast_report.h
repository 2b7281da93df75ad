/* A forecast as people and programs read it. */
#ifndef DSEP_JOBS_FORECAST_REPORT_H
#define DSEP_JOBS_FORECAST_REPORT_H

#include "jobs/discover_input.h"

/* Measures how fast this machine is and prints the forecast for these ranks to standard output.
 * Collective; rank 0 speaks. Errors: those of dsep_forecast_measure(), agreed. */
int dsep_forecast_report(dsep_context *ctx, const dsep_discover_settings *settings,
                         dsep_discover_input *input);

/* Prints what is forecast for so many ranks on so many nodes. Not collective. */
void dsep_forecast_print(const dsep_discover_input *input, int64_t ranks, int64_t nodes);

/* Seconds of a run on so many ranks, by parts. Not collective. */
dsep_forecast_time dsep_forecast_parts(const dsep_discover_input *input, int64_t ranks);

#endif
