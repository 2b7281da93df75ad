/* Replicates of a search: which edges come back when rows are drawn again. */
#ifndef DSEP_JOBS_REPLICATES_H
#define DSEP_JOBS_REPLICATES_H

#include "jobs/campaign.h"
#include "jobs/discover_input.h"
#include "solvers/pc.h"
#include "solvers/resample.h"

/* What a replicate's graph is told by, in this order. */
enum {
    DSEP_REPLICATE_EDGES,
    DSEP_REPLICATE_DIRECTED,
    DSEP_REPLICATE_CONSTANT,  /* variables that did not vary */
    DSEP_REPLICATE_LEVELS,    /* orders that were tested */
    DSEP_REPLICATE_CONVERGED, /* whether it was; 1 where nothing iterates */
    DSEP_REPLICATE_VALUES
};

typedef struct {
    dsep_resample resample;
    int64_t requested, n_variables;
    dsep_graph_kind kind;
    int64_t ranks_each; /* ranks a group */
    int64_t bytes;      /* a group needs on a node */
    int n_groups, whole;
    int iterates; /* each one may converge or not */
    double confidence, until_stable, threshold;
    double worst; /* half the width of the interval of the share that is known least; NaN where
                   * nothing is drawn */
    dsep_campaign *campaign;
} dsep_replicates;

/* Refuses options of replicates that nobody asked for, which would be silent. Not collective.
 * Errors: DSEP_ERROR_USAGE. */
int dsep_replicates_check(const dsep_replicate_options *options, dsep_error *error);

/* What is asked for, without ranks; zeros where nothing is. Not collective: the same on every rank.
 * Errors: DSEP_ERROR_USAGE. */
int dsep_replicates_prepare(const dsep_discover_settings *settings, const dsep_table *table,
                            dsep_graph_kind kind, dsep_error *error, dsep_replicates *replicates);

/* How many ranks make one together. Not collective: the same on every rank. bytes: a group needs on
 * a node; left: that a node has; asked: by the user, or 0. Errors: DSEP_ERROR_RESOURCES where no
 * group fits. */
int dsep_replicates_choose_ranks(dsep_context *ctx, int64_t bytes, int64_t left, int64_t asked,
                                 dsep_replicates *replicates);

/* Makes one replicate: the numbers above, and its graph in tally[0]; as of dsep_campaign_plan. */
typedef int (*dsep_replicate_unit)(dsep_context *group, int64_t unit, double *values,
                                   dsep_tally **tally, void *data);

/* Runs those that were prepared. Collective. with: what checkpoints hold beside; may be NULL.
 * Errors: agreed. */
int dsep_replicates_campaign(dsep_context *ctx, dsep_groups *groups, dsep_replicate_unit run,
                             void *data, dsep_running *running, const dsep_state *with,
                             dsep_replicates *replicates);

/* The two first of PC, before anything runs. Not collective: the same on every rank. Errors:
 * DSEP_ERROR_USAGE, DSEP_ERROR_RESOURCES where no group fits. */
int dsep_replicates_plan(dsep_context *ctx, const dsep_discover_settings *settings,
                         const dsep_discover_input *input, dsep_replicates *replicates);

/* Runs them. Collective. with: what checkpoints hold beside. Errors: agreed. Owner of what
 * *replicates holds: the caller, dsep_replicates_release(). */
int dsep_replicates_run(dsep_context *ctx, const dsep_discover_settings *settings,
                        const dsep_discover_input *input, dsep_running *running,
                        const dsep_state *with, dsep_replicates *replicates);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_replicates_release(dsep_replicates *replicates);

#endif
