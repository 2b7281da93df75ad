/* Reading what the tasks of a search cost, which a run with --trace keeps in its result. */
#ifndef DSEP_IO_TRACE_READ_H
#define DSEP_IO_TRACE_READ_H

#include "io/h5tree.h"

/* Arrays are lent by `tree`. A phase is one half of one order; all ranks meet at its end. */
typedef struct {
    dsep_h5tree *tree;
    int64_t n_phases, n_tasks;
    const int64_t *order, *half, *tasks; /* [n_phases] tasks: how many rows the phase has */
    const int64_t *bytes;                /* [n_phases] what every node exchanges at its end */
    const int64_t *cost;                 /* [n_tasks] phase after phase, as they are handed out */
} dsep_trace;

/* Reads /search/tasks and /search/phases of a result and checks that they belong together. Not
 * collective. Errors: DSEP_ERROR_IO when it cannot be read; DSEP_ERROR_DATA when it is no result,
 * has no trace, or does not agree with itself. Owner of what *trace holds: the caller. */
int dsep_trace_read(const char *path, dsep_error *error, dsep_trace *trace);

/* Frees what it holds; accepts what a failed read left. Not collective. */
void dsep_trace_release(dsep_trace *trace);

#endif
