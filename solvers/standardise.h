/* Centred columns of length 1, whose products are correlations. */
#ifndef DSEP_SOLVERS_STANDARDISE_H
#define DSEP_SOLVERS_STANDARDISE_H

#include <stdint.h>

/* Centres a column [n] and scales it to length 1 into unit [n], which may be the column itself; its
 * mean and standard deviation (divisor n - 1) into *mean and *sd. Not collective. The column has
 * finite values of any magnitude and is not constant. Cost: 5 n flops and two passes more.
 * Reproducibility: class A. */
void dsep_standardise(const double *column, int64_t n, double *unit, double *mean, double *sd);

#endif
