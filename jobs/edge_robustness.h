/* What an unmeasured common cause, as strong as priors say, would do to edges of a result. */
#ifndef DSEP_JOBS_EDGE_ROBUSTNESS_H
#define DSEP_JOBS_EDGE_ROBUSTNESS_H

#include "jobs/options.h"

typedef struct {
    char *edges;             /* A:B,C:D; NULL: the most fragile ones */
    char *prior_y, *prior_d; /* as dsep_prior_parse() reads them */
    int64_t draws;
    int bias; /* dsep_edge_robustness_bias */
} dsep_edge_robustness_options;

typedef enum { DSEP_BIAS_TOWARDS_ZERO, DSEP_BIAS_EITHER } dsep_edge_robustness_bias;

/* A group of options for a command. */
extern const dsep_option dsep_edge_robustness_option_table[];

typedef struct {
    const dsep_invocation *call; /* for provenance; lent, as is all of this */
    const char *result;          /* path of a result of discover */
    const char *output;          /* path of the result to write; NULL for none */
    uint64_t seed;
    int quiet; /* prints no table */
    const dsep_edge_robustness_options *options;
} dsep_edge_robustness_settings;

/* Draws strengths, prints a table and writes it to /sensitivity/robustness of `output`. Collective.
 * Draw i of an edge is a function of (seed, number of the edge in the result, i), so that neither
 * the number of ranks nor the other edges matter. Errors: DSEP_ERROR_USAGE for edges and priors;
 * DSEP_ERROR_DATA for a result without what is needed; DSEP_ERROR_IO; agreed. Memory: the draws of
 * one edge on every rank. Reproducibility: class A. */
int dsep_edge_robustness_run(dsep_context *ctx, const dsep_edge_robustness_settings *settings);

/* Whether a file is a result of this program, and not a table in HDF5. Collective; rank 0 looks. */
int dsep_edge_robustness_takes(dsep_context *ctx, const char *path);

#endif
