/* How sure each edge of a finished skeleton is: the weakest of all tests that it passed. */
#ifndef DSEP_SOLVERS_STRENGTH_H
#define DSEP_SOLVERS_STRENGTH_H

#include "solvers/skeleton.h"

/* [n_edges] in the order of the pairs x < y, ascending: all three speak of the same test. */
typedef struct {
    double *weight; /* partial correlation in that test */
    double *p_max;  /* its p-value: the largest over all tests of the edge */
    int64_t *order; /* members of its set; the lowest order among equals */
} dsep_strength;

/* Runs the search's tests again with the edges of `graph` (the skeleton) as the only targets.
 * settings: the search's, of which pauses and resume count; a unit is some edges of some nodes, and
 * a state holds the skeleton as well, and strength.*. A state without these is of a search: then
 * all strengths are measured. *strength is NULL when it was asked to stop. Collective. Errors:
 * DSEP_ERROR_RESOURCES, DSEP_ERROR_DATA for a damaged state, those of the pauses, agreed. Cost:
 * tests of the surviving edges only. Reproducibility: class A. Owner of *strength: the caller. */
int dsep_strength_measure(dsep_context *ctx, dsep_citest *test, const dsep_skeleton *skeleton,
                          const dsep_graph *graph, const dsep_skeleton_settings *settings,
                          dsep_strength **strength);

/* Adds finished strengths to a state, from which dsep_strength_measure() has them at once. They are
 * lent to it. Not collective. Errors: DSEP_ERROR_INTERNAL. */
int dsep_strength_save(const dsep_strength *strength, int64_t n_edges, dsep_state *state,
                       dsep_error *error);

/* Frees it and sets *strength to NULL; accepts NULL. Not collective. */
void dsep_strength_destroy(dsep_strength **strength);

#endif
