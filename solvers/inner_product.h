/* Inner products of columns, each summed in one order whoever asks for it.
 *
 * A BLAS sums as its blocks fall, so that an entry made in a large product differs in its last bits
 * from the same entry made alone. Here eight lanes each add every eighth product, the lanes are
 * folded in halves, and pieces of 512 samples follow one another: an inner product has the same
 * bits in a tile of 256 columns, in the block of one node's neighbours, and by itself. */
#ifndef DSEP_SOLVERS_INNER_PRODUCT_H
#define DSEP_SOLVERS_INNER_PRODUCT_H

#include <stdint.h>

enum { DSEP_INNER_LANES = 8 };

/* n rounded up to whole lanes: columns are that long, with zeros behind their n samples. Not
 * collective. */
int64_t dsep_inner_stride(int64_t n);

/* out[i * leading + j] = sum over the samples of x[i] y[j]. Not collective.
 * x: [rows] and y: [columns] pointers to columns of `stride` doubles, a multiple of
 * DSEP_INNER_LANES. The product of two columns does not depend on which comes first.
 * Cost: 2 stride flops a product, at the rate of dgemm for many columns (docs/performance.md).
 * Reproducibility: class A; the same bits on every CPU that has fused multiply-add. */
void dsep_inner_products(int64_t stride, const double *const *x, int64_t rows,
                         const double *const *y, int64_t columns, double *out, int64_t leading);

#endif
