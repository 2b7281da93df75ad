/* Slurm's commands, as a user calls them: sbatch, scontrol, squeue, sinfo. */
#ifndef DSEP_SLURM_SCHEDULER_H
#define DSEP_SLURM_SCHEDULER_H

#include "mpi/error.h"

#include <stdint.h>

/* Runs a program of PATH, argv[0], without a shell and with nothing to read; what it prints to
 * standard output comes to *output, what to standard error into the error's text where it fails.
 * Not collective: one rank calls, the others wait for its outcome. Returns its exit code in
 * *status; 127 where it is not there. Errors: DSEP_ERROR_IO where it could not be run at all.
 * Owner of *output: the caller, free(). */
int dsep_scheduler_run(char *const argv[], char **output, int *status, dsep_error *error);

/* A job as Slurm tells it: the value of a field of `scontrol show job`, such as "JobState", in a
 * line of its answer; "" where it has none. Not collective. text [size]. */
void dsep_scheduler_field(const char *answer, const char *field, char *text, int size);

#endif
