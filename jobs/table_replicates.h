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
