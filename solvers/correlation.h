/* The correlations of a table: a whole matrix once a node, or its columns, of which entries are
 * made when they are asked for. Both give the same bits. */
#ifndef DSEP_SOLVERS_CORRELATION_H
#define DSEP_SOLVERS_CORRELATION_H

#include "mpi/shared.h"
#include "mpi/table.h"

typedef struct {
    int64_t n_samples, n_variables;
    dsep_block mine;       /* this rank's columns of the table */
    double *mean, *sd;     /* [mine.count] of those columns; sd with divisor n - 1; NULL where they
                            * were made by parts */
    const double *values;  /* [n_variables x n_variables] symmetric, diagonal exactly 1; or NULL */
    const double *columns; /* [n_variables x stride] centred, of length 1, zeros behind the
                            * samples; NULL where there are values */
    int64_t stride;
    struct dsep_correlation_work *work; /* memory of either, and what multiplying needs */
} dsep_correlation;

/* Pearson correlations of all pairs of columns. Collective.
 * whole: make the matrix. Columns are centred and scaled to length 1 and shared once a node; the
 * matrix is multiplied in tiles that ranks take as they are free. The table must have no missing
 * cells and no constant columns.
 * Errors: DSEP_ERROR_RESOURCES, agreed. Cost: n p^2 flops over all ranks and 8 p^2 + 8 n p bytes a
 * node for the matrix, 8 n p bytes without; one exchange of the columns, one of the tiles between
 * nodes. Reproducibility: class A, see inner_product.h. Owner of *correlation: the caller. */
int dsep_correlation_create(dsep_context *ctx, const dsep_table *table, int whole,
                            dsep_correlation **correlation);

/* The same by parts, for correlations that are made again and again in the same memory: open() has
 * room for up to so many rows and variables; begin() says how many there are this time and which
 * block of variables is this rank's to fill; the caller writes their columns, with zeros up to the
 * stride, to the place that begin() lends; finish() makes them correlations. All collective.
 * n_samples: what tests are to count, rows with their repeats. Errors: DSEP_ERROR_RESOURCES,
 * agreed, by open() alone. */
int dsep_correlation_open(dsep_context *ctx, int64_t n_rows, int64_t n_variables, int whole,
                          dsep_correlation **correlation);
double *dsep_correlation_begin(dsep_context *ctx, dsep_correlation *correlation, int64_t n_rows,
                               int64_t n_samples, int64_t n_variables);
void dsep_correlation_finish(dsep_context *ctx, dsep_correlation *correlation);

/* out[i * leading + j] = correlation of x[i] and y[j], variables in any order. Not collective.
 * Cost: a load, or 2 n flops, an entry. */
void dsep_correlation_block(const dsep_correlation *correlation, const int32_t *x, int64_t rows,
                            const int32_t *y, int64_t columns, double *out, int64_t leading);

/* Frees all but means and deviations, when nobody needs an entry any more. Collective. */
void dsep_correlation_drop(dsep_correlation *correlation);

/* Frees it and sets *correlation to NULL; accepts NULL. Collective. */
void dsep_correlation_destroy(dsep_correlation **correlation);

#endif
