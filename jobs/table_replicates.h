/* Replicates of any method that makes a graph of a table: the rows are drawn again, the method runs
 * on the table that they make, and its edges are counted. */
#ifndef DSEP_JOBS_TABLE_REPLICATES_H
#define DSEP_JOBS_TABLE_REPLICATES_H

#include "jobs/dag_run.h"
#include "jobs/replicates.h"

typedef struct {
    /* The method. Collective over the group. Errors: agreed there. Owner of *graph, whose nodes are
     * the variables: the caller. */
    int (*learn)(dsep_context *group, const dsep_table *table,
                 const dsep_discover_settings *settings, dsep_graph **graph);
    /* In its place for series, of which times are drawn with the `lags` before them: time[k]
     * [count] stands for the rows time[k] .. time[k] + lags of the whole table. */
    int (*learn_series)(dsep_context *group, const dsep_table *table,
                        const dsep_discover_settings *settings, int64_t lags, const int32_t *time,
                        int64_t count, dsep_graph **graph);
    int64_t lags;         /* of a series; known when replicates are run */
    dsep_graph_kind kind; /* of its graphs */
    int64_t bytes;        /* a group needs on a node, beside the table */
} dsep_table_learner;

/* Refuses what makes no sense. Collective. Nothing where no replicates are asked for. Errors:
 * DSEP_ERROR_USAGE, DSEP_ERROR_RESOURCES, agreed. */
int dsep_table_replicates_plan(dsep_context *ctx, const dsep_dag_run *run,
                               const dsep_table_learner *learner, dsep_replicates *replicates);

/* Runs them, if any. Collective. Errors: agreed, those of the method with the replicate's number.
 * Memory beside the groups': the table once more a node. Reproducibility: as the method's. Owner of
 * what *replicates holds: the caller, dsep_replicates_release(). */
int dsep_table_replicates_run(dsep_context *ctx, dsep_dag_run *run,
                              const dsep_table_learner *learner, dsep_replicates *replicates);

#endif
