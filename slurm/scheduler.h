/* Slurm's commands, as a user calls them: sbatch, scontrol, squeue, sinfo. */
#ifndef DSEP_SLURM_SCHEDULER_H
#define DSEP_SLURM_SCHEDULER_H

#include "mpi/error.h"

#include <stdint.h>

/* Runs a program of PATH, argv[0], without a shell and with nothing to read; what it prints to
 * standard output comes to *output, what to standard error into the error's text, whether it
 * succeeds or not. Its environment is the one that this program was started with, less what
 * belongs to this run alone (dsep_scheduler_passes_on()): sbatch hands its environment on to the
 * job. Not collective: one rank calls, the others wait for its outcome. Returns its exit code in
 * *status; 127 where it is not there, 128 and its number where a signal ended it. Errors:
 * DSEP_ERROR_IO where it could not be run at all; DSEP_ERROR_RESOURCES.
 * Owner of *output: the caller, free(); NULL on failure, never otherwise. */
int dsep_scheduler_run(char *const argv[], char **output, int *status, dsep_error *error);

/* Whether a NAME=VALUE of this run's environment is for a job, too. Not what a launcher or a Slurm
 * job around this run told it about itself: a job that is submitted from within a job would take
 * the old one's memory and binding for its own. Not OPENBLAS_CORETYPE: it was chosen for this
 * machine's CPU, and each node chooses its own. Not collective. */
int dsep_scheduler_passes_on(const char *setting);

/* A job as Slurm tells it: the value of a field of `scontrol show job`, such as "JobState", in
 * its answer, with the blanks that are in it; "" where it has none. Not collective. text [size]. */
void dsep_scheduler_field(const char *answer, const char *field, char *text, int size);

#endif
