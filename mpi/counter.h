/* Dynamic tasks: whoever is free takes the next one.
 *
 * Inside a node a shared counter hands out turns. The node's first turns are tasks dealt by
 * stride; later ones are chunks that the node asks for before it runs dry (mpi/schedule.h).
 * World rank 0 answers while it is inside dsep_counter_next(), _serve() or _finish(); one rank of a
 * node at a time asks. On one node nobody asks anything. Who does a task must never show in its
 * result.
 *
 *     dsep_counter_reset(ctx, counter, tasks);
 *     for (int64_t t; !failed && (t = dsep_counter_next(counter)) >= 0;)
 *         failed = work(t);
 *     dsep_counter_finish(ctx, counter);
 */
#ifndef DSEP_MPI_COUNTER_H
#define DSEP_MPI_COUNTER_H

#include "mpi/context.h"

typedef struct dsep_counter dsep_counter;

/* Makes a counter at zero. Collective. Errors: as dsep_shared_create(); DSEP_ERROR_INTERNAL when
 * MPI fails. Owner: the caller. */
int dsep_counter_create(dsep_context *ctx, dsep_counter **counter);

/* Frees the counter and sets *counter to NULL; accepts NULL. Collective. */
void dsep_counter_destroy(dsep_counter **counter);

/* Starts again with tasks 0 .. tasks - 1, fewer than 10^13. Collective. */
void dsep_counter_reset(dsep_context *ctx, dsep_counter *counter, int64_t tasks);

/* The next task for this rank, or -1 when none is left. Not collective, but a rank whose node
 * waits for a chunk waits here, until the ranks that ask and answer come to their own next call.
 * Cost: one atomic addition in shared memory, about 0.2 microseconds; two messages a chunk. */
int64_t dsep_counter_next(dsep_counter *counter);

/* Answers and asks in the middle of a task: call it often from a task that may last longer than
 * other nodes should wait. Not collective. Cost: an addition, and a look for messages each 64
 * calls; on one node nothing. */
void dsep_counter_serve(dsep_counter *counter);

/* How many of all tasks are taken, judged by this node. Not collective. */
int64_t dsep_counter_taken(const dsep_counter *counter);

/* Ends the round: every rank calls it after its last task, also one that left its loop early,
 * whose node's chunk may then stay undone. Afterwards no message is under way. Collective. Cost: a
 * barrier; on one node nothing. */
void dsep_counter_finish(dsep_context *ctx, dsep_counter *counter);

#endif
