/* The skeleton by PC-stable: edges fall when some set of neighbours separates their ends.
 *
 * Spirtes & Glymour 1991; order-independent variant of Colombo & Maathuis 2014 (JMLR 15:3921):
 * neighbourhoods are frozen while an order is tested. The separating set of x < y is the first in
 * lexicographic order of ascending variables from adj(x) \ y, else the first from adj(y) \ x. */
#ifndef DSEP_SOLVERS_SKELETON_H
#define DSEP_SOLVERS_SKELETON_H

#include "mpi/sepsets.h"
#include "solvers/adjacency.h"
#include "solvers/citest.h"
#include "solvers/knowledge.h"

/* What one order did. */
typedef struct {
    int64_t order;
    int64_t tests;                      /* made, each target until it was separated */
    int64_t singular;                   /* skipped: a variable was determined by the set */
    int64_t removed, edges, max_degree; /* edges removed; left after it; of the densest node */
    double seconds;
} dsep_level;

/* Why the search ended. */
typedef enum {
    DSEP_SKELETON_EXHAUSTED, /* no node has enough neighbours for a larger set */
    DSEP_SKELETON_MAX_ORDER, /* as far as was asked for */
    DSEP_SKELETON_NO_TEST    /* too few samples for a larger set */
} dsep_skeleton_stop;

typedef struct {
    dsep_adjacency *adjacency;
    dsep_sepsets *sepsets; /* settled */
    int64_t n_levels;
    dsep_level *levels; /* [n_levels] */
    dsep_skeleton_stop stop;
} dsep_skeleton;

/* Searches. Collective. max_order: largest set to try, or -1. knowledge: may be NULL; pairs that
 * it parts are never adjacent, pairs that it joins always are, and neither are tested.
 * Singular tests are skipped and counted. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL,
 * agreed. Cost: about 10 flops a test; one exchange of the removed edges after each half of an
 * order. Reproducibility: class A. Owner of *skeleton: the caller. */
int dsep_skeleton_search(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                         int64_t max_order, dsep_skeleton **skeleton);

/* Frees it and sets *skeleton to NULL; accepts NULL. Collective. */
void dsep_skeleton_destroy(dsep_skeleton **skeleton);

/* Tests that an order needs at most for a node of `adjacent` neighbours and `targets` targets, as
 * a number for comparing tasks. Not collective. */
double dsep_skeleton_cost(int64_t adjacent, int64_t targets, int64_t order);

#endif
