/* What replicates say, for people. */
#ifndef DSEP_JOBS_SHOW_REPLICATES_H
#define DSEP_JOBS_SHOW_REPLICATES_H

#include "jobs/replicates_read.h"

#include <stdio.h>

/* Prints how many there are, how well shares are known, stability selection, the least certain
 * edges of the graph and the most frequent pairs that it lacks. Not collective. Errors: those of
 * dsep_replicates_open(), but none where none is done. */
int dsep_show_replicates(FILE *stream, const char *path, const dsep_named_graph *learned,
                         dsep_error *error);

#endif
