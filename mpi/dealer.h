/* How a node comes by its turns: the part of dsep_counter that talks to other nodes.
 *
 * Nodes ask world rank 0 by an empty message and get a chunk or the word that nothing is left.
 * Node 0 cuts its chunks itself, in shared memory. */
#ifndef DSEP_MPI_DEALER_H
#define DSEP_MPI_DEALER_H

#include "mpi/context.h"

/* Tasks from `task` on are the node's turns from `turn` on. */
typedef struct {
    int64_t turn, task;
} dsep_chunk;

/* A node's turns, in its shared memory. */
typedef struct {
    int64_t next; /* the first turn that no rank has taken; alone in its cache line */
    int64_t apart[7];
    int64_t granted;  /* turns that have a task */
    int64_t n_chunks; /* only grows, so that a rank may look its turn up late */
    int64_t closed;   /* nothing more will be granted */
    int64_t asking;   /* a rank of this node is about to have something granted */
    int64_t position; /* node 0: the first task that no node has */
    dsep_chunk chunks[];
} dsep_turns;

/* What one rank holds. */
typedef struct {
    dsep_turns *turns;
    MPI_Comm comm; /* the counter's own: messages of two counters never meet */
    int64_t tasks, round, ranks, node, nodes, node_ranks;
    int rank;
    int waits; /* this rank asked and has no answer yet */
} dsep_dealer;

/* A number that ranks of this node write, and what they wrote before it. Not collective. */
static inline int64_t dsep_look(const int64_t *shared) {
    return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}

/* Answers, takes an answer, asks: whatever is due. Not collective. */
void dsep_dealer_attend(dsep_dealer *dealer);

/* Ends a round: no message is under way, and no rank begins the next before all are here.
 * Collective. */
void dsep_dealer_finish(dsep_dealer *dealer);

#endif
