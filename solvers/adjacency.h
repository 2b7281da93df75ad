/* Who is still adjacent to whom during a search: once a node, in shared memory.
 *
 * After order 0 the neighbours of every node stand in ascending rows that never move again. An
 * edge that is removed later keeps its places, with the order that removed it, so that the
 * adjacency at the start of any order can be read at any time. */
#ifndef DSEP_SOLVERS_ADJACENCY_H
#define DSEP_SOLVERS_ADJACENCY_H

#include "mpi/graph.h"
#include "mpi/shared.h"

enum { DSEP_ADJACENCY_MAX_ORDER = 250 };

typedef struct {
    int64_t n_nodes;
    const int64_t *offset;    /* [n_nodes + 1] */
    const int32_t *neighbour; /* [offset[n_nodes]] ascending in each row */
    uint8_t *gone;            /* same shape: 0, or the order that removed the edge */
    dsep_shared *offset_memory, *neighbour_memory, *gone_memory;
} dsep_adjacency;

/* Makes the rows from a bit matrix, the same on every node: bit y of row x (x < y) is 1 where x
 * and y are adjacent. bits: [n_nodes x words]. Collective. Errors: DSEP_ERROR_RESOURCES, agreed.
 * Cost: one pass over the bits, spread over the ranks of a node. Owner of *adjacency: the
 * caller. */
int dsep_adjacency_create(dsep_context *ctx, int64_t n_nodes, const uint64_t *bits, int64_t words,
                          dsep_adjacency **adjacency);

/* Two nodes, x < y. */
typedef struct {
    int32_t x, y;
} dsep_pair;

/* The same from lists: every rank gives the pairs that it found, in any order, each pair on one
 * rank. Collective. Errors: DSEP_ERROR_RESOURCES, agreed. Cost: all pairs are sent to every rank,
 * which passes over them twice; for few pairs much less than bits. Owner of *adjacency: the
 * caller. */
int dsep_adjacency_create_listed(dsep_context *ctx, int64_t n_nodes, const dsep_pair *pairs,
                                 int64_t count, dsep_adjacency **adjacency);

/* Frees it and sets *adjacency to NULL; accepts NULL. Collective. */
void dsep_adjacency_destroy(dsep_adjacency **adjacency);

/* The neighbours that x had when `order` (1 or more) began, ascending, into neighbours; returns
 * their number. places: where they stand in x's row; may be NULL. Not collective. */
int64_t dsep_adjacency_frozen(const dsep_adjacency *adjacency, int64_t x, int64_t order,
                              int32_t *neighbours, int32_t *places);

/* How many they are. Not collective. */
int64_t dsep_adjacency_frozen_degree(const dsep_adjacency *adjacency, int64_t x, int64_t order);

/* Number of neighbours that x has now, and of those behind x (higher) or before it. Not
 * collective. */
int64_t dsep_adjacency_degree(const dsep_adjacency *adjacency, int64_t x);
int64_t dsep_adjacency_degree_beyond(const dsep_adjacency *adjacency, int64_t x, int higher);

/* Whether the neighbour at a place of x's row is still there. Not collective. */
int dsep_adjacency_stays(const dsep_adjacency *adjacency, int64_t x, int32_t place);

/* Removes the neighbour at a place of x's row at an order, which only x's row knows until
 * dsep_adjacency_sync(). Not collective. In between a place is changed by one rank only. */
void dsep_adjacency_remove(dsep_adjacency *adjacency, int64_t x, int32_t place, int64_t order);

/* How many removals ranks together tell as lists; from more on all marks are united. Not
 * collective. */
int64_t dsep_adjacency_list_limit(const dsep_adjacency *adjacency);

/* Brings removals to the rows of both ends, on all nodes. Collective.
 * count: how many this rank has removed at this order since the last sync; removed: they, or as
 * many as the list limit. *bytes: what each node then learns. Cost: the lists, or one pass over the
 * rows, spread over the ranks of a node. Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_adjacency_sync(dsep_context *ctx, dsep_adjacency *adjacency, const dsep_pair *removed,
                        int64_t count, int64_t order, int64_t *bytes);

/* Marks an edge as gone at an order, in the rows of both ends, on this node only until
 * dsep_adjacency_unite(). Not collective. Each edge is marked by one rank. */
void dsep_adjacency_mark(dsep_adjacency *adjacency, dsep_pair edge, int64_t order);

/* Brings the marks of all nodes to all. Collective. */
void dsep_adjacency_unite(dsep_context *ctx, dsep_adjacency *adjacency);

/* Takes back all that an order removed, as if it had not begun. Collective, after a sync. Cost: one
 * pass over the rows, spread over the ranks of a node. */
void dsep_adjacency_restore(dsep_context *ctx, dsep_adjacency *adjacency, int64_t order);

/* The adjacency as it is now, as a graph of undirected edges. Not collective. */
int dsep_adjacency_graph(const dsep_adjacency *adjacency, dsep_error *error, dsep_graph **graph);

#endif
