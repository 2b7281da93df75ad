/* The batch job of a command: what is asked of Slurm, and the script that asks.
 *
 * The script is readable, needs nothing of this program but the program, and can be submitted again
 * by hand. It launches the command, passes Slurm's warning on, has a job that exited with 85
 * requeued a bounded number of times, and says in the log each time what was carried over. */
#ifndef DSEP_SLURM_BATCH_H
#define DSEP_SLURM_BATCH_H

#include "mpi/error.h"

#include <stdint.h>
#include <stdio.h>

/* All texts are lent. */
typedef struct {
    const char *program;          /* the dsep to run, absolute */
    const char *const *arguments; /* [n_arguments] from the command's name on */
    int n_arguments;
    const char *where;     /* the directory that it runs in, absolute */
    const char *directory; /* of the job: script, log, progress; absolute */
    const char *output;    /* the result it will write */
    const char *name;      /* of the job */
    const char *partition, *account, *qos, *constraint; /* NULL: none */
    const char *const *extra;                           /* [n_extra] lines for #SBATCH, as given */
    int n_extra;
    const char *const *reasons; /* [n_reasons] comments: why these numbers */
    int n_reasons;
    int64_t nodes, ranks;  /* of one task of the array */
    int64_t memory_node;   /* bytes; 0: not asked for */
    double seconds;        /* wall time of one run; 0: not asked for */
    double warning;        /* seconds before its end when Slurm warns */
    int64_t parts;         /* tasks of the array; 0: no array */
    int64_t most_requeues; /* after exit code 85 */
} dsep_batch;

/* Writes the script. Not collective. Errors: DSEP_ERROR_IO. Reproducibility: the same text from the
 * same values. */
int dsep_batch_write(FILE *file, const dsep_batch *batch, dsep_error *error);

/* The script of the job that unites the parts of an array when all are whole. Not collective. */
int dsep_batch_write_merge(FILE *file, const dsep_batch *batch, dsep_error *error);

#endif
