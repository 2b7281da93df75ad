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
} dsep_pc_settings;

typedef struct {
    dsep_skeleton *skeleton;
    dsep_graph *graph;       /* skeleton or CPDAG, on every rank */
    dsep_strength *strength; /* of its pairs x < y in ascending order; NULL for a graph alone */
    int64_t v_structures, ambiguous; /* triples found */
    dsep_conflicts conflicts;
    int valid; /* whether the graph is the CPDAG of a DAG; a skeleton always is, and a graph that
                * was not checked */
    dsep_certificate certificate;
} dsep_pc;

/* Runs it. Collective. knowledge: may be NULL. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL, agreed. Reproducibility: class A. Owner of *pc: the caller. */
int dsep_pc_run(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                const dsep_pc_settings *settings, dsep_pc **pc);

/* Frees it and sets *pc to NULL; accepts NULL. Collective. */
void dsep_pc_destroy(dsep_pc **pc);

#endif
