/* Requests to stop in good order: signals, --max-time, the end of a Slurm allocation.
 *
 * A run is made of units of work; between two of them its ranks agree whether to go on. Clocks and
 * signals choose how many units are done, never a number. */
#ifndef DSEP_MPI_STOP_H
#define DSEP_MPI_STOP_H

#include "mpi/context.h"

typedef struct {
    double deadline; /* on this rank's dsep_clock(); 0: none */
    int slurm;       /* whether the deadline is Slurm's and not the user's */
} dsep_stop;

/* SIGTERM, SIGINT and SIGUSR1 no longer end the process but ask it to stop; a second SIGINT or
 * SIGTERM ends it after all. Not collective. */
void dsep_stop_listen(void);

/* The deadline: `started` (on dsep_clock()) plus max_time seconds, 0 for no limit, or the end of
 * the Slurm allocation less a margin for writing, whichever is first. Collective. */
dsep_stop dsep_stop_create(dsep_context *ctx, double started, double max_time);

/* The signal that came to this rank, or 0. Not collective. */
int dsep_stop_signal(void);

/* Whether this rank was asked to stop, or would be late after `seconds` more. Not collective. */
int dsep_stop_wanted(const dsep_stop *stop, double seconds);

/* The same for all ranks: any rank's wish counts. Collective. Cost: one reduction. */
int dsep_stop_agree(dsep_context *ctx, const dsep_stop *stop, double seconds);

/* Why, in words for a user: "SIGTERM", "--max-time", "the end of the Slurm job"; lent. Collective:
 * the same on every rank. */
const char *dsep_stop_reason(dsep_context *ctx, const dsep_stop *stop);

#endif
