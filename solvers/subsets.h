/* Walks the subsets of a node's adjacent variables in lexicographic order, as a depth-first tree
 * in which a test pays for a common prefix once (METHODS: "every order costs what order 1
 * costs"). */
#ifndef DSEP_SOLVERS_SUBSETS_H
#define DSEP_SOLVERS_SUBSETS_H

#include "solvers/citest.h"

typedef struct dsep_walk dsep_walk;

struct dsep_walk {
    const dsep_citest *test;
    int64_t node;
    const int32_t *adjacent; /* [n_adjacent] ascending variables */
    int64_t n_adjacent;
    int32_t *targets; /* [n_targets] ascending positions in adjacent; they may become less */
    int64_t n_targets;
    int64_t order;           /* members of a set */
    int32_t *set;            /* [order] positions of the set's members */
    int64_t tests, singular; /* counted up: tests made; tests that do not exist */
    void *data;              /* the visitor's own */

    /* Called for every set of `order` members, with the last one as pivot and all of them in
     * `set` (order 0: pivot -1). May shrink the targets with dsep_walk_retain(). Returns non-zero
     * to stop the walk. */
    int (*visit)(dsep_walk *walk, int32_t pivot);
};

/* Walks all sets, or until no target is left or the visitor stops. Not collective. The test's
 * reserve() must have been called. */
void dsep_walk_subsets(dsep_walk *walk);

/* Counts a row of tests: of the targets, `singular` had no test; those that are members of the
 * set are no tests at all. Not collective. */
void dsep_walk_count(dsep_walk *walk, int64_t singular);

/* Keeps the targets kept[count]: indices into the current list. Not collective. */
void dsep_walk_retain(dsep_walk *walk, const int32_t *kept, int64_t count);

#endif
