/* Options of discover, which plan shares. */
#ifndef DSEP_JOBS_DISCOVER_OPTIONS_H
#define DSEP_JOBS_DISCOVER_OPTIONS_H

#include "jobs/data_options.h"

/* How correlations are kept. */
typedef enum {
    DSEP_CORRELATION_AUTO, /* as a matrix where it fits and pays */
    DSEP_CORRELATION_WHOLE,
    DSEP_CORRELATION_TILED
} dsep_correlation_choice;

typedef struct {
    dsep_common_settings common;
    dsep_data_options data;
    int method, test, orientation;
    double alpha;
    int64_t max_order; /* -1: no limit */
    int correlation;   /* dsep_correlation_choice */
    double max_time;   /* seconds; 0: no limit */
    int allow_partial, trace;
    char *knowledge;
    int skeleton_only, dry_run, json;
    int64_t memory_per_node; /* 0: what the node has */
} dsep_discover_settings;

extern const dsep_option dsep_discover_option_table[];
extern const dsep_option_group dsep_discover_groups[];

#endif
