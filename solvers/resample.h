/* Which rows a replicate uses: a function of (seed, replicate), never of rank or call order.
 *
 * Draw i is dsep_random_below() with DSEP_STREAM_RESAMPLE, the replicate and the index i: the i-th
 * row of a bootstrap, the start of the i-th block, or how far beyond place i the row stands that a
 * shuffle (Fisher-Yates) brings there. Two halves share the replicate k; a variable's own order has
 * the indices 2^32 variable + i. Reproducibility: class A, all of it. */
#ifndef DSEP_SOLVERS_RESAMPLE_H
#define DSEP_SOLVERS_RESAMPLE_H

#include "mpi/error.h"

#include <stdint.h>

typedef enum {
    DSEP_RESAMPLE_BOOTSTRAP,   /* n rows drawn with replacement: multinomial weights */
    DSEP_RESAMPLE_SUBSAMPLE,   /* a fraction of the rows, without replacement */
    DSEP_RESAMPLE_HALVES,      /* replicates 2k and 2k + 1 are the two halves of one shuffle; of an
                                * odd number one row is left out */
    DSEP_RESAMPLE_BLOCK,       /* ordered rows: circular blocks of neighbours, n rows in all */
    DSEP_RESAMPLE_ENVIRONMENT, /* replicate k leaves environment k out */
    DSEP_RESAMPLE_PERMUTATION  /* every variable's rows in an order of their own: what is found
                                * where nothing depends on anything */
} dsep_resample_scheme;

enum { DSEP_RESAMPLE_LEAST = 4 }; /* rows that a replicate has at least */

typedef struct {
    dsep_resample_scheme scheme;
    uint64_t seed;
    int64_t n_samples;
    double fraction;            /* of SUBSAMPLE, in (0, 1) */
    int64_t block;              /* rows of a block, of BLOCK; 0: n^(1/3), rounded up */
    const int32_t *environment; /* [n_samples] 0 .. n_environments - 1; lent; NULL without */
    int64_t n_environments;
} dsep_resample;

/* Refuses what makes no sense, with a remedy. Not collective. Cost: a look at each row for
 * ENVIRONMENT. Errors: DSEP_ERROR_USAGE. */
int dsep_resample_check(const dsep_resample *resample, dsep_error *error);

/* How many replicates differ: 2^32, or the number of environments. Not collective. */
int64_t dsep_resample_most(const dsep_resample *resample);

/* How often every row counts in a replicate into weight [n_samples]; returns how many rows that
 * makes, repeats counted. Not collective. PERMUTATION: all ones.
 *
 * SUBSAMPLE: the first floor(fraction n) of a Fisher-Yates shuffle, a product that misses a whole
 * number by rounding taken as that number. BLOCK: Politis & Romano 1992, "A circular
 * block-resampling procedure for stationary data": each block starts at any row with the same
 * chance, the first row follows the last, and the last block is cut. Cost: a draw a row or block,
 * about 25 ns; no memory. Needs a setting that passed dsep_resample_check() and a replicate in
 * 0 .. dsep_resample_most() - 1. */
int64_t dsep_resample_weights(const dsep_resample *resample, int64_t replicate, int32_t *weight);

/* Of PERMUTATION: row[s] is the row that stands at s for this variable. Not collective. Cost: a
 * draw a row. */
void dsep_resample_order(const dsep_resample *resample, int64_t replicate, int64_t variable,
                         int32_t *row);

/* Rows of a block of BLOCK. Not collective. */
int64_t dsep_resample_block(const dsep_resample *resample);

/* The name as users write it. Not collective. */
const char *dsep_resample_name(dsep_resample_scheme scheme);

#endif
