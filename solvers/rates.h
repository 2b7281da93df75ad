/* How fast this machine tests pairs without any condition, from some milliseconds of the real
 * kernels. */
#ifndef DSEP_SOLVERS_RATES_H
#define DSEP_SOLVERS_RATES_H

#include <stdint.h>

typedef struct {
    double whole; /* seconds a pair: product in double precision, written twice to fresh memory */
    double entry; /* the same product alone */
    double tiled; /* seconds a pair: product in single precision, looked at once */
} dsep_rates;

/* Measures on this rank, columns of n_samples. Not collective: ranks measure at the same time, as
 * they work. Zeros where there are no samples or no memory: nothing is known then. */
dsep_rates dsep_rates_measure(int64_t n_samples);

#endif
