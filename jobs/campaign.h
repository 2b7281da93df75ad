/* Many units of work that one result is made of: replicates, cells of a study.
 *
 * Groups of ranks take units as they are free. Every unit gives a row of numbers and may count its
 * graph in tallies. After a batch of units the ranks meet: tallies are united, a checkpoint is kept
 * when it is time, a wish to stop is met. What comes out depends on the units that were done,
 * never on who did them, when, or how they were batched. */
#ifndef DSEP_JOBS_CAMPAIGN_H
#define DSEP_JOBS_CAMPAIGN_H

#include "jobs/campaign_state.h"
#include "jobs/running.h"
#include "mpi/groups.h"

typedef struct {
    const char *name;  /* of its blocks in a checkpoint; up to 15 bytes */
    const char *units; /* for the log: "replicates" */
    int64_t n_units;
    int64_t n_values;  /* numbers that a unit gives; may be 0 */
    int64_t n_tallies; /* that units count in; may be 0 */
    int64_t round;     /* `enough` is asked whenever the first so many more units are done */

    /* One unit: fills values [n_values] and counts into tally [n_tallies], on the group's first
     * rank; elsewhere what it writes there is dropped. Collective over the group; agreed there. */
    int (*run)(dsep_context *group, int64_t unit, double *values, dsep_tally **tally, void *data);
    /* Whether the first `done` units say enough; NULL: all units are wanted. Not collective: the
     * same on every rank. tally: united, sorted. */
    int (*enough)(int64_t done, const double *values, dsep_tally *const *tally, void *data);
    void *data;

    const dsep_state *with; /* what every checkpoint holds beside; lent; may be NULL */
} dsep_campaign_plan;

/* Does what is left to do, with --part of the part's units: it is stopped then, and running knows
 * whether the share is done. Collective. running: says when to stop, keeps checkpoints, and holds
 * the state of an earlier run, from which this one goes on. Errors: those of units, agreed;
 * DSEP_ERROR_DATA where the state does not fit the plan. Memory: units x values and the edges seen.
 * Owner of *campaign: the caller, dsep_campaign_destroy(). */
int dsep_campaign_run(dsep_context *ctx, dsep_groups *groups, const dsep_campaign_plan *plan,
                      dsep_running *running, dsep_campaign **campaign);

#endif
