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

/* SIGTERM, SIGINT and SIGUSR1 no longer end the process but ask it to stop. A SIGINT or SIGTERM
 * that comes a second or more after such a one ends it after all; sooner it counts as the same,
 * because launchers pass one request on by two ways. Not collective. */
void dsep_stop_listen(void);

/* The deadline: `started` (on dsep_clock()) plus max_time seconds, 0 for no limit, or the end of
 * the Slurm allocation less a margin for writing (30 s, or a twentieth of what is left where that
 * is less), whichever is first. Collective: rank 0's clock and environment decide, so that it is
 * the same moment everywhere. Slurm's end: SLURM_JOB_END_TIME where SLURM_JOB_ID is set; one that
 * is no number or over is ignored. Cost: one broadcast. */
dsep_stop dsep_stop_create(dsep_context *ctx, double started, double max_time);

/* The signal that came to this rank, or 0. Not collective. */
int dsep_stop_signal(void);

/* Whether this rank was asked to stop, or would be late after `seconds` more. Not collective. */
int dsep_stop_wanted(const dsep_stop *stop, double seconds);

/* The same for all ranks: any rank's wish counts. Collective. Cost: one reduction. */
int dsep_stop_agree(dsep_context *ctx, const dsep_stop *stop, double seconds);

/* Why, in words for a user: "SIGTERM", "--max-time", "the end of the Slurm job"; lent. Collective:
 * the same on every rank. A signal to any rank comes before a deadline. "nothing" where there is
 * neither. Cost: one reduction. */
const char *dsep_stop_reason(dsep_context *ctx, const dsep_stop *stop);

#endif
