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
    int foreign;        /* the checkpoint that is there is another command's */
    int failed;         /* the last checkpoint could not be written */
    int found;          /* state holds what an earlier run had kept */
    dsep_state state;   /* as it was read; cleared by who has taken it over */
    char there[32];     /* when the checkpoint that is there was written; "" for none */
    char started[32];   /* ISO 8601 */
    double clock_began;
} dsep_running;

/* Opens it: finds the checkpoint of OUTPUT and reads it where it is this very command's.
 * Collective. input: checksum of the data, or "" without any; the contents of options that name a
 * FILE are looked at here. Signals ask to stop from here on. Says in the log what it found: that
 * it goes on from there and what was done, that a checkpoint belongs to another command and what
 * differs (it stays, and is moved to OUTPUT.checkpoint.other when this run keeps one of its own),
 * that the newest is damaged and the one before it is used. Errors: DSEP_ERROR_USAGE for
 * --resume where there is nothing to go on from, or with --restart; DSEP_ERROR_IO where there is a
 * checkpoint that cannot be read, unless with --restart; DSEP_ERROR_RESOURCES; agreed. Owner of
 * what it holds, whether it fails or not: the caller, dsep_running_close(). */
int dsep_running_open(dsep_context *ctx, const dsep_invocation *call,
                      const dsep_running_options *options, const char *output, const char *input,
                      double clock_began, dsep_running *running);

/* Whether it is time to keep a checkpoint: rank 0's clock says so, or any rank is to stop by now.
 * Collective; the same on every rank. Who stops for another reason (the next unit would be late, a
 * signal came after this was asked) keeps one all the same. Cost: one reduction. */
int dsep_running_due(dsep_context *ctx, const dsep_running *running);

/* Keeps the state beside the result: written to a temporary name, flushed, renamed; the one before
 * stays. Collective. state: at most DSEP_STATE_BLOCKS - 3 blocks, none named "runs", "seconds" or
 * "sections". A failure is a warning in the log that names what is still there, and the run
 * goes on: returns whether it was kept, the same on every rank. Cost: that of
 * dsep_checkpoint_write() and of dsep_log_sections(). */
int dsep_running_keep(dsep_context *ctx, dsep_running *running, const dsep_state *state);

/* One line per allocation, this one's last, as the result's `runs` attribute; NULL without memory.
 * Not collective. Owner: the caller. */
char *dsep_running_lines(dsep_context *ctx, const dsep_running *running);

/* Seconds of this allocation and all before it, by this rank's clock. Not collective. */
double dsep_running_seconds(const dsep_running *running);

/* dsep_log_sections() with the times of the allocations before added to this one's. Collective.
 * Owner of *sections: the caller, free(). Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_running_sections(dsep_context *ctx, const dsep_running *running,
                          dsep_log_section **sections, int64_t *count);

/* The end of a run that is not done: what there is to go on from, and why it stopped. Collective.
 * partial: the result that was written all the same, and accepted; NULL without. Returns DSEP_OK
 * with one, else DSEP_STOPPED, agreed with a message; DSEP_ERROR_RESOURCES where there was no time
 * for a first unit of work; DSEP_ERROR_IO where nothing could be kept. */
int dsep_running_stopped(dsep_context *ctx, const dsep_running *running, const char *partial);

/* The end: the result is whole, its checkpoints go. Collective. */
void dsep_running_done(dsep_context *ctx, dsep_running *running);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_running_close(dsep_running *running);

#endif
