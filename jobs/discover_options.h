/* Options of discover, which plan shares. */
#ifndef DSEP_JOBS_DISCOVER_OPTIONS_H
#define DSEP_JOBS_DISCOVER_OPTIONS_H

#include "jobs/data_options.h"
#include "jobs/running.h"

/* How correlations are kept. */
typedef enum {
    DSEP_CORRELATION_AUTO, /* as a matrix where it fits and pays */
    DSEP_CORRELATION_WHOLE,
    DSEP_CORRELATION_TILED
} dsep_correlation_choice;

/* Replicates of the search. */
typedef struct {
    int64_t replicates;              /* 0: none */
    int scheme;                      /* dsep_resample_scheme */
    double fraction;                 /* of a subsample */
    int64_t block;                   /* rows; 0: the program's choice */
    int64_t ranks_each;              /* ranks a replicate; 0: the program's choice */
    double threshold;                /* share; 0: found from the shares */
    double until_stable, confidence; /* half a width, 0: all replicates; of its intervals */
} dsep_replicate_options;

/* Of the LiNGAM family. */
typedef struct {
    int pruning;            /* dsep_lingam_pruning */
    int64_t starts;         /* of the independent components */
    int64_t lags, max_lags; /* 0: the best of 1 .. max_lags */
} dsep_lingam_options;

/* Continuous optimisation. */
typedef struct {
    double lambda, threshold;
    int raw; /* 0: standardised */
    int64_t max_iterations;
} dsep_continuous_options;

typedef struct {
    dsep_common_settings common;
    dsep_data_options data;
    dsep_running_options running;
    dsep_replicate_options replicate;
    dsep_lingam_options lingam;
    dsep_continuous_options continuous;
    int method; /* dsep_method */
    int test, orientation;
    double alpha;
    int64_t max_order; /* -1: no limit */
    int correlation;   /* dsep_correlation_choice */
    int trace;
    char *knowledge;
    int skeleton_only, dry_run, json;
    double edge_probability; /* from which on an edge is in the graph of the exact posterior */
    int64_t memory_per_node; /* 0: what the node has */
} dsep_discover_settings;

/* The methods, in the order of --method's choices. */
typedef enum {
    DSEP_METHOD_PC,
    DSEP_METHOD_LINGAM,
    DSEP_METHOD_ICA_LINGAM,
    DSEP_METHOD_VAR_LINGAM,
    DSEP_METHOD_EXACT,
    DSEP_METHOD_DAGMA,
    DSEP_METHOD_NOTEARS
} dsep_method;

extern const dsep_option dsep_discover_option_table[]; /* of every method */
extern const dsep_option dsep_pc_option_table[];
extern const dsep_option dsep_knowledge_option_table[];
extern const dsep_option dsep_lingam_option_table[]; /* of all that follow */
extern const dsep_option dsep_ica_lingam_option_table[];
extern const dsep_option dsep_var_lingam_option_table[];
extern const dsep_option dsep_exact_option_table[];
extern const dsep_option dsep_replicate_option_table[];
extern const dsep_option dsep_continuous_option_table[];
extern const dsep_option_group dsep_discover_groups[];

#endif
