/* Options of represent. */
#ifndef DSEP_JOBS_REPRESENT_OPTIONS_H
#define DSEP_JOBS_REPRESENT_OPTIONS_H

#include "jobs/data_options.h"
#include "jobs/running.h"

typedef enum {
    DSEP_REPRESENT_HCA,
    DSEP_REPRESENT_INTERVENTIONAL,
    DSEP_REPRESENT_LSCALE
} dsep_represent_kind;

typedef struct {
    int contrast; /* dsep_contrast */
    double tolerance;
    int64_t max_iterations, starts, null_draws;
} dsep_represent_hca_options;

typedef struct {
    double threshold; /* rank-one ratio from which on an ancestor is pruned */
} dsep_represent_pruning_options;

typedef struct {
    int soft; /* interventions leave some of the target's causes */
} dsep_represent_lscale_options;

typedef struct {
    char *observational; /* label; NULL: the first environment */
} dsep_represent_intervention_options;

typedef struct {
    dsep_common_settings common;
    dsep_data_options data;
    dsep_running_options running;
    dsep_represent_hca_options hca;
    dsep_represent_intervention_options interventions;
    dsep_represent_pruning_options pruning;
    dsep_represent_lscale_options lscale;
    int method; /* dsep_represent_kind */
    char *environments;
    int64_t factors, replicates, min_rows;
    double confidence;
    int scores, dry_run;
    int64_t memory_per_node; /* 0: what the node has */
} dsep_represent_settings;

extern const dsep_option_group dsep_represent_groups[];

#endif
