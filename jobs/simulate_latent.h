/* dsep simulate --factors: data of a linear causal representation in several environments. */
#ifndef DSEP_JOBS_SIMULATE_LATENT_H
#define DSEP_JOBS_SIMULATE_LATENT_H

#include "jobs/options.h"
#include "solvers/latent_model.h"

typedef struct {
    int64_t factors;      /* 0: no representation */
    int64_t environments; /* 0: one more than factors */
    int shift;            /* dsep_shift */
    double observed;      /* standard deviation of noise on what is observed */
} dsep_latent_options;

extern const dsep_option dsep_latent_option_table[];

typedef struct {
    const dsep_invocation *call;
    dsep_latent_settings model;
    dsep_noise noise;
    double observed;
    int64_t samples;          /* an environment */
    const char *data, *truth; /* paths; truth NULL for none */
    int dry_run;              /* tells what would be drawn, and writes nothing */
    int quiet;
} dsep_latent_plan;

/* Draws a model and writes its data, with the column `environment` behind the variables, and its
 * truth as a result file. Collective. Errors: DSEP_ERROR_USAGE, DSEP_ERROR_RESOURCES, those of
 * writers; agreed. */
int dsep_simulate_latent(dsep_context *ctx, const dsep_latent_plan *plan);

#endif
