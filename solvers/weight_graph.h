/* The DAG in a matrix of weights: what is left above a threshold, certified, and fitted again. */
#ifndef DSEP_SOLVERS_WEIGHT_GRAPH_H
#define DSEP_SOLVERS_WEIGHT_GRAPH_H

#include "mpi/blockcyclic.h"
#include "mpi/graph.h"
#include "solvers/correlation.h"
#include "solvers/knowledge.h"

typedef struct {
    double threshold;                /* edges with |w| below it are dropped */
    const dsep_knowledge *knowledge; /* whose required edges are kept; NULL: none */
    const double *sd;                /* [n_variables] that turns correlations into covariances for
                                      * the fit; NULL: weights of standardised variables */
} dsep_weight_graph_settings;

typedef struct {
    double threshold;     /* that was applied: |w| below it are dropped */
    int raised;           /* above the one asked for, whose graph had cycles */
    double kept, dropped; /* smallest |w| kept, INFINITY for none; largest that was dropped; neither
                           * counts required edges */
    int64_t weak;         /* required edges with |w| below the threshold */
    dsep_graph *graph;    /* kind DSEP_GRAPH_DAG; certified by `order` */
    int64_t *order;       /* [n_nodes] topological */
    double *found;        /* [n_edges] w as it was found, in the order of dsep_graph_edges() */
    double *fitted;       /* [n_edges] of least squares on the parents; NaN where these determine
                           * each other */
    int64_t singular;     /* nodes whose parents do */
} dsep_weight_graph;

/* Keeps entries (i, j) of W with |w| >= threshold as edges i -> j, and required edges whatever
 * their weight is, 0 included. Where they have cycles, the threshold is raised to the smallest
 * number that leaves none: required edges have none among themselves. Collective; the result is the
 * same on every rank. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. Cost: the entries
 * kept on every rank, sorted; a Cholesky factor a node. Reproducibility: class A, given W. Owner of
 * *made: the caller. */
int dsep_weight_graph_create(dsep_context *ctx, const dsep_matrix *w,
                             const dsep_correlation *correlation,
                             const dsep_weight_graph_settings *settings, dsep_weight_graph **made);

/* Frees it and sets *made to NULL; accepts NULL. Not collective. */
void dsep_weight_graph_destroy(dsep_weight_graph **made);

#endif
