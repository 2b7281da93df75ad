/* Dynamic tasks: whoever is free takes the next one.
 *
 * Tasks are dealt to nodes round robin, so that the largest (which come first) spread over all
 * of them; inside a node a shared counter hands them out. Who does a task must never show in its
 * result. */
#ifndef DSEP_MPI_COUNTER_H
#define DSEP_MPI_COUNTER_H

#include "mpi/context.h"

typedef struct dsep_counter dsep_counter;

/* Makes a counter at zero. Collective. Errors: as dsep_shared_create(). Owner: the caller. */
int dsep_counter_create(dsep_context *ctx, dsep_counter **counter);

/* Frees the counter and sets *counter to NULL; accepts NULL. Collective. */
void dsep_counter_destroy(dsep_counter **counter);

/* Starts again with tasks 0 .. tasks - 1. Collective. */
void dsep_counter_reset(dsep_context *ctx, dsep_counter *counter, int64_t tasks);

/* The next task for this rank, or -1 when this node has none left. Not collective.
 * Cost: one atomic addition in shared memory, about 0.2 microseconds. */
int64_t dsep_counter_next(dsep_counter *counter);

/* How many of all tasks are taken, judged by this node. Not collective. */
int64_t dsep_counter_taken(const dsep_counter *counter);

#endif
