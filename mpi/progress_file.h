/* The progress file: how far a run is, for whoever looks at it from outside, as one JSON object.
 *
 * It is replaced whole by a rename, so a reader never meets half of one. A run that is killed
 * leaves its last one behind, with state "running" and an old "updated". */
#ifndef DSEP_MPI_PROGRESS_FILE_H
#define DSEP_MPI_PROGRESS_FILE_H

#include "mpi/error.h"

typedef struct dsep_progress_file dsep_progress_file;

/* What a run says of itself. Texts are lent. */
typedef struct {
    const char *state; /* "running", "done", "stopped" or "failed" */
    int code;          /* the exit code, once it is known */
    const char *message;
    double seconds, seconds_before; /* of this run, and of those that it goes on from */
    const char *phase, *unit;
    double done, total; /* total 0: not known */
    double rate;        /* units a second; 0: not known */
} dsep_progress_state;

/* Gets ready to write `path`; writes nothing yet. output: of the run, or NULL. Not collective: one
 * rank writes. Errors: DSEP_ERROR_RESOURCES. Owner of *file: the caller. */
int dsep_progress_file_create(const char *path, const char *output, int ranks, int nodes,
                              dsep_error *error, dsep_progress_file **file);

/* Frees it and sets *file to NULL; what is on disk stays. Accepts NULL. Not collective. */
void dsep_progress_file_destroy(dsep_progress_file **file);

/* Replaces the file. Not collective. Errors: DSEP_ERROR_IO; the old one then stays. */
int dsep_progress_file_write(const dsep_progress_file *file, const dsep_progress_state *state,
                             dsep_error *error);

#endif
