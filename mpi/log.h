/* Log, progress and timing: what a person reads while the program works.
 *
 * Rank 0 writes whole lines to standard error, and records to a JSON-lines file where asked.
 * Every rank keeps its own section times, which the closing table brings together. */
#ifndef DSEP_MPI_LOG_H
#define DSEP_MPI_LOG_H

#include "mpi/context.h"

typedef struct {
    int quiet;                 /* nothing but errors on standard error */
    double interval;           /* seconds between progress lines */
    const char *json_path;     /* one JSON object a line; NULL for none */
    const char *progress_path; /* the progress file (mpi/progress_file.h); NULL for none */
    const char *output;        /* of the run, for the progress file; NULL for none */
} dsep_log_settings;

/* One section of the closing table: seconds over ranks. */
typedef struct {
    char name[32];
    double min, mean, max;
} dsep_log_section;

/* Opens the log and hangs it into the context. Collective. Errors: DSEP_ERROR_IO when the JSON
 * file cannot be opened, agreed. Owner of *log: the caller, who destroys it before the
 * context. */
int dsep_log_create(dsep_context *ctx, const dsep_log_settings *settings, dsep_log **log);

/* How the run ends: the last record of the JSON log, and the progress file for the last time, where
 * there are any. message: the error's text, or "". Not collective; rank 0 writes. */
void dsep_log_end(dsep_context *ctx, int code, const char *message);

/* Closes the log and sets *log to NULL; accepts NULL. Not collective. */
void dsep_log_destroy(dsep_context *ctx, dsep_log **log);

/* One line from rank 0; other ranks are silent. Without a log nothing. Not collective. */
void dsep_log_line(dsep_context *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, and shown even when quiet: for what a user must not miss. Not collective. */
void dsep_log_warning(dsep_context *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* At most one line an interval: phase, done / total, rate, time left, memory; and at most once a
 * second the progress file. Call it as often as convenient; every rank may, rank 0 speaks. Not
 * collective. Cost: one look at the clock. */
void dsep_log_progress(dsep_context *ctx, const char *phase, double done, double total,
                       const char *unit);

/* Seconds of the runs that this one goes on from, for the progress file. Not collective. */
void dsep_log_before(dsep_context *ctx, double seconds);

/* From here on time belongs to section `name`; NULL ends the last. Not collective. A name met
 * again goes on with its old total. */
void dsep_log_section_begin(dsep_context *ctx, const char *name);

/* The sections with times over ranks, in order of first use on rank 0; the current one goes on.
 * Collective. Owner of *sections: the caller, free(). Errors: DSEP_ERROR_RESOURCES, agreed. Cost:
 * four small messages a section. */
int dsep_log_sections(dsep_context *ctx, dsep_log_section **sections, int64_t *count);

/* Prints the closing table. Not collective; rank 0 speaks. */
void dsep_log_table(dsep_context *ctx, const dsep_log_section *sections, int64_t count);

#endif
