/* CPDAGs and the DAGs that they stand for. Nothing here is collective. */
#ifndef DSEP_SOLVERS_CPDAG_H
#define DSEP_SOLVERS_CPDAG_H

#include "mpi/graph.h"

/* The CPDAG of a DAG: its skeleton, v-structures and what follows from them. Not collective.
 * Errors: DSEP_ERROR_DATA when an edge is not directed; DSEP_ERROR_RESOURCES. Cost: edges
 * and triangles, times log d; a node with many neighbours costs no more than they do.
 * Owner of *cpdag: the caller. Source: Verma & Pearl 1990; Meek 1995. */
int dsep_cpdag_from_dag(const dsep_graph *dag, dsep_error *error, dsep_graph **cpdag);

/* A DAG with the same skeleton, the same directed edges and no other v-structures, or *dag NULL
 * where none exists. Not collective. Errors: DSEP_ERROR_RESOURCES. Cost: edges and
 * triangles, times log d. Source: Dor & Tarsi 1992, UCLA technical report R-185. */
int dsep_cpdag_extend(const dsep_graph *pdag, dsep_error *error, dsep_graph **dag);

/* Whether a graph is the CPDAG of some DAG or, with knowledge, at least has one that it stands
 * for, into *valid. Not collective. */
int dsep_cpdag_valid(const dsep_graph *graph, int with_knowledge, dsep_error *error, int *valid);

#endif
