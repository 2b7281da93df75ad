/* Looking at an HDF5 file in a child process first: HDF5 1.10 crashes or never ends on some
 * damaged files, and the child takes the harm. */
#ifndef DSEP_IO_H5PROBE_H
#define DSEP_IO_H5PROBE_H

#include "mpi/error.h"

/* Runs walk(path, argument, error) in a child process, with 20 seconds and a second more for every
 * 10 MB of the file, and with a gigabyte of memory or 64 times the file. Not collective.
 * walk: does with the file what the caller is about to do, and returns a dsep_code; of all it
 * changes in memory only its error reaches the caller. Errors: those of walk(); DSEP_ERROR_DATA
 * when the child died or did not end; DSEP_ERROR_RESOURCES when there is no child. Cost: a fork
 * and the walk. */
int dsep_h5_probe(const char *path,
                  int (*walk)(const char *path, void *argument, dsep_error *error), void *argument,
                  dsep_error *error);

#endif
