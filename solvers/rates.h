/* How fast this machine makes correlations, from a few milliseconds of the real kernels. */
#ifndef DSEP_SOLVERS_RATES_H
#define DSEP_SOLVERS_RATES_H

#include <stdint.h>

typedef struct {
    double whole; /* seconds a pair: product in double precision, written twice to memory */
    double tiled; /* seconds a pair: product in single precision, looked at once */
} dsep_rates;

/* Measures on this rank. sample: [n_samples] any values of the data's magnitude. Not collective.
 * Zeros when there are no samples or no memory: nothing is known then. */
dsep_rates dsep_rates_measure(const double *sample, int64_t n_samples);

#endif
