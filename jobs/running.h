/* A run that can be stopped and gone on with: its checkpoint, its deadline, its allocations. */
#ifndef DSEP_JOBS_RUNNING_H
#define DSEP_JOBS_RUNNING_H

#include "jobs/options.h"
#include "mpi/log.h"
#include "mpi/state.h"
#include "mpi/stop.h"

/* Options of every command that may run long. */
typedef struct {
    double max_time;         /* seconds; 0: no limit */
    double checkpoint_every; /* seconds; 0: after every unit */
    int resume, restart, allow_partial;
} dsep_running_options;

extern const dsep_option dsep_running_option_table[];

typedef struct {
    char *path;            /* of the checkpoint: OUTPUT.checkpoint */
    char *key;             /* what must agree: command, options that change the result, input */
    char *runs;            /* one line per allocation that ended before this one; "" for none */
    double seconds_before; /* that they took in all */
    dsep_log_section *sections; /* [n_sections] of those before */
    int64_t n_sections;
    dsep_stop stop;
    double every, kept; /* seconds between checkpoints; when the last one was kept */
    int found;          /* state holds what an earlier run had kept */
    dsep_state state;   /* as it was read; cleared by who has taken it over */
    char started[32];   /* ISO 8601 */
    double clock_began;
} dsep_running;

/* Opens it: finds the checkpoint of OUTPUT and reads it where it is this very command's.
 * Collective. input: checksum of the data, or "" without any. Says in the log what it found: that
 * it goes on from there and what was done, that a checkpoint belongs to another command and what
 * differs, that the newest is damaged and the one before it is used. Errors: DSEP_ERROR_USAGE for
 * --resume where there is nothing to go on from; DSEP_ERROR_IO; agreed. Owner of what it holds: the
 * caller, dsep_running_close(). */
int dsep_running_open(dsep_context *ctx, const dsep_invocation *call,
                      const dsep_running_options *options, const char *output, const char *input,
                      double clock_began, dsep_running *running);

/* Whether it is time to keep a checkpoint. Collective; the same on every rank. */
int dsep_running_due(dsep_context *ctx, const dsep_running *running);

/* Keeps the state beside the result: written to a temporary name, flushed, renamed; the one before
 * stays. Collective. A failure is a warning in the log that names what is still there, and the run
 * goes on: returns whether it was kept. */
int dsep_running_keep(dsep_context *ctx, dsep_running *running, const dsep_state *state);

/* One line per allocation, this one's last, as the result's `runs` attribute; NULL without memory.
 * Not collective. Owner: the caller. */
char *dsep_running_lines(dsep_context *ctx, const dsep_running *running);

/* The end: the result is whole, its checkpoints go. Collective. */
void dsep_running_done(dsep_context *ctx, dsep_running *running);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_running_close(dsep_running *running);

#endif
