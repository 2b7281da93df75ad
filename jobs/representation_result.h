/* What every file with a representation holds: factors, matrices, and the graph over the factors.
 */
#ifndef DSEP_JOBS_REPRESENTATION_RESULT_H
#define DSEP_JOBS_REPRESENTATION_RESULT_H

#include "io/h5write.h"
#include "jobs/whole_write.h"
#include "solvers/representation.h"

/* An edge over the factors. */
typedef struct {
    int64_t cause, effect;
    double weight;          /* that of largest size over environments */
    double lowest, highest; /* its interval; NaN without */
    int64_t environment;    /* whose weight it is */
} dsep_factor_edge;

typedef struct {
    const char *method, *weight; /* what weights of edges mean, for people */
    const dsep_representation *representation;
    char *const *variables;        /* [n_variables] names */
    char *const *labels;           /* [n_environments] names */
    const int64_t *rows;           /* [n_environments] */
    const dsep_factor_edge *edges; /* [n_edges] */
    int64_t n_edges;
} dsep_representation_parts;

/* Edges that stand on weights alone: wherever one is not 0 in an environment. Not collective.
 * Errors: DSEP_ERROR_RESOURCES. Owner of *edges: the caller, free(). */
int dsep_factor_edges(const dsep_representation *representation, dsep_error *error,
                      dsep_factor_edge **edges, int64_t *count);

/* Writes /graph with its nodes and edges, and of /representation the attributes method, n_factors,
 * n_environments, the arrays H, G, B, weights and order. Fills hash, and writes it. Collective;
 * what is the same on every rank comes from rank 0. Errors: h5write's, DSEP_ERROR_RESOURCES,
 * agreed. */
int dsep_representation_write(dsep_context *ctx, dsep_h5write *file,
                              const dsep_representation_parts *parts, char hash[17]);

/* Begins the table of factors with named_by and named_r2, or that of environments with rows and,
 * where any is known, target; more columns may follow. Collective. Errors: as above. */
int dsep_factors_table(dsep_context *ctx, dsep_h5write *file,
                       const dsep_representation_parts *parts);
int dsep_environments_table(dsep_context *ctx, dsep_h5write *file,
                            const dsep_representation_parts *parts);

#endif
