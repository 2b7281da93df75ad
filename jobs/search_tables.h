/* What a search did, as tables of the result file. */
#ifndef DSEP_JOBS_SEARCH_TABLES_H
#define DSEP_JOBS_SEARCH_TABLES_H

#include "io/h5write.h"
#include "solvers/skeleton.h"

/* Writes /search/levels and, of a traced search, /search/tasks and /search/phases. Collective.
 * Errors: those of h5write.h, agreed. */
int dsep_search_tables_write(dsep_context *ctx, dsep_h5write *file, const dsep_skeleton *skeleton);

#endif
