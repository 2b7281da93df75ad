/* Node-shared arrays: one copy for all ranks of a node, in a shared-memory window; a node of one
 * rank has it in ordinary memory. */
#ifndef DSEP_MPI_SHARED_H
#define DSEP_MPI_SHARED_H

#include "mpi/context.h"

typedef struct dsep_shared dsep_shared;

/* Makes an array of `bytes` zeroed bytes, one a node. Collective.
 * purpose: what it holds, for the message when it cannot be had. Large arrays ask for huge
 * pages. Errors: DSEP_ERROR_RESOURCES, agreed. Owner of *shared: the caller. */
int dsep_shared_create(dsep_context *ctx, int64_t bytes, const char *purpose, dsep_shared **shared);

/* Frees the array and sets *shared to NULL; accepts NULL. Collective. */
void dsep_shared_destroy(dsep_shared **shared);

/* The memory, lent; the same bytes on every rank of a node; it begins with a cache line. Not
 * collective. */
void *dsep_shared_data(const dsep_shared *shared);

/* Makes the array ready to be filled anew: nobody reads it any more, and with several nodes it is
 * zeroed, for dsep_shared_unite(). Collective. Cost: a barrier over the node; between nodes a pass
 * over it. */
void dsep_shared_clear(dsep_context *ctx, dsep_shared *shared);

/* Makes what this node's ranks wrote visible to all of them. Collective over the node. */
void dsep_shared_sync(dsep_context *ctx, dsep_shared *shared);

/* Gives every node the union of what the nodes wrote. Bytes that two nodes wrote must be equal
 * or zero on one of them. Collective. Cost: one bitwise reduction between nodes; on one node no
 * more than dsep_shared_sync(). Reproducibility: class A, no arithmetic is done. */
void dsep_shared_unite(dsep_context *ctx, dsep_shared *shared);

#endif
