/* What methods of discover other than PC need of memory: for their own check, and for plans. */
#ifndef DSEP_JOBS_METHOD_MEMORY_H
#define DSEP_JOBS_METHOD_MEMORY_H

#include "jobs/discover_options.h"
#include "mpi/table.h"

/* Bytes that a method needs on a node beside the table; -1 where that overflows. Not collective.
 * share: of the ranks of the run that are on the node, 1 on one node. PC has a forecast of its own
 * (solvers/forecast.h). */
int64_t dsep_method_memory(const dsep_discover_settings *settings, const dsep_table *table,
                           double share);

#endif
