/* What the scheduler makes of tasks whose costs are known, on any number of ranks: the policy of
 * mpi/schedule.h event by event, without a clock. Pure functions. */
#ifndef DSEP_MPI_REPLAY_H
#define DSEP_MPI_REPLAY_H

#include "mpi/error.h"

#include <stdint.h>

/* The machine that is played. */
typedef struct {
    int64_t ranks, node_ranks; /* the last node may have fewer */
    int64_t latency;           /* from a node's question to its answer, in units of cost */
} dsep_replay_machine;

/* What came of one phase; times and work in units of cost. */
typedef struct {
    int64_t tasks, total, largest;
    int64_t makespan; /* when the last task ends */
    int64_t requests; /* questions for a chunk, the last of each node in vain */
    int64_t messages;
} dsep_replay;

/* Plays one phase. Not collective.
 * cost: [tasks] 0 or more, in the order in which they are handed out, with a sum below 2^62.
 * Errors: DSEP_ERROR_RESOURCES. Cost: (tasks + ranks) * log(ranks) steps, 40 bytes a rank.
 * Reproducibility: class A, integers only. */
int dsep_replay_phase(const int64_t *cost, int64_t tasks, const dsep_replay_machine *machine,
                      dsep_error *error, dsep_replay *played);

/* total / (ranks * makespan): 1 when no rank ever waits, and where there is no work. Not
 * collective. */
double dsep_replay_efficiency(const dsep_replay *played, int64_t ranks);

#endif
