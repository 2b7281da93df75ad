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
#include "solvers/pauses.h"

typedef struct {
    int64_t max_order; /* largest set to try; -1: no limit */
    double deadline;   /* on this rank's dsep_clock(); 0: none. An order that cannot be finished in
                        * time, edge strengths included, is given up and leaves no trace */
    int listed;        /* few pairs stay adjacent: keep lists of them, not p x p bits */
    int trace;         /* keep what every task cost; units are whole orders then */
    const dsep_pauses *pauses; /* lent; NULL: none */
    const dsep_state *resume;  /* go on from here; lent; NULL: from the start */
} dsep_skeleton_settings;

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
    DSEP_SKELETON_NO_TEST,   /* too few samples for a larger set */
    DSEP_SKELETON_TIME,      /* the next order would not have been done by the deadline */
    DSEP_SKELETON_STOPPED    /* asked to stop; the state was kept */
} dsep_skeleton_stop;

/* What the order after the last would need: at most so many tests, and at the rate of this run. */
typedef struct {
    int64_t order; /* -1: there is none */
    double tests, seconds;
} dsep_skeleton_next;

/* A piece of one half of an order, in the order in which pieces are handed out. */
typedef struct {
    int64_t order, half;
    int64_t node, targets; /* the node; how many of its neighbours. Order 0: the first node of a
                            * tile; pairs in it */
    int64_t cost;          /* tests and steps of elimination: the same whoever did it */
} dsep_skeleton_task;

/* One half of an order: ranks meet at its end. */
typedef struct {
    int64_t order, half, tasks;
    int64_t bytes; /* what every node tells the others at its end */
} dsep_skeleton_phase;

typedef struct {
    dsep_adjacency *adjacency; /* NULL when it was stopped within order 0 */
    dsep_sepsets *sepsets;     /* settled */
    int64_t n_levels;
    dsep_level *levels; /* [n_levels] */
    dsep_skeleton_stop stop;
    dsep_skeleton_next next;
    int64_t n_tasks, n_phases; /* 0 without a trace */
    dsep_skeleton_task *tasks;
    dsep_skeleton_phase *phases;
} dsep_skeleton;

/* Searches. Collective. knowledge: may be NULL; pairs that it parts are never adjacent, pairs that
 * it joins always are, and neither are tested. Singular tests are skipped and counted.
 * With pauses, a unit is some tiles of a listed order 0, all of another order 0, or some tasks of
 * one half of a later order; a state tells what is done, and what is left, on any number of ranks,
 * for the same test, knowledge and settings. Asked to stop, the search ends at its last complete
 * order as by a deadline. It is never asked before a unit is done.
 * Errors: DSEP_ERROR_RESOURCES (also when order 0 is not done by the deadline),
 * DSEP_ERROR_INTERNAL, DSEP_ERROR_DATA for a damaged state, those of the pauses, agreed. Cost:
 * about 10 flops a test; one exchange of the removed edges after each half of an order.
 * Reproducibility: class A; a deadline chooses how many orders are done, nothing else, and pauses
 * leave no trace but in seconds. Owner of *skeleton: the caller. */
int dsep_skeleton_search(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                         const dsep_skeleton_settings *settings, dsep_skeleton **skeleton);

/* Adds a finished search, stopped not before the end of order 0, to a state, from which
 * dsep_skeleton_search() makes it anew at once. Blocks are named skeleton.* and sepsets.*; the
 * skeleton is lent to the state. Collective. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL,
 * agreed. */
int dsep_skeleton_save(dsep_context *ctx, const dsep_skeleton *skeleton, dsep_state *state);

/* Tests that all ranks did in a second, from the orders so far; before there is enough to tell,
 * what they do on common hardware. Not collective: the same on every rank. */
double dsep_skeleton_rate(const dsep_context *ctx, const dsep_skeleton *skeleton);

/* Frees it and sets *skeleton to NULL; accepts NULL. Collective. */
void dsep_skeleton_destroy(dsep_skeleton **skeleton);

/* Number of sets of `order` that a node with so many neighbours tries for each of them: of all but
 * the one. Not collective. */
double dsep_skeleton_count_sets(int64_t adjacent, int64_t order);

#endif
