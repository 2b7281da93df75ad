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
    int32_t *targets; /* [n_targets] positions in adjacent; they may become less */
    int64_t n_targets;
    int64_t order;           /* members of a set, 1 or more */
    int32_t *set;            /* [order] positions of the set's members */
    int64_t tests, singular; /* counted up: tests made; tests that do not exist */
    int64_t steps;           /* counted up: entries that pushes eliminated, those read to begin */
    void *data;              /* the visitor's own */

    /* Called for every prefix of order - 1 members, with all sets that complete it by a pivot from
     * `start` on. May take targets away with dsep_walk_drop(). Returns non-zero to stop. */
    int (*visit)(dsep_walk *walk, int32_t start);
};

/* Walks all sets, or until no target is left or the visitor stops. Not collective. The test's
 * reserve() must have been called. */
void dsep_walk_subsets(dsep_walk *walk);

/* Whether a target is a member of the prefix, so that nothing can be tested. Not collective. */
int dsep_walk_member(const dsep_walk *walk, int64_t target);

/* Scans a target from `start` on and counts the tests. Not collective. */
dsep_citest_scan dsep_walk_scan(dsep_walk *walk, int64_t target, int32_t start);

/* Takes a target away; the last one gets its index. Not collective. */
void dsep_walk_drop(dsep_walk *walk, int64_t target);

#endif
