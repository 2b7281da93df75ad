/* A run that can be stopped and gone on with: its checkpoint, its deadline, its allocations. */
#ifndef DSEP_JOBS_RUNNING_H
#define DSEP_JOBS_RUNNING_H

#include "jobs/options.h"
#include "jobs/part.h"
#include "mpi/log.h"
#include "mpi/state.h"
#include "mpi/stop.h"

/* Options of every command that may run long. */
typedef struct {
    double max_time;         /* seconds; 0: no limit */
    double checkpoint_every; /* seconds; 0: after every unit */
    int resume, restart, allow_partial;
    char *part;  /* K/N; NULL: all units */
    int merging; /* no option: the checkpoint was made by dsep merge and must be this command's */
} dsep_running_options;

extern const dsep_option dsep_running_option_table[];

/* What is kept beside the caller's blocks: always; of a part; of parts that were united. */
#define DSEP_RUNNING_RUNS "runs"
#define DSEP_RUNNING_SECONDS "seconds"
#define DSEP_RUNNING_SECTIONS "sections"
#define DSEP_RUNNING_PART "part"           /* a dsep_part */
#define DSEP_RUNNING_ARGUMENTS "arguments" /* dsep_option_words() */
#define DSEP_RUNNING_FOLDER "folder"       /* where the command was given */
#define DSEP_RUNNING_PARTS "parts"         /* one line a part: file, K/N, checksum */
enum { DSEP_RUNNING_BLOCKS = 6 };          /* of these at once, at most */

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
    dsep_part part;     /* whose units alone are done; zeros: all */
    char *output;       /* as the caller named it */
    char *file;         /* where a part is left; NULL without */
    char *words;        /* of its command; NULL without, and on other ranks than 0 */
    size_t words_bytes;
    char *parts;       /* what was united to get here; NULL: nothing */
    int foreign_file;  /* the part file that is there is another command's */
    int share_is_done; /* all units of the part are kept in the checkpoint; set by who did them */
    int finished;      /* this very part is there already: nothing is to be done */
    char there[32];    /* when the checkpoint that is there was written; "" for none */
    char started[32];  /* ISO 8601 */
    double clock_began;
} dsep_running;

/* Refuses what --part cannot go with. Not collective: the same on every rank. no_units: why this
 * command has no units that could be shared out, and what to do, as a sentence without its full
 * stop; NULL where it has. Errors: DSEP_ERROR_USAGE. */
int dsep_running_check(const dsep_running_options *options, const char *no_units,
                       dsep_error *error);

/* Which settings of two keys differ, in words: "seed: 1 there, 9 here"; `there` and `here` say how
 * the two are called. Not collective. Owner: the caller, free(). NULL without memory. */
char *dsep_running_differences(const char *key_there, const char *there, const char *key_here,
                               const char *here);

/* Adds a section to a list that has room; times of one name are one. Not collective. */
void dsep_running_add_section(dsep_log_section *list, int64_t *count, const dsep_log_section *more);

/* Opens it: finds the checkpoint of OUTPUT and reads it where it is this very command's.
 * Collective. input: checksum of the data, or "" without any; the contents of options that name a
 * FILE are looked at here. Signals ask to stop from here on. Says in the log what it found: that
 * it goes on from there and what was done, that a checkpoint belongs to another command and what
 * differs (it stays, and is moved to OUTPUT.checkpoint.other when this run keeps one of its own),
 * that the newest is damaged and the one before it is used. With --part OUTPUT is the part's file,
 * and where this very part is there already, running->finished is set: the caller has nothing to
 * do and ends well. Errors: DSEP_ERROR_USAGE for
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
 * stays. Collective. state: at most DSEP_STATE_BLOCKS - DSEP_RUNNING_BLOCKS blocks, none named
 * as those above. A failure is a warning in the log that names what is still there, and the run
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

/* The end of a run that is not done: what there is to go on from, and why it stopped. Or, of a part
 * whose share is done, its end: the checkpoint takes the part's name. Collective.
 * partial: the result that was written all the same, and accepted; NULL without. Returns DSEP_OK
 * with one, else DSEP_STOPPED, agreed with a message; DSEP_ERROR_RESOURCES where there was no time
 * for a first unit of work; DSEP_ERROR_IO where nothing could be kept. */
int dsep_running_stopped(dsep_context *ctx, const dsep_running *running, const char *partial);

/* The end: the result is whole, its checkpoints go. Collective. */
void dsep_running_done(dsep_context *ctx, dsep_running *running);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_running_close(dsep_running *running);

#endif
