/* How often each edge was seen, with which marks, over many graphs of the same variables.
 *
 * Only pairs that were ever joined are kept, so memory grows with the edges seen. Counts are whole
 * numbers: the sum does not depend on who counted what. */
#ifndef DSEP_SOLVERS_TALLY_H
#define DSEP_SOLVERS_TALLY_H

#include "mpi/context.h"
#include "mpi/graph.h"

enum { DSEP_TALLY_MARKS = 9 };

/* A pair x < y; count[dsep_tally_kind(mark at x, mark at y)] graphs joined it so. */
typedef struct {
    int32_t x, y;
    int32_t count[DSEP_TALLY_MARKS];
} dsep_tally_edge;

typedef struct {
    int64_t n_edges, room;
    dsep_tally_edge *edges; /* [n_edges] in order of first appearance, until united */
    int64_t n_slots;
    int32_t *slots; /* [n_slots] hash table: 1 + index of an edge, or 0; at most half of it taken */
} dsep_tally;

/* Which count stands for these marks at x and y: (at_x - 1) * 3 + at_y - 1. Not collective. */
int dsep_tally_kind(dsep_mark at_x, dsep_mark at_y);

/* The mark at x and the mark at y that a count stands for. Not collective. */
dsep_mark dsep_tally_mark_x(int kind);
dsep_mark dsep_tally_mark_y(int kind);

/* An empty tally. Not collective. Owner of *tally: the caller. */
int dsep_tally_create(dsep_error *error, dsep_tally **tally);

/* Frees it and sets *tally to NULL; accepts NULL. Not collective. */
void dsep_tally_destroy(dsep_tally **tally);

/* Counts every edge of a graph once. names: variable of each node, strictly ascending, or NULL
 * where node and variable are the same. Not collective. Errors: DSEP_ERROR_RESOURCES, after which
 * the tally holds a part of the graph. */
int dsep_tally_add(dsep_tally *tally, const dsep_graph *graph, const int32_t *names,
                   dsep_error *error);

/* Adds counts of one pair. Not collective. Errors: DSEP_ERROR_RESOURCES; the tally is unchanged. */
int dsep_tally_add_edge(dsep_tally *tally, const dsep_tally_edge *edge, dsep_error *error);

/* Adds counts of many pairs, each as often as it stands there, and sorts by (x, y). Not collective.
 * Errors: DSEP_ERROR_RESOURCES; some are added then. */
int dsep_tally_merge(dsep_tally *tally, const dsep_tally_edge *edges, int64_t n_edges,
                     dsep_error *error);

/* Empties it; its memory serves what is counted next. Not collective. */
void dsep_tally_clear(dsep_tally *tally);

/* The sum of all ranks' tallies, sorted by (x, y), on every rank; more can be counted in it.
 * Collective. Ranks that counted nothing give an empty tally. Errors: DSEP_ERROR_RESOURCES, agreed.
 * Cost: every rank's edges go to the pair's owner (dsep_layout_pairs_owner() of as many nodes as
 * were seen), then the sums to all; memory grows with the edges that this rank has seen and with
 * those that all have. Reproducibility: class A. Owner of *sum: the caller. */
int dsep_tally_unite(dsep_context *ctx, const dsep_tally *tally, dsep_tally **sum);

/* How many graphs had an edge with just these marks, and how many joined its ends at all; it may be
 * given from either end. Not collective. */
void dsep_tally_count(const dsep_tally *tally, dsep_edge edge, int64_t *same, int64_t *joined);

/* How many graphs joined the pair, with whatever marks. Not collective. */
int64_t dsep_tally_joined(const dsep_tally_edge *edge);

/* How many edges all graphs have in all. Not collective. Cost: a look at each pair. */
int64_t dsep_tally_total(const dsep_tally *tally);

#endif
