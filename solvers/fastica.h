/* Independent components by fixed-point iteration (FastICA).
 *
 * Hyvarinen 1999, "Fast and robust fixed-point algorithms for independent component analysis", IEEE
 * Transactions on Neural Networks 10:626, doi:10.1109/72.761722. Scores are whitened: centred,
 * uncorrelated, of mean square 1 under the weights. W is orthogonal and S = Y W' are the sources.
 * Where the iteration swings between two places its steps are halved, which leaves its fixed points
 * as they are.
 * Reproducibility: class A for the same scores: sums follow the rows. */
#ifndef DSEP_SOLVERS_FASTICA_H
#define DSEP_SOLVERS_FASTICA_H

#include "mpi/error.h"
#include "mpi/random.h"

#include <stdint.h>

typedef enum {
    DSEP_CONTRAST_LOGCOSH, /* G(u) = log cosh u, g = tanh u */
    DSEP_CONTRAST_EXP,     /* G(u) = -exp(-u^2 / 2), g = u exp(-u^2 / 2) */
    DSEP_CONTRAST_CUBE     /* G(u) = u^4 / 4, g = u^3 */
} dsep_contrast;

typedef struct {
    dsep_contrast contrast;
    double tolerance;       /* converged: no component turned by more, max |1 - |w_new' w_old|| */
    int64_t max_iterations; /* of a component where they are found one by one */
    int deflation;          /* one by one; 0: all at once, with symmetric decorrelation */
} dsep_fastica_settings;

typedef struct {
    int64_t iterations; /* the most of any component where they were found one by one */
    int converged;
    double contrast; /* sum over components of (E G(s) - E G(normal))^2: the larger the better */
} dsep_fastica_outcome;

/* log cosh, 1e-12, 10,000, all at once. Not collective. */
void dsep_fastica_default_settings(dsep_fastica_settings *settings);

/* Finds W from a start. Not collective.
 * scores: [n x d] column after column, whitened. weight: [n] how often each row counts; NULL: once.
 * w: [d x d] row after row, a component each; on entry the start, any matrix that has an inverse.
 * Not converged is an outcome, no error: w is then where it stood. Errors: DSEP_ERROR_RESOURCES.
 * Cost of an iteration: n d values of g, 4 n d^2 flops. */
int dsep_fastica(int64_t n, int64_t d, const double *scores, const int32_t *weight,
                 const dsep_fastica_settings *settings, double *w, dsep_error *error,
                 dsep_fastica_outcome *outcome);

/* The same from several random starts, rotations 0 .. starts - 1 of the source (dsep_rotation(),
 * stream DSEP_STREAM_ICA). Not collective. A start that converged goes before one that did not, and
 * then one whose contrast is larger by more than a millionth; the first of equals. */
int dsep_fastica_best(int64_t n, int64_t d, const double *scores, const int32_t *weight,
                      const dsep_fastica_settings *settings, dsep_random source, int64_t starts,
                      double *w, dsep_error *error, dsep_fastica_outcome *outcome);

/* g and the mean of g' at `n` places, for tests. Not collective. */
double dsep_fastica_kernel(dsep_contrast contrast, int64_t n, const double *u, double *g);

#endif
