/* The interface of a conditional-independence test, as the searches use it.
 *
 * A search looks at one node and its adjacent variables at a time. It walks the subsets of them as
 * a depth-first tree: push() adds a variable to the set, pop() takes the last one back, and
 * decide() or measure() tests all targets at once given the set and one more pivot. A test that
 * keeps state along the tree (a partial Cholesky, a contingency table) pays for a prefix once.
 *
 * Variables are named by their position among the adjacent ones, targets by their index in the
 * current list of targets. No function here communicates. */
#ifndef DSEP_SOLVERS_CITEST_H
#define DSEP_SOLVERS_CITEST_H

#include "mpi/error.h"

#include <stdint.h>

/* What one row of tests found. */
typedef struct {
    int64_t separated; /* how many targets are independent of the node */
    int64_t singular;  /* for how many no test exists, members of the set included */
} dsep_citest_row;

typedef struct {
    void *state;
    int64_t n_variables;
    int64_t max_order; /* the largest set for which a test exists */

    /* Makes room for nodes of up to n_adjacent variables and sets of up to `order`. The only
     * function that allocates. */
    int (*reserve)(void *state, int64_t n_adjacent, int64_t order, dsep_error *error);

    /* Starts at a node: adjacent[n_adjacent] ascending, targets[n_targets] positions in it.
     * Both stay the caller's and unchanged until the next begin(). */
    void (*begin)(void *state, int64_t node, const int32_t *adjacent, int64_t n_adjacent,
                  const int32_t *targets, int64_t n_targets, int64_t order);

    /* Adds a pivot to the set; later pivots have higher positions. Returns 0, and changes
     * nothing, when the pivot is determined by the set, so that no test exists below it. */
    int (*push)(void *state, int32_t pivot);
    void (*pop)(void *state);

    /* Keeps only the targets kept[count] (ascending indices into the current list). */
    void (*retain)(void *state, const int32_t *kept, int64_t count);

    /* Tests all targets given the set and `pivot` (-1: given the set alone).
     * independent[n_targets]: 1 or 0; only written when the result says that some are. A target
     * in the set, one that the set determines, and a node that it determines count as singular
     * and never as independent. */
    dsep_citest_row (*decide)(void *state, int32_t pivot, int64_t *independent);

    /* The association of node and targets given the set and `pivot`: for Gaussian data the
     * partial correlation. NaN where singular. */
    void (*measure)(void *state, int32_t pivot, double *association);

    /* How strong an association is at an order: larger is more dependent, comparable between
     * orders, and its two-sided p-value. */
    double (*statistic)(void *state, double association, int64_t order);
    double (*p_value)(void *state, double statistic);
} dsep_citest;

#endif
