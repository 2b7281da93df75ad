/* The pauses of a run: between units its checkpoint is kept, and a wish to stop is met. */
#ifndef DSEP_JOBS_RUN_PAUSES_H
#define DSEP_JOBS_RUN_PAUSES_H

#include "jobs/running.h"
#include "solvers/pauses.h"

typedef struct {
    dsep_running *running; /* lent */
    double ahead;          /* seconds of the next unit, as last told */
} dsep_run_pausing;

/* Pauses for a run, with units of about --checkpoint-every, .05 to 5 s. Not collective. pausing:
 * lent, with its running; outlives them. */
dsep_pauses dsep_run_pauses(dsep_run_pausing *pausing);

#endif
