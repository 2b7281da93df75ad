/* The interface of a conditional-independence test, as the searches use it.
 *
 * A search looks at one node and its adjacent variables at a time. It walks the subsets of them as
 * a depth-first tree: push() adds a variable to the set, pop() takes the last one back, and scan()
 * completes the set with one pivot after another until the target is separated. A test that keeps
 * state along the tree (a partial Cholesky, a contingency table) pays for a prefix once.
 *
 * Variables are named by their position among the adjacent ones, targets by their index in the
 * current list of targets. No function here communicates. */
#ifndef DSEP_SOLVERS_CITEST_H
#define DSEP_SOLVERS_CITEST_H

#include "mpi/error.h"
#include "mpi/layout.h"

#include <stdint.h>

/* The largest block of pairs that pairs() takes. */
enum { DSEP_CITEST_ROWS = 256, DSEP_CITEST_COLUMNS = 1024 };

/* What a scan found. */
typedef struct {
    int64_t pivot;    /* position of the first pivot that separates; -1: none does */
    int64_t singular; /* for how many pivots up to there no test exists */
} dsep_citest_scan;

typedef struct {
    void *state;
    int64_t n_variables;
    int64_t max_order; /* the largest set for which a test exists */

    /* Makes room for nodes of up to n_adjacent variables, as many targets, and sets of up to
     * `order`. The only function that allocates. */
    int (*reserve)(void *state, int64_t n_adjacent, int64_t order, dsep_error *error);

    /* Tests every x of `rows` with every y > x of `columns` without any condition. Bit
     * y - columns.first of dependent[(x - rows.first) * words + ...] is 1 where they are dependent,
     * and 0 elsewhere; words = (columns.count + 63) / 64. Needs no begin(). */
    void (*pairs)(void *state, dsep_block rows, dsep_block columns, uint64_t *dependent);

    /* The association of x and y without any condition: for Gaussian data the correlation. */
    double (*marginal)(void *state, int64_t x, int64_t y);

    /* Starts at a node for sets of `order` (1 or more) members: adjacent[n_adjacent] ascending,
     * targets[n_targets] positions in it. adjacent stays the caller's and unchanged until the
     * next begin(). */
    void (*begin)(void *state, int64_t node, const int32_t *adjacent, int64_t n_adjacent,
                  const int32_t *targets, int64_t n_targets, int64_t order);

    /* Adds a pivot to the set; later pivots have higher positions. Returns 0, and changes
     * nothing, when the pivot is determined by the set, so that no test exists below it. */
    int (*push)(void *state, int32_t pivot);
    void (*pop)(void *state);

    /* Takes a target out of the list; the last one gets its index. */
    void (*drop)(void *state, int64_t target);

    /* Tests a target given the set and each pivot from position `start` on. A pivot that is the
     * target, one that the set determines, and one with which the set determines node or target
     * is singular and never separates. The target is no member of the set. */
    dsep_citest_scan (*scan)(void *state, int64_t target, int32_t start);

    /* The weakest association of node and target given the set and any one pivot from `start`
     * on, the first among equals, if its size is less than `least`. Else, and where no test exists,
     * NaN or any association that is not less. */
    double (*weakest)(void *state, int64_t target, int32_t start, double least);

    /* How strong an association is at an order: larger is more dependent, comparable between
     * orders, and its two-sided p-value. */
    double (*statistic)(void *state, double association, int64_t order);
    double (*p_value)(void *state, double statistic);
} dsep_citest;

#endif
