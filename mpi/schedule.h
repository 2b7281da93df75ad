/* How tasks are dealt to nodes: the one policy that dsep_counter follows and dsep_replay simulates.
 *
 * Tasks come largest first by forecast. One task a rank is dealt by stride; the rest goes out in
 * chunks, of one task a rank at least. A larger one is a part of what was handed out before it, so
 * that by forecast it holds no more than that part of the work so far, and no more than the same
 * part of what is left. Pure functions. */
#ifndef DSEP_MPI_SCHEDULE_H
#define DSEP_MPI_SCHEDULE_H

#include <stdint.h>

/* How many of the first tasks are dealt by stride, task t to node t mod nodes; all of them where
 * there is one node. Not collective. */
int64_t dsep_schedule_share(int64_t tasks, int64_t ranks, int64_t nodes);

/* How many of `share` tasks dealt by stride a node gets. Not collective. */
int64_t dsep_schedule_turns(int64_t share, int64_t node, int64_t nodes);

/* Size of the chunk that begins at task `position`; 0 when nothing is left. Not collective. */
int64_t dsep_schedule_chunk(int64_t tasks, int64_t ranks, int64_t nodes, int64_t position);

/* Whether a node asks for its next chunk: before it has run dry, so that the answer comes while
 * its ranks still work. left: its tasks that no rank has taken; negative: ranks that wait. Not
 * collective. */
int dsep_schedule_asks(int64_t left, int64_t node_ranks);

/* More chunks than any round has, of up to 10^13 tasks. Not collective. */
int64_t dsep_schedule_chunks_most(int64_t nodes);

#endif
