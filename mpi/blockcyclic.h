/* Block-cyclic matrices on a BLACS grid: what ScaLAPACK works on. */
#ifndef DSEP_MPI_BLOCKCYCLIC_H
#define DSEP_MPI_BLOCKCYCLIC_H

#include "mpi/context.h"

/* The grid: the squarest one that uses every rank. */
typedef struct {
    int context; /* BLACS context */
    int rows, columns, row, column;
    int block; /* rows and columns of a block; tests make it small before they make a matrix */
} dsep_grid;

enum { DSEP_GRID_BLOCK = 64 };

/* How many rows the grid of so many ranks has. Not collective. */
int dsep_grid_rows(int ranks);

typedef struct {
    const dsep_grid *grid; /* lent; outlives the matrix */
    int64_t rows, columns; /* global shape */
    int block;             /* rows and columns of a block */
    int local_rows, local_columns;
    int descriptor[9]; /* for ScaLAPACK */
    double *values;    /* [local_rows x local_columns] column after column */
} dsep_matrix;

/* Makes the grid over all ranks of the context. Collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_grid_create(dsep_context *ctx, dsep_grid **grid);

/* Frees the grid and sets *grid to NULL; accepts NULL. Collective. */
void dsep_grid_destroy(dsep_grid **grid);

/* Makes a zero matrix. Collective. Errors: DSEP_ERROR_RESOURCES, agreed, also when a local piece
 * would pass the 2^31 - 1 elements that ScaLAPACK can address. Owner of *matrix: the caller. */
int dsep_matrix_create(dsep_context *ctx, const dsep_grid *grid, int64_t rows, int64_t columns,
                       dsep_matrix **matrix);

/* Frees the matrix and sets *matrix to NULL; accepts NULL. Not collective. */
void dsep_matrix_destroy(dsep_matrix **matrix);

/* Global row and column of a local one. Not collective. */
int64_t dsep_matrix_row(const dsep_matrix *matrix, int local);
int64_t dsep_matrix_column(const dsep_matrix *matrix, int local);

/* The first local row whose global one is at least this. Not collective. */
int dsep_matrix_local_row(const dsep_matrix *matrix, int64_t row);

#endif
