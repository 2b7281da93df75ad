/* Every element of a block-cyclic matrix has one place, the one where ScaLAPACK looks for it. */
#include "mpi/blockcyclic.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>

/* No header declares these for C. */
void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *descriptor, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);

static dsep_context *ctx;

/* Symmetric positive definite: a Kac-Murdock-Szego matrix with a twist of the diagonal. */
static double element(int64_t i, int64_t j) {
    return pow(0.7, (double)llabs(i - j)) + (i == j ? 1 + (double)(i % 5) : 0);
}

static double one(int64_t i, int64_t j) {
    (void)i;
    (void)j;
    return 1;
}

static dsep_matrix *make(const dsep_grid *grid, int64_t rows, int64_t columns,
                         double (*value)(int64_t, int64_t)) {
    dsep_matrix *matrix = NULL;
    if (dsep_matrix_create(ctx, grid, rows, columns, &matrix))
        tap_note("%s", dsep_context_error(ctx)->text);
    for (int c = 0; matrix && c < matrix->local_columns; c++)
        for (int r = 0; r < matrix->local_rows; r++)
            matrix->values[(int64_t)c * matrix->local_rows + r] =
                value(dsep_matrix_row(matrix, r), dsep_matrix_column(matrix, c));
    return matrix;
}

static void test_places(const dsep_grid *grid, int64_t rows, int64_t columns) {
    dsep_matrix *matrix = make(grid, rows, columns, one);
    int good = matrix != NULL;
    int64_t *held = dsep_array(rows * columns, sizeof *held);
    for (int c = 0; good && c < matrix->local_columns; c++)
        for (int r = 0; r < matrix->local_rows; r++) {
            const int64_t i = dsep_matrix_row(matrix, r), j = dsep_matrix_column(matrix, c);
            good &= i >= 0 && i < rows && j >= 0 && j < columns;
            if (good)
                held[j * rows + i]++;
            good &= dsep_matrix_local_row(matrix, i) == r;
        }
    dsep_sum_i64(ctx, held, rows * columns);
    for (int64_t k = 0; k < rows * columns; k++)
        good &= held[k] == 1;
    tap_ok(good, "%lld x %lld: every element has one place", (long long)rows, (long long)columns);
    free(held);
    dsep_matrix_destroy(&matrix);
}

static double cholesky_distance(const dsep_matrix *matrix, int n) {
    double *whole = dsep_array((int64_t)n * n, sizeof *whole), worst = 0;
    int info = 0;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
            whole[(int64_t)j * n + i] = element(i, j);
    dpotrf_("L", &n, whole, &n, &info);
    for (int c = 0; c < matrix->local_columns; c++)
        for (int r = 0; r < matrix->local_rows; r++) {
            const int64_t i = dsep_matrix_row(matrix, r), j = dsep_matrix_column(matrix, c);
            if (i >= j)
                worst = fmax(worst, fabs(matrix->values[(int64_t)c * matrix->local_rows + r] -
                                         whole[j * n + i]));
        }
    free(whole);
    dsep_max_f64(ctx, &worst, 1);
    return info ? INFINITY : worst;
}

static void test_cholesky(const dsep_grid *grid, int n) {
    const int first = 1;
    int info = -1;
    dsep_matrix *matrix = make(grid, n, n, element);
    pdpotrf_("L", &n, matrix->values, &first, &first, matrix->descriptor, &info);
    const double distance = cholesky_distance(matrix, n);
    tap_ok(info == 0 && distance < 1e-12, "pdpotrf of %d x %d is dpotrf: %.1e apart", n, n,
           distance);
    dsep_matrix_destroy(&matrix);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    dsep_grid *grid = NULL;
    dsep_matrix *matrix = NULL;
    tap_ok(dsep_grid_create(ctx, &grid) == DSEP_OK && grid->rows * grid->columns == dsep_size(ctx),
           "the grid has every rank");
    test_places(grid, 1, 1);     /* more ranks than elements */
    test_places(grid, 7, 5);     /* smaller than a block */
    test_places(grid, 64, 64);   /* one block: more ranks than blocks */
    test_places(grid, 65, 129);  /* a row and a column over */
    test_places(grid, 300, 600); /* several blocks a rank */
    test_places(grid, 0, 3);     /* no rows */
    test_cholesky(grid, 5);
    test_cholesky(grid, 300);
    test_cholesky(grid, 700);
    tap_ok(dsep_matrix_create(ctx, grid, 3000000000, 2, &matrix) == DSEP_ERROR_RESOURCES && !matrix,
           "a matrix beyond 32-bit indices is refused: %s", dsep_context_error(ctx)->text);
    dsep_grid_destroy(&grid);
    return tap_end();
}
