/* What to make of a job: Slurm's word and the progress file, joined, in plain words. */
#ifndef DSEP_JOBS_JOB_VERDICT_H
#define DSEP_JOBS_JOB_VERDICT_H

#include "jobs/job_view.h"

/* Asks Slurm about the job and sets the state of every part. Not collective. Errors: those of
 * asking; that Slurm is not there or knows nothing of the job is none. */
int dsep_job_judge(dsep_job_view *view, dsep_slurm *slurm, dsep_error *error);

/* The state of the whole, of an array the worst of its parts while not all are done. Not
 * collective. */
dsep_job_state dsep_job_whole_state(const dsep_job_view *view);

/* A state in a word or two; lent. Not collective. */
const char *dsep_job_state_name(dsep_job_state state);

/* Why the part is in its state: half a sentence, "" where the state says all. Not collective. */
void dsep_job_why(const dsep_job_part *part, char *text, int size);

/* What the user may do about it, one thing a line; "" where there is nothing to be done. Not
 * collective. */
void dsep_job_advice(const dsep_job_view *view, const dsep_job_part *part, char *text, int size);

/* Whether the progress file is of the run that Slurm's word is about, and not of one before. Not
 * collective. */
int dsep_job_is_current(const dsep_job_part *part);

#endif
