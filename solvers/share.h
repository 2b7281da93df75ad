/* Shares: k of n graphs. */
#ifndef DSEP_SOLVERS_SHARE_H
#define DSEP_SOLVERS_SHARE_H

#include <stdint.h>

/* Whether k of n is at least the share t. Not collective. Exact for a t written in decimals that is
 * itself k / n: both are the double next to the same number. 0 when n is 0. */
int dsep_share_reaches(int64_t k, int64_t n, double t);

/* Half the width of Wilson's interval for a share of which k of n were counted: how well the share
 * is known. Not collective. z: the normal quantile, 1.96 for 95 %. n of 0 gives 1/2, all there is.
 * Source: Wilson 1927, J. Am. Stat. Assoc. 22:209, doi:10.1080/01621459.1927.10502953. Class A. */
double dsep_share_half_width(int64_t k, int64_t n, double z);

#endif
