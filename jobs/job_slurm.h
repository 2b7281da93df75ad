/* What Slurm says of jobs. One rank asks while the others wait. */
#ifndef DSEP_JOBS_JOB_SLURM_H
#define DSEP_JOBS_JOB_SLURM_H

#include "mpi/error.h"

#include <stdint.h>

/* Whether Slurm can be asked on this machine. */
typedef struct {
    int answers;   /* it does */
    char why[300]; /* why not, as a sentence without its full stop */
    char *queue;   /* the user's jobs, "NUMBER COMMAND" a line; NULL where unknown */
} dsep_slurm;

/* Slurm's word of one job, or of one task of an array. */
typedef struct {
    int64_t number; /* its JobId; 0: Slurm knows nothing of it */
    int64_t array;  /* of which array it is a task; 0: of none */
    int64_t restarts;
    char tasks[128]; /* of the array, as Slurm writes them: "3", "1-4,7%2"; "" for none */
    char state[32], reason[128], dependency[256], nodes[256], exit_code[16];
    char start[32], end[32], limit[32], partition[64]; /* times as Slurm prints them */
    char directory[1024]; /* X.job, where its script stands in one; "" for a job of another kind */
    int merges;           /* its script is that which unites the parts */
} dsep_slurm_word;

/* Looks whether Slurm answers. Not collective. Errors: DSEP_ERROR_IO, DSEP_ERROR_RESOURCES; that it
 * is not there, or silent, is none. */
int dsep_slurm_open(dsep_slurm *slurm, dsep_error *error);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_slurm_close(dsep_slurm *slurm);

/* Slurm's answer about a job, "123" or "123_4", one line a task; "" where it knows nothing of it.
 * Not collective. Errors as those of dsep_slurm_open(). Owner of *answer: the caller, free(). */
int dsep_slurm_ask(dsep_slurm *slurm, const char *number, char **answer, dsep_error *error);

/* The next word of an answer that *at goes through; 0 when there is none. Not collective. */
int dsep_slurm_next(const char **at, dsep_slurm_word *word);

/* Whether a word is about task k of an array. Not collective. */
int dsep_slurm_is_about(const dsep_slurm_word *word, int64_t k);

/* The next of the user's jobs whose script stands in `directory` (absolute), which *at goes
 * through slurm->queue for; 0 when there is none. Not collective. */
int64_t dsep_slurm_next_in(const char **at, const char *directory);

/* A moment as Slurm prints it, as seconds since 1970; -1 where it is none. Not collective. */
int64_t dsep_slurm_moment(const char *text);

#endif
