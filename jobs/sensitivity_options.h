/* Options of sensitivity, and the design that they ask for. */
#ifndef DSEP_JOBS_SENSITIVITY_OPTIONS_H
#define DSEP_JOBS_SENSITIVITY_OPTIONS_H

#include "jobs/data_options.h"
#include "jobs/edge_robustness.h"
#include "jobs/running.h"
#include "jobs/study_design.h"
#include "solvers/pc.h"
#include "solvers/random_dag.h"

typedef struct {
    dsep_common_settings common;
    dsep_data_options data;
    dsep_running_options running;
    dsep_edge_robustness_options robustness;
    dsep_list alpha, test, max_order, orientation, samples, error; /* of both */
    dsep_list subsample, drop;                                     /* of data */
    dsep_list variables, degree, graph, noise, weights;            /* of a simulation */
    int simulate, random, dry_run;
    int64_t layers, cells, replicates, ranks_each, memory_per_node;
} dsep_sensitivity_settings;

extern const dsep_option_group dsep_sensitivity_groups[];

typedef enum {
    DSEP_SENSITIVITY_OF_TABLE,
    DSEP_SENSITIVITY_OF_SIMULATION,
    DSEP_SENSITIVITY_OF_RESULT
} dsep_sensitivity_subject;

/* Refuses options that would be ignored in silence with this subject. Not collective: the same on
 * every rank. Errors: DSEP_ERROR_USAGE with the option and what to do; DSEP_ERROR_RESOURCES. */
int dsep_sensitivity_scope(const dsep_invocation *call, dsep_sensitivity_subject subject,
                           dsep_error *error);

/* Makes the design; every factor is in it, also one of a single level. Not collective. n_samples:
 * of the data, which `all` stands for; 0 for a simulation. Errors: DSEP_ERROR_USAGE for options
 * that do not belong together or do not fit the data; those of dsep_study_design_create(). Owner of
 * *design: the caller. */
int dsep_sensitivity_design(const dsep_sensitivity_settings *settings, int64_t n_samples,
                            dsep_error *error, dsep_study_design **design);

/* How a cell searches, its alpha excepted. Not collective. */
dsep_pc_settings dsep_sensitivity_search(const dsep_study_design *design, int64_t cell);

/* The model of a cell, for a seed. Not collective. */
dsep_random_dag_settings dsep_sensitivity_model(const dsep_sensitivity_settings *settings,
                                                const dsep_study_design *design, int64_t cell,
                                                uint64_t seed);

#endif
