/* The correlation matrix of a table: once a node, in shared memory. */
#ifndef DSEP_SOLVERS_CORRELATION_H
#define DSEP_SOLVERS_CORRELATION_H

#include "mpi/shared.h"
#include "mpi/table.h"

typedef struct {
    int64_t n_samples, n_variables;
    dsep_block mine;      /* this rank's columns of the table */
    double *mean, *sd;    /* [mine.count] of those columns; sd with divisor n - 1 */
    dsep_shared *shared;  /* the matrix's memory */
    const double *values; /* [n_variables x n_variables] symmetric, diagonal exactly 1 */
} dsep_correlation;

/* Pearson correlations of all pairs of columns. Collective.
 * Columns are centred and scaled to length 1, shared once a node, and multiplied in tiles of a
 * fixed size that ranks take as they are free, so no bit depends on who did what. The table must
 * have no missing cells and no constant columns.
 * Errors: DSEP_ERROR_RESOURCES, agreed. Cost: n p^2 flops over all ranks; memory 8 p^2 + 8 n p
 * bytes a node; one exchange of the columns, one of the tiles between nodes.
 * Reproducibility: class A. Owner of *correlation: the caller. */
int dsep_correlation_create(dsep_context *ctx, const dsep_table *table,
                            dsep_correlation **correlation);

/* Frees it and sets *correlation to NULL; accepts NULL. Collective. */
void dsep_correlation_destroy(dsep_correlation **correlation);

#endif
