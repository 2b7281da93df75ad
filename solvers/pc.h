/* The PC algorithm: skeleton, strengths, v-structures, CPDAG.
 *
 * Spirtes, Glymour & Scheines 2000, section 5.4.2, in the order-independent form of Colombo &
 * Maathuis 2014, JMLR 15:3921. */
#ifndef DSEP_SOLVERS_PC_H
#define DSEP_SOLVERS_PC_H

#include "solvers/cpdag.h"
#include "solvers/meek.h"
#include "solvers/strength.h"

typedef struct {
    dsep_skeleton_settings search;
    dsep_orientation orientation; /* how v-structures are judged */
    int skeleton_only;            /* stop before orientation */
    int graph_alone; /* for one of many: strengths are not measured, validity is not checked */
    int partial;     /* a search that is asked to stop is a result of the orders that are done:
                      * strengths and orientation follow, without pauses */
} dsep_pc_settings;

typedef struct {
    int stopped; /* the state was kept and the run asked to stop; it is incomplete, with graph and
                  * strength NULL, unless settings.partial made something of it */
    dsep_skeleton *skeleton;
    dsep_graph *graph;       /* skeleton or CPDAG, on every rank */
    dsep_strength *strength; /* of its pairs x < y in ascending order; NULL for a graph alone */
    int64_t v_structures, ambiguous; /* triples found */
    dsep_conflicts conflicts;
    int valid; /* whether the graph is the CPDAG of a DAG; a skeleton always is, and a graph that
                * was not checked */
    dsep_certificate certificate;
} dsep_pc;

/* Runs it. Collective. knowledge: may be NULL. settings.search.pauses and .resume are for search
 * and strengths, whose states hold the whole skeleton; orientation is one unit. Asked to stop
 * within order 0, or while strengths are measured, there is nothing partial: a hook that wants a
 * result does not stop once a state has strength.found. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL, DSEP_ERROR_DATA for a damaged state, those of the pauses, agreed.
 * Reproducibility: class A. Owner of *pc: the caller. */
int dsep_pc_run(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                const dsep_pc_settings *settings, dsep_pc **pc);

/* Frees it and sets *pc to NULL; accepts NULL. Collective. */
void dsep_pc_destroy(dsep_pc **pc);

#endif
