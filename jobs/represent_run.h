/* A run of represent: what its methods share, and what each of them does. */
#ifndef DSEP_JOBS_REPRESENT_RUN_H
#define DSEP_JOBS_REPRESENT_RUN_H

#include "jobs/campaign.h"
#include "jobs/represent_options.h"
#include "jobs/representation_result.h"
#include "mpi/table.h"
#include "solvers/environments.h"

typedef struct dsep_represent_run dsep_represent_run;

/* A method. All of it is collective but `unit` and `print`; errors are agreed. */
typedef struct {
    const char *name, *weight; /* what the weights of its edges mean, for people */
    /* Checks that are its own, before anything is computed. */
    int (*check)(dsep_context *ctx, const dsep_represent_run *run);
    /* Fits; sets run->fit, n_units, n_values and, where something is wrong, reason. */
    int (*fit)(dsep_context *ctx, dsep_represent_run *run);
    /* One bootstrap replicate or null draw. Not collective. */
    int (*unit)(const dsep_represent_run *run, int64_t unit, dsep_error *error, double *values);
    /* Turns units into edges and intervals; run->campaign may be NULL. */
    int (*judge)(dsep_context *ctx, dsep_represent_run *run);
    /* What /representation holds beyond what all methods give: columns of the tables of factors and
     * environments, which is the one that was begun last, and then the rest. */
    int (*write_factors)(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run);
    int (*write_environments)(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run);
    int (*write)(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run);
    void (*release)(dsep_represent_run *run);
} dsep_represent_method;

extern const dsep_represent_method dsep_represent_method_hca, dsep_represent_method_interventional,
    dsep_represent_method_lscale;

struct dsep_represent_run {
    const dsep_invocation *call;
    const dsep_represent_settings *settings;
    const dsep_represent_method *method;
    const char *path; /* of the result */
    dsep_table *table;
    dsep_environments *environments;
    int64_t n_environments, n_rows; /* rows of all of them together */
    char **labels;                  /* [n_environments] the table's */
    int64_t *rows;                  /* [n_environments] */
    dsep_running running;

    struct dsep_represent_work *work; /* the method's */
    const dsep_representation *fit;
    int64_t n_units, n_values;
    dsep_campaign *campaign; /* NULL where there are no units */
    dsep_factor_edge *edges;
    int64_t n_edges;
    char reason[1024]; /* what did not come out as it should; "" when all is well */
    char hash[17];
};

/* Reads the table and brings the environments that were asked for together. Collective. Errors:
 * DSEP_ERROR_USAGE for labels that are not there, too many factors; DSEP_ERROR_DATA for one
 * environment or too few rows; DSEP_ERROR_RESOURCES for what does not fit; those of readers;
 * agreed. */
int dsep_represent_input(dsep_context *ctx, dsep_represent_run *run);

/* Bytes that it needs on a node beside the table, about. Not collective. */
int64_t dsep_represent_bytes(const dsep_represent_run *run, int64_t ranks_per_node);

/* Where a label stands among those of the run, -1 where it does not. Not collective. */
int64_t dsep_represent_find(const dsep_represent_run *run, const char *label);

/* The quantile of values, NaN among them left out, by linear interpolation between order
 * statistics; NaN of none. Not collective. values: [count] every `stride`-th; room: [count]. */
double dsep_represent_quantile(const double *values, int64_t count, int64_t stride, double level,
                               double *room);

/* Writes the result. Collective. Errors: those of h5write, DSEP_ERROR_RESOURCES; agreed. */
int dsep_represent_write(dsep_context *ctx, dsep_represent_run *run, int complete,
                         const dsep_log_section *sections, int64_t n_sections);

#endif
