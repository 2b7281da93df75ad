/* What every method of discover is given. */
#ifndef DSEP_JOBS_DISCOVERY_H
#define DSEP_JOBS_DISCOVERY_H

#include "jobs/discover_options.h"

typedef struct {
    const dsep_invocation *call;
    const dsep_discover_settings *settings;
    const char *data; /* as the user wrote it */
    const char *path; /* of the result */
    double clock_began;
} dsep_discovery;

/* The methods: each reads the table, runs, and writes its result, or forecasts with --dry-run.
 * Collective. Errors: agreed. */
int dsep_discover_pc(dsep_context *ctx, const dsep_discovery *discovery);
int dsep_discover_exact(dsep_context *ctx, const dsep_discovery *discovery);
int dsep_discover_lingam(dsep_context *ctx, const dsep_discovery *discovery);
int dsep_discover_ica_lingam(dsep_context *ctx, const dsep_discovery *discovery);
int dsep_discover_var_lingam(dsep_context *ctx, const dsep_discovery *discovery);
int dsep_discover_dagma(dsep_context *ctx, const dsep_discovery *discovery);
int dsep_discover_notears(dsep_context *ctx, const dsep_discovery *discovery);

#endif
