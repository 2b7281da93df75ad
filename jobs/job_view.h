/* What is known of a batch job: its directory, the progress files in it, and Slurm's word.
 *
 * Every function here is for one rank, which looks while the others wait. */
#ifndef DSEP_JOBS_JOB_VIEW_H
#define DSEP_JOBS_JOB_VIEW_H

#include "jobs/job_slurm.h"

#include <jansson.h>
#include <stdint.h>

typedef enum {
    DSEP_JOB_UNKNOWN,
    DSEP_JOB_PENDING,
    DSEP_JOB_REQUEUED, /* pending, and has run before */
    DSEP_JOB_STARTING,
    DSEP_JOB_RUNNING,
    DSEP_JOB_SUSPENDED,
    DSEP_JOB_DONE,
    DSEP_JOB_STOPPED, /* in good order, with a checkpoint */
    DSEP_JOB_SILENT,  /* said to run, but nothing was heard of it for a while */
    DSEP_JOB_CANCELLED,
    DSEP_JOB_TIMEOUT,
    DSEP_JOB_NODE_FAILED,
    DSEP_JOB_MEMORY,
    DSEP_JOB_FAILED
} dsep_job_state;

enum { DSEP_JOB_WHOLE = 0, DSEP_JOB_MERGE = -1 };

/* The job, or a part of an array, or the job that unites the parts. */
typedef struct {
    int64_t part; /* from 1, or DSEP_JOB_WHOLE, DSEP_JOB_MERGE */
    char *progress_path, *log_path;
    json_t *progress;      /* NULL where it has written none */
    dsep_slurm_word slurm; /* number 0: Slurm knows nothing of it */
    dsep_job_state state;
} dsep_job_part;

typedef struct {
    char *directory;  /* absolute; NULL where only a progress file is known */
    json_t *job;      /* job.json; NULL without */
    int64_t n_shares; /* of an array; 0: none */
    int64_t n_parts;  /* 1, or the shares and the merge */
    dsep_job_part *parts;
} dsep_job_view;

/* Members of a JSON object that may be missing or of another kind: "" and `other` then. The text is
 * lent. Not collective. */
const char *dsep_job_text(const json_t *object, const char *name);
double dsep_job_number_of(const json_t *object, const char *name, double other);

/* Reads the job's directory. Not collective. Errors: DSEP_ERROR_DATA where job.json is missing, or
 * a file in it is damaged; DSEP_ERROR_IO; DSEP_ERROR_RESOURCES. Owner of *view: the caller. */
int dsep_job_view_read(const char *directory, dsep_error *error, dsep_job_view **view);

/* The same of a progress file alone. Not collective. */
int dsep_job_view_file(const char *path, dsep_error *error, dsep_job_view **view);

/* Frees the view and sets *view to NULL; accepts NULL. Not collective. */
void dsep_job_view_destroy(dsep_job_view **view);

/* All *.job directories below `where`, in order of their names. Not collective. Errors:
 * DSEP_ERROR_IO, DSEP_ERROR_RESOURCES. Owner of *paths and what is in it: the caller,
 * dsep_job_paths_free(). */
int dsep_job_find(const char *where, dsep_error *error, char ***paths, int64_t *count);

/* Frees what dsep_job_find() found. Not collective. */
void dsep_job_paths_free(char **paths, int64_t count);

#endif
