/* Entropies of columns and of the residuals of pairs: what DirectLiNGAM's time goes into.
 *
 * Columns are centred, of length 1, with zeros up to their stride, as dsep_standardise() makes
 * them. A column of n samples scaled to variance 1, u, has about the entropy
 *   H(u) = (1 + log 2 pi) / 2 - 79.047 (E log cosh u - .37457)^2 - 7.4129 (E u exp(-u^2 / 2))^2
 * (Hyvarinen 1998, NIPS 10:273; Hyvarinen & Smith 2013, JMLR 14:111). log cosh u is |u| - log 2 +
 * log(1 + exp(-2 |u|)), and the logarithms are those of products of 512, so that an element costs
 * two exponentials and no logarithm. Eight lanes are summed one by one and folded in halves.
 * Reproducibility: class A; the same bits on every CPU that has fused multiply-add. */
#ifndef DSEP_SOLVERS_LINGAM_KERNEL_H
#define DSEP_SOLVERS_LINGAM_KERNEL_H

#include <stdint.h>

/* A share of its variance that a residual cannot have by more than rounding. */
#define DSEP_LINGAM_SINGULAR 1e-10

/* The entropy of a column [stride]. Not collective. stride: a multiple of DSEP_INNER_LANES. Cost:
 * two exponentials a sample. */
double dsep_lingam_entropy(int64_t n, int64_t stride, const double *x);

/* H(residual of x given y) - H(residual of y given x), both scaled to variance 1. Not collective.
 * r: the correlation of the two, 1 - r^2 above DSEP_LINGAM_SINGULAR. Exchanging x and y changes
 * the sign and no other bit. Cost: four exponentials a sample. */
double dsep_lingam_difference(int64_t n, int64_t stride, const double *x, const double *y,
                              double r);

/* out[k] = exp(-a[k]) for 0 <= a[k] <= 708, to 1e-15 of the value. Not collective. count: a
 * multiple of DSEP_INNER_LANES. For tests: the kernels hold the same code. */
void dsep_lingam_exp(int64_t count, const double *a, double *out);

#endif
