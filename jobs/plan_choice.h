/* From what a command needs to nodes, ranks, memory and time to ask for. */
#ifndef DSEP_JOBS_PLAN_CHOICE_H
#define DSEP_JOBS_PLAN_CHOICE_H

#include "jobs/plan_needs.h"
#include "jobs/planning.h"

/* Chooses what the shape leaves open: first the fewest nodes whose memory holds the run, then the
 * fewest ranks with which it takes at most half an hour, more nodes only where the cores of these
 * are not enough. Not collective: the same on every rank where needs are. Errors:
 * DSEP_ERROR_USAGE for a shape that contradicts itself; DSEP_ERROR_RESOURCES where memory does not
 * do, with what would. */
int dsep_plan_choose(dsep_plan_needs *needs, const dsep_plan_shape *shape, dsep_error *error,
                     dsep_plan *plan);

#endif
