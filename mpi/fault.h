/* Fault points: places where a test can make the program fail, to prove that every rank leaves
 * in good order.
 *
 * DSEP_FAULT=point@rank (or point@all) in the environment makes dsep_fault() fail there. */
#ifndef DSEP_MPI_FAULT_H
#define DSEP_MPI_FAULT_H

#include "mpi/context.h"

/* DSEP_OK, or the point's error where the environment asks for it on this rank. Not collective:
 * the caller agrees before its next collective step. */
int dsep_fault(dsep_context *ctx, const char *point);

/* The name of point i, NULL past the last: tests go through all of them. Not collective. */
const char *dsep_fault_name(int i);

/* The same for points in checkpoints, which end no run: a warning, and it goes on. Not
 * collective. */
const char *dsep_fault_checkpoint_name(int i);

#endif
