#include "mpi/blockcyclic.h"

#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

/* BLACS' and ScaLAPACK's tools have no header of their own. */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_gridexit(int context);

int dsep_grid_rows(int ranks) {
    int rows = 1;
    for (int r = 1; r * r <= ranks; r++)
        if (ranks % r == 0)
            rows = r;
    return rows;
}

int dsep_grid_create(dsep_context *ctx, dsep_grid **grid) {
    int code = DSEP_OK;
    *grid = calloc(1, sizeof **grid);
    DSEP_AGREE(ctx,
               *grid ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a process grid"));
    const int rows = dsep_grid_rows(dsep_size(ctx));
    (*grid)->block = DSEP_GRID_BLOCK;
    const int handle = Csys2blacs_handle(dsep_comm(ctx));
    (*grid)->context = handle;
    Cblacs_gridinit(&(*grid)->context, "Row", rows, dsep_size(ctx) / rows);
    Cfree_blacs_system_handle(handle);
    Cblacs_gridinfo((*grid)->context, &(*grid)->rows, &(*grid)->columns, &(*grid)->row,
                    &(*grid)->column);
    return DSEP_OK;
cleanup:
    free(*grid);
    *grid = NULL;
    return code;
}

void dsep_grid_destroy(dsep_grid **grid) {
    if (!grid || !*grid)
        return;
    Cblacs_gridexit((*grid)->context);
    free(*grid);
    *grid = NULL;
}

/* How many of `total` rows or columns process `me` of `processes` holds. */
static int64_t local_count(int64_t total, int block, int me, int processes) {
    const int64_t blocks = total / block, rest = total % block;
    const int64_t whole = blocks / processes + (me < blocks % processes);
    return whole * block + (me == blocks % processes ? rest : 0);
}

int dsep_matrix_create(dsep_context *ctx, const dsep_grid *grid, int64_t rows, int64_t columns,
                       dsep_matrix **matrix) {
    int code = DSEP_OK, mine = DSEP_OK;
    dsep_matrix *made = calloc(1, sizeof *made);
    *matrix = NULL;
    const int64_t high = local_count(rows, grid->block, grid->row, grid->rows);
    const int64_t wide = local_count(columns, grid->block, grid->column, grid->columns);
    const int64_t cells = dsep_bytes(high, wide, 1);
    if (rows > INT32_MAX || columns > INT32_MAX || cells < 0 || cells > INT32_MAX)
        mine = dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                         "a piece of a %lld x %lld matrix is too large for ScaLAPACK; use more "
                         "ranks",
                         (long long)rows, (long long)columns);
    else if (made)
        made->values = dsep_array(cells, sizeof *made->values);
    if (!mine && (!made || !made->values))
        mine = dsep_out_of_memory(dsep_context_error(ctx), "a block-cyclic matrix");
    DSEP_AGREE(ctx, mine);
    made->grid = grid;
    made->rows = rows;
    made->columns = columns;
    made->block = grid->block;
    made->local_rows = (int)high;
    made->local_columns = (int)wide;
    const int descriptor[9] = {
        1, grid->context,           (int)rows, (int)columns, grid->block, grid->block, 0,
        0, high > 0 ? (int)high : 1};
    memcpy(made->descriptor, descriptor, sizeof descriptor);
    *matrix = made;
    made = NULL;
cleanup:
    dsep_matrix_destroy(&made);
    return code;
}

void dsep_matrix_destroy(dsep_matrix **matrix) {
    if (!matrix || !*matrix)
        return;
    free((*matrix)->values);
    free(*matrix);
    *matrix = NULL;
}

static int64_t global_index(int local, int block, int me, int processes) {
    return (int64_t)(local / block) * block * processes + (int64_t)me * block + local % block;
}

int64_t dsep_matrix_row(const dsep_matrix *matrix, int local) {
    return global_index(local, matrix->block, matrix->grid->row, matrix->grid->rows);
}

int64_t dsep_matrix_column(const dsep_matrix *matrix, int local) {
    return global_index(local, matrix->block, matrix->grid->column, matrix->grid->columns);
}

int dsep_matrix_local_row(const dsep_matrix *matrix, int64_t row) {
    return (int)local_count(row, matrix->block, matrix->grid->row, matrix->grid->rows);
}
