/* Runs of a table under every choice of a study. */
#ifndef DSEP_JOBS_SENSITIVITY_DATA_H
#define DSEP_JOBS_SENSITIVITY_DATA_H

#include "jobs/campaign.h"
#include "jobs/sensitivity_options.h"
#include "mpi/table.h"
#include "solvers/replicate.h"

/* Runs all units of a design on a table. Collective. reference: the graph of all rows and variables
 * with every factor's first level, without error; owner: the caller, dsep_graph_destroy(). Values
 * are DSEP_STUDY_VALUES a unit, beside that reference; tallies are of all units and of each effect
 * of the design. A cell in which nothing is drawn is run once, and counts as all its replicates.
 * Errors: DSEP_ERROR_RESOURCES where no group of ranks has room, and those of units; agreed. Owner
 * of *campaign: the caller. Reproducibility: class A. */
int dsep_sensitivity_data_run(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                              const dsep_study_design *design, const dsep_table *table,
                              dsep_running *running, dsep_graph **reference,
                              dsep_campaign **campaign);

#endif
