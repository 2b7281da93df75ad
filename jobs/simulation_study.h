/* Simulated models and data, searched and compared with the truth. */
#ifndef DSEP_JOBS_SIMULATION_STUDY_H
#define DSEP_JOBS_SIMULATION_STUDY_H

#include "jobs/campaign.h"
#include "jobs/sensitivity_options.h"
#include "mpi/table.h"
#include "solvers/simulation.h"

/* Runs all units of a design. Collective. A unit draws its model and rows from its seed as `dsep
 * simulate --seed` does, and its values are DSEP_STUDY_VALUES beside the CPDAG of the true DAG.
 * Errors: DSEP_ERROR_RESOURCES where no group of ranks has room, and those of units; agreed. Owner
 * of *campaign: the caller. Reproducibility: class A. */
int dsep_simulation_study_run(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                              const dsep_study_design *design, dsep_running *running,
                              dsep_campaign **campaign);

/* Draws the model of a unit, on every rank, and its table, spread over them and without names.
 * Collective. Errors: DSEP_ERROR_RESOURCES, those of random models, agreed. Owner of both, whether
 * it fails or not: the caller. */
int dsep_simulation_study_draw(dsep_context *group, const dsep_sensitivity_settings *settings,
                               const dsep_study_design *design, int64_t unit,
                               dsep_linear_model **model, dsep_table **table);

#endif
