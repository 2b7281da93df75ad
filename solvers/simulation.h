/* Linear models on a DAG, and rows of data drawn from them. */
#ifndef DSEP_SOLVERS_SIMULATION_H
#define DSEP_SOLVERS_SIMULATION_H

#include "mpi/error.h"
#include "mpi/graph.h"

#include <stdint.h>

/* The noise of every variable; all have mean 0 and variance 1. */
typedef enum {
    DSEP_NOISE_GAUSSIAN,
    DSEP_NOISE_LAPLACE,
    DSEP_NOISE_UNIFORM,
    DSEP_NOISE_EXPONENTIAL, /* skewed: 2 */
    DSEP_NOISE_STUDENT      /* 5 degrees of freedom, scaled */
} dsep_noise;

/* Two uniform numbers to one of this noise. Not collective. */
double dsep_noise_shape(dsep_noise noise, const double u[2]);

/* x_j = sum over parents i of weight(i -> j) x_i + e_j. */
typedef struct {
    dsep_graph *graph; /* kind DSEP_GRAPH_DAG */
    dsep_edge *edges;  /* [n_edges] as dsep_graph_edges() gives them */
    double *weight;    /* [n_edges] of each of these edges */
    /* The same by target, for the recursion: */
    int64_t *order;      /* [n_nodes] causes before effects */
    int64_t *offset;     /* [n_nodes + 1] parents of j are places offset[j] .. offset[j + 1] - 1 */
    int32_t *parent;     /* [n_edges] ascending for each j */
    double *coefficient; /* [n_edges] */
} dsep_linear_model;

/* Makes a model from directed edges source -> target in any order. Not collective.
 * weight: [n_edges] aligned with `edges`, finite. Errors: DSEP_ERROR_DATA for edges that
 * dsep_graph_create() refuses, are not directed, or form a cycle, and for weights that are not
 * finite; DSEP_ERROR_RESOURCES. Cost: sorting; about 160 bytes an edge while it works, 70 after.
 * Owner of *model: the caller. Reproducibility: class A. */
int dsep_linear_model_create(int64_t n_nodes, int64_t n_edges, const dsep_edge *edges,
                             const double *weight, dsep_error *error, dsep_linear_model **model);

/* Frees the model and sets *model to NULL; accepts NULL. Not collective. */
void dsep_linear_model_destroy(dsep_linear_model **model);

/* Draws rows first_row .. first_row + n_rows - 1 into rows [n_rows x n_nodes], row after row.
 * Not collective. The noise of a cell is a function of (seed, row * n_nodes + variable), so rows
 * do not depend on who draws them, nor with how many others. Cost: one Philox pair a cell and one
 * multiplication an edge and row; no memory. Reproducibility: class A.
 * Source: gaussian by Box & Muller 1958 (doi:10.1214/aoms/1177706645), student by Bailey 1994
 * (doi:10.2307/2153537), the others by inversion. Shown by tests/unit/simulate.c. */
void dsep_simulate_rows(const dsep_linear_model *model, dsep_noise noise, uint64_t seed,
                        int64_t first_row, int64_t n_rows, double *rows);

#endif
