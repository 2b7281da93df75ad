/* The batch job of a command: what is asked of Slurm, and the script that asks.
 *
 * The script is readable, needs nothing of this program but the program, and can be submitted again
 * by hand. It launches the command, passes Slurm's warning on, has a job that exited with 85
 * requeued a bounded number of times, and says in the log each time what was carried over. It
 * remembers its runs in a file of the job's directory, runs.txt: from there it knows how often it
 * was requeued (a node that failed does not count) and whether the run before ended without a word.
 * Two runs in a row that kept nothing are not requeued again. */
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
    const char *output;    /* the result it will write, absolute */
    const char *name;      /* of the job */
    const char *partition, *account, *qos, *constraint; /* NULL: none */
    const char *const *extra;                           /* [n_extra] lines for #SBATCH, as given */
    int n_extra;
    const char *const *reasons; /* [n_reasons] comments: why these numbers */
    int n_reasons;
    int64_t nodes, ranks;   /* of one task of the array; nodes 0: as many as Slurm likes */
    int64_t ranks_per_node; /* 0: not asked for, so that the number of nodes may change */
    int64_t memory_node;    /* bytes; 0: not asked for */
    double seconds;         /* wall time of one run; 0: not asked for */
    double warning;         /* seconds before its end when Slurm warns; 0: it does not */
    int64_t parts;          /* tasks of the array; 0: no array */
    int64_t most_requeues;  /* after exit code 85 */
    int restart;            /* its first run begins anew: a checkpoint that is there goes */
} dsep_batch;

/* Writes the script. Not collective. Errors: DSEP_ERROR_USAGE for a text with a control character
 * (a line end, say) in it, or a backslash in the job's directory, which Slurm cannot have;
 * DSEP_ERROR_IO. Reproducibility: the same text from the same values. */
int dsep_batch_write(FILE *file, const dsep_batch *batch, dsep_error *error);

/* The script of the job that unites the parts of an array when all are whole. Not collective.
 * Errors as of dsep_batch_write(). */
int dsep_batch_write_merge(FILE *file, const dsep_batch *batch, dsep_error *error);

/* A word as a shell reads it back. Not collective. */
void dsep_batch_word(FILE *file, const char *word);

#endif
