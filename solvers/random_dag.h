/* Random DAGs with random coefficients, for simulations whose truth is known. */
#ifndef DSEP_SOLVERS_RANDOM_DAG_H
#define DSEP_SOLVERS_RANDOM_DAG_H

#include "solvers/simulation.h"

typedef enum {
    DSEP_RANDOM_DAG_ER,     /* every pair with the same probability */
    DSEP_RANDOM_DAG_SF,     /* scale-free: few hubs, many leaves */
    DSEP_RANDOM_DAG_LAYERED /* edges only from one layer to the next */
} dsep_random_dag_kind;

typedef struct {
    dsep_random_dag_kind kind;
    int64_t n_nodes;
    double degree;                  /* expected number of neighbours of a node */
    int64_t layers;                 /* of DSEP_RANDOM_DAG_LAYERED */
    double weight_low, weight_high; /* range of |coefficient|; the sign is random */
    uint64_t seed;
} dsep_random_dag_settings;

/* Checks settings. Not collective. Errors: DSEP_ERROR_USAGE, naming the option: degree outside
 * 0 .. n_nodes - 1 or more than the layers can hold, layers outside 2 .. n_nodes, a weight range
 * that is negative, not finite or reversed. */
int dsep_random_dag_check(const dsep_random_dag_settings *settings, dsep_error *error);

/* Bytes that dsep_random_dag_create() needs at its peak, as expected. Not collective. */
double dsep_random_dag_bytes(const dsep_random_dag_settings *settings);

/* Draws a graph and its coefficients. Not collective: every rank that calls it with the same
 * settings builds the same model. Node numbers are a random order of the causal order, so the
 * order of columns tells nothing. Nodes that arrive early in the scale-free graph cannot find
 * enough others; the rest make up for them, so that the expected degree is kept.
 * Errors: as dsep_random_dag_check() and dsep_linear_model_create(). Cost: O(nodes + edges) draws
 * and one sort. Owner of *model: the caller. Reproducibility: class A.
 * Source: geometric skipping, Batagelj & Brandes 2005 (doi:10.1103/PhysRevE.71.036113);
 * preferential attachment, Barabasi & Albert 1999 (doi:10.1126/science.286.5439.509).
 * Shown by tests/unit/random_dag.c. */
int dsep_random_dag_create(const dsep_random_dag_settings *settings, dsep_error *error,
                           dsep_linear_model **model);

#endif
