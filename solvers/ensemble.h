/* One graph out of many: which pairs it joins, and how.
 *
 * Every pair has ten outcomes: not joined, or joined with one of nine pairs of marks. Each pair is
 * decided alone, so the whole need not be a graph that any of the many was: a CPDAG's edges may
 * close a cycle. Reproducibility: class A. */
#ifndef DSEP_SOLVERS_ENSEMBLE_H
#define DSEP_SOLVERS_ENSEMBLE_H

#include "solvers/tally.h"

typedef enum {
    /* joined if ever joined: the most frequent marks, however rare; Tetrad's Preserved */
    DSEP_ENSEMBLE_PRESERVED,
    /* the most frequent outcome; not joined wins a tie; Tetrad's Highest */
    DSEP_ENSEMBLE_HIGHEST,
    /* the outcome with a share above 1/2, not joined where none has one; Tetrad's Majority */
    DSEP_ENSEMBLE_MAJORITY,
    /* joined if the share of graphs that joined the pair, whatever the marks, is at least the
     * threshold: the most frequent marks; bnlearn's strength */
    DSEP_ENSEMBLE_THRESHOLD
} dsep_ensemble_rule;

/* The graph of a rule. Not collective.
 *
 * Of marks that are equally frequent the first in this order is taken, x < y: the less an edge
 * says, the earlier, and from the lower variable first.
 *     x o-o y   x --- y   x o-> y   x <-o y   x --> y   x <-- y   x <-> y   x --o y   x o-- y
 * tally: of n_graphs graphs, each pair once. threshold: of THRESHOLD, in [0, 1], compared as
 * dsep_share_reaches() does; pairs that no graph joined are never joined. n_nodes: variables.
 * kind: of the graph; the marks are those counted. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_DATA for a pair that is not of n_nodes. Cost: the pairs seen, sorted. Owner of
 * *graph: the caller. */
int dsep_ensemble_graph(const dsep_tally *tally, int64_t n_graphs, dsep_ensemble_rule rule,
                        double threshold, int64_t n_nodes, dsep_graph_kind kind, dsep_error *error,
                        dsep_graph **graph);

/* The threshold of Scutari & Nagarajan 2013 (doi:10.1016/j.artmed.2012.12.006) out of the shares:
 * the least share that is significant; 1 where none is. Not collective. Cost: a look at each pair.
 *
 * They take the t that brings the cdf of an ideal network, t on [0, 1) and 1 at 1, next to the
 * empirical cdf F of the joined shares of all p (p - 1) / 2 pairs, in L1, and call shares above
 * F^-1(t) significant. F ascends, so the integral of |F(x) - t| over [0, 1] is least where t is
 * its median, F(1/2): significant are exactly the shares above 1/2. (Where a share is 1/2 exactly,
 * every t between F's values before and at 1/2 does; the last is taken.) Pairs that were never
 * joined make F larger everywhere below 1 and change nothing, so only the pairs seen are needed.
 * bnlearn searches t numerically, and so may end at a neighbouring share. */
double dsep_ensemble_threshold(const dsep_tally *tally, int64_t n_graphs);

/* The name as users write it. Not collective. */
const char *dsep_ensemble_name(dsep_ensemble_rule rule);

#endif
