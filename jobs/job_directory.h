/* The directory of a job, X.job/ beside its result X.h5: script, log, progress, and who it is. */
#ifndef DSEP_JOBS_JOB_DIRECTORY_H
#define DSEP_JOBS_JOB_DIRECTORY_H

#include "slurm/batch.h"

typedef struct {
    char *path;         /* absolute */
    int made;           /* whether this program made it just now */
    char job[64];       /* "" before it is submitted */
    char merge_job[64]; /* of an array; "" for none */
    char words[1024];   /* what sbatch said when it took the job; "" for nothing */
    char refusal[1024]; /* and when it took the array but not the job that merges */
} dsep_job_directory;

/* The directory that belongs to a result: X.job for X.h5. Not collective. NULL without memory.
 * Owner: the caller, free(). */
char *dsep_job_directory_path(const char *output);

/* Refuses to go on where a job of this directory is pending or running. Not collective: rank 0.
 * A script that was submitted by hand counts, too. Errors: DSEP_ERROR_USAGE with the job's number;
 * DSEP_ERROR_IO. */
int dsep_job_directory_free(const char *path, dsep_error *error);

/* Makes the directory where it is not there, writes the scripts, submits them, and says in
 * job.json what was submitted. Not collective: rank 0. Progress files of an earlier job go; its log
 * stays and is added to. Errors: DSEP_ERROR_IO with Slurm's own words; then a directory that was
 * made goes again, and one that was there keeps its new scripts. */
int dsep_job_directory_submit(dsep_job_directory *job, const dsep_batch *batch, dsep_error *error);

#endif
