/* Replicates of DAGMA and NOTEARS: each is fitted by one rank, so that it does not know how many
 * there are. */
#ifndef DSEP_JOBS_CONTINUOUS_REPLICATES_H
#define DSEP_JOBS_CONTINUOUS_REPLICATES_H

#include "jobs/dag_run.h"
#include "jobs/replicates.h"
#include "solvers/continuous.h"

/* Refuses what makes no sense. Collective. Nothing where no replicates are asked for. Errors:
 * DSEP_ERROR_USAGE, DSEP_ERROR_RESOURCES, agreed. */
int dsep_continuous_replicates_plan(dsep_context *ctx, const dsep_dag_run *run,
                                    dsep_acyclic_kind kind, dsep_replicates *replicates);

/* Runs them, if any. Collective. settings: of the main fit. with: what checkpoints hold beside.
 * Errors: agreed, those of a fit with the replicate's number. Memory beside the groups': the
 * standardised columns once a node. Cost: the correlations are a group's work, the fit one rank's.
 * Reproducibility: of a replicate by its correlations (class A) and a fit on one rank, so that
 * shares do not depend on ranks or groups on one kind of CPU. Owner of what *replicates holds: the
 * caller, dsep_replicates_release(). Shown by tests/oracle/continuous_replicates.c. */
int dsep_continuous_replicates_run(dsep_context *ctx, dsep_dag_run *run,
                                   const dsep_continuous_settings *settings, const dsep_state *with,
                                   dsep_replicates *replicates);

#endif
