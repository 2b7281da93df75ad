/* What a campaign has done, and how it stands in a checkpoint: units, their numbers, and the edges
 * of tallies. */
#ifndef DSEP_JOBS_CAMPAIGN_STATE_H
#define DSEP_JOBS_CAMPAIGN_STATE_H

#include "mpi/state.h"
#include "solvers/tally.h"

/* What a part keeps of it in the block DSEP_CAMPAIGN_BLOCK, so that parts can be united. */
typedef struct {
    char name[DSEP_STATE_NAME];  /* its blocks begin with it and a point; up to 15 bytes */
    char units[DSEP_STATE_NAME]; /* for messages: "replicates" */
    int64_t n_units, n_values, n_tallies;
} dsep_campaign_shape;

#define DSEP_CAMPAIGN_BLOCK "campaign"

/* How far it came. */
typedef struct {
    int64_t n_done;
    uint8_t *done;  /* [n_units] */
    double *values; /* [n_units x n_values] NaN where not done; on every rank */
    int64_t n_tallies;
    dsep_tally **tally; /* [n_tallies] united and sorted; on every rank */
    int enough;         /* ended because `enough` said so */
    int stopped;        /* ended before that and before the last unit: a checkpoint was kept */
} dsep_campaign;

/* Nothing is done. Not collective. Errors: DSEP_ERROR_RESOURCES. Owner of *campaign: the caller. */
int dsep_campaign_create(dsep_error *error, const dsep_campaign_shape *shape,
                         dsep_campaign **campaign);

/* Frees it and sets *campaign to NULL; accepts NULL. Not collective. */
void dsep_campaign_destroy(dsep_campaign **campaign);

/* Adds its blocks to a state, which must not outlive it. Not collective: the same on every rank.
 * Errors: DSEP_ERROR_RESOURCES, those of dsep_state_lend(). Memory: the edges once more, until the
 * state is cleared. */
int dsep_campaign_lend(dsep_state *state, const dsep_campaign_shape *shape,
                       const dsep_campaign *campaign, dsep_error *error);

/* Whether a state has any of its blocks. Not collective. */
int dsep_campaign_is_kept(const dsep_state *state, const dsep_campaign_shape *shape);

/* Whether a block is one of those that dsep_campaign_lend() makes. Not collective. */
int dsep_campaign_has_block(const dsep_campaign_shape *shape, const char *block);

/* Whether a shape that was read makes sense, and all blocks are there and as long as it says. Not
 * collective. */
int dsep_campaign_is_sound(const dsep_state *state, const dsep_campaign_shape *shape);

/* Which units were done when a sound state was kept [n_units]. Not collective. Lent. */
const uint8_t *dsep_campaign_kept_units(const dsep_state *state, const dsep_campaign_shape *shape);

/* Adds what a sound state holds to a campaign that has done none of its units. Not collective.
 * Errors: DSEP_ERROR_RESOURCES; a part is added then. */
int dsep_campaign_take(const dsep_state *state, const dsep_campaign_shape *shape,
                       dsep_campaign *campaign, dsep_error *error);

#endif
