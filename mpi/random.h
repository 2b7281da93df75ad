/* Random numbers by counter: a draw is a function of (seed, stream, replicate, index).
 *
 * Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) through Random123. No state,
 * so any rank can draw any number in any order. Seed and stream are the key; replicate and index
 * are the counter. Reproducibility: class A. */
#ifndef DSEP_MPI_RANDOM_H
#define DSEP_MPI_RANDOM_H

#include <stdint.h>

/* What the numbers are for; draws for different purposes are independent. */
typedef enum {
    DSEP_STREAM_ORDER = 1,     /* a random order of variables */
    DSEP_STREAM_EDGES = 2,     /* which edges a random graph has */
    DSEP_STREAM_WEIGHTS = 3,   /* their coefficients */
    DSEP_STREAM_NOISE = 4,     /* the noise of simulated rows */
    DSEP_STREAM_SAMPLE = 5,    /* a sample of columns for a forecast */
    DSEP_STREAM_RESAMPLE = 6,  /* the rows of a replicate */
    DSEP_STREAM_PRIOR = 7,     /* strengths of an unmeasured common cause */
    DSEP_STREAM_DESIGN = 8,    /* cells of a study, their seeds, the variables they drop */
    DSEP_STREAM_ADDED = 9,     /* noise that is added to columns */
    DSEP_STREAM_ICA = 10,      /* a start of independent component analysis */
    DSEP_STREAM_ROTATION = 11, /* a random rotation of factors */
    DSEP_STREAM_LATENT = 12,   /* a random model of factors */
    DSEP_STREAM_FACTORS = 13   /* rows of it: the factors' noise, and that of what is observed */
} dsep_stream;

typedef struct {
    uint64_t seed;
    uint32_t stream;
    uint32_t replicate;
} dsep_random;

/* 128 random bits for an index. Not collective. */
void dsep_random_bits(dsep_random source, uint64_t index, uint32_t bits[4]);

/* A uniform number in (0, 1), never 0 or 1, of 52 bits. Not collective. */
double dsep_random_uniform(dsep_random source, uint64_t index);

/* Two independent uniform numbers from one call. Not collective. */
void dsep_random_uniform2(dsep_random source, uint64_t index, double u[2]);

/* The same for `count` indices from `first` on, faster than one by one. Not collective. */
void dsep_random_uniform2_run(dsep_random source, uint64_t first, int64_t count, double (*u)[2]);

/* A whole number in 0 .. below - 1, for below up to 2^32; bias under 2^-32. Not collective. */
uint64_t dsep_random_below(dsep_random source, uint64_t index, uint64_t below);

/* 0 .. count - 1 in an order drawn by Fisher and Yates, with the indices 1 .. count - 1. Not
 * collective. list: [count]. */
void dsep_random_shuffle(dsep_random source, int64_t count, int64_t *list);

#endif
