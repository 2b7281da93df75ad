#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/dense.h"
#include "solvers/moments.h"
#include "solvers/precision.h"
#include "solvers/scalapack.h"

#include <inttypes.h>
#include <stdlib.h>

static int check_rows(const dsep_environments *environments, int64_t d, dsep_error *error) {
    for (int64_t k = 0; k < environments->n_environments; k++)
        if (environments->rows[k] <= d + 1)
            return dsep_error_set(
                error, DSEP_ERROR_DATA,
                "environment %" PRId64 " of %" PRId64 " has %" PRId64 " rows: %" PRId64
                " factors need %" PRId64 " at least. Leave it out or ask for fewer factors",
                k + 1, environments->n_environments, environments->rows[k], d, d + 2);
    return DSEP_OK;
}

static double trace_of(int64_t p, const double *matrix) {
    double trace = 0;
    for (int64_t i = 0; i < p; i++)
        trace += matrix[i * p + i];
    return trace;
}

/* --- on every rank --------------------------------------------------------------------------- */

static int covariance_of(const dsep_environments *environments, int64_t k, double *covariance,
                         dsep_error *error) {
    dsep_moments *moments = NULL;
    const int code = dsep_moments_create(environments->values[k], environments->rows[k],
                                         environments->n_variables, NULL, error, &moments);
    if (!code)
        dsep_moments_covariance(moments, 1, covariance);
    dsep_moments_destroy(&moments);
    return code;
}

/* Mean [p x p] of the covariances, added in the order of the environments whoever made them: the
 * same bits on any number of ranks. two: [2 x p x p]. Collective. */
static int mean_covariance(dsep_context *ctx, const dsep_environments *environments, double *two,
                           double *mean) {
    const int64_t p = environments->n_variables, n = environments->n_environments, square = p * p;
    const int rank = dsep_rank(ctx), size = dsep_size(ctx);
    int code = DSEP_OK;
    for (int64_t first = 0; first < n; first += size) {
        int mine = DSEP_OK;
        if (first + rank < n)
            mine = covariance_of(environments, first + rank, two, dsep_context_error(ctx));
        DSEP_AGREE(ctx, mine);
        for (int64_t k = first; k < first + size && k < n; k++) {
            const int root = (int)(k - first);
            double *covariance = root == rank ? two : two + square;
            dsep_broadcast(ctx, covariance, square * (int64_t)sizeof *covariance, root);
            for (int64_t i = 0; i < square; i++)
                mean[i] += covariance[i] / (double)n;
        }
    }
cleanup:
    return code;
}

static int span_here(dsep_context *ctx, const dsep_environments *environments,
                     dsep_precisions *made) {
    const int64_t p = made->n_variables, d = made->n_factors, wanted = d < p ? d + 1 : d;
    dsep_error *error = dsep_context_error(ctx);
    double *mean = dsep_array(p * p, sizeof *mean), *two = dsep_array(2 * p * p, sizeof *two),
           *values = dsep_array(wanted, sizeof *values),
           *vectors = dsep_array(p * wanted, sizeof *vectors);
    int code = DSEP_OK, mine = mean && two && values && vectors
                                   ? DSEP_OK
                                   : dsep_out_of_memory(error, "covariances");
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(mean_covariance(ctx, environments, two, mean));
    const double trace = trace_of(p, mean);
    mine = dsep_dense_eigen(p, mean, wanted, values, vectors, error);
    mine = mine ? mine : dsep_precisions_span(made, values, vectors, trace, error);
    DSEP_AGREE(ctx, mine);
cleanup:
    free(mean);
    free(two);
    free(values);
    free(vectors);
    return code;
}

/* --- over the grid --------------------------------------------------------------------------- */

static double grid_trace(dsep_context *ctx, const dsep_matrix *a) {
    double trace = 0;
    for (int j = 0; j < a->local_columns; j++)
        for (int i = 0; i < a->local_rows; i++)
            if (dsep_matrix_row(a, i) == dsep_matrix_column(a, j))
                trace += a->values[(int64_t)j * a->local_rows + i];
    dsep_sum_f64(ctx, &trace, 1);
    return trace;
}

static int span_grid(dsep_context *ctx, const dsep_environments *environments,
                     dsep_precisions *made) {
    const int64_t p = made->n_variables, d = made->n_factors, wanted = d < p ? d + 1 : d,
                  n = made->n_environments;
    dsep_grid *grid = NULL;
    dsep_matrix *mean = NULL, *one = NULL, *v = NULL;
    double *vectors = NULL, *values = dsep_array(wanted, sizeof *values);
    int code = DSEP_OK,
        mine = values ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "covariances");
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(dsep_grid_create(ctx, &grid));
    DSEP_TRY(dsep_matrix_create(ctx, grid, p, p, &mean));
    DSEP_TRY(dsep_matrix_create(ctx, grid, p, wanted, &v));
    for (int64_t k = 0; k < n; k++) {
        DSEP_TRY(dsep_moments_grid(ctx, grid, environments, k, NULL, 1, &one));
        dsep_grid_add(1. / (double)n, one, 1, mean);
        dsep_matrix_destroy(&one);
    }
    const double trace = grid_trace(ctx, mean);
    DSEP_TRY(dsep_grid_eigen(ctx, mean, wanted, values, v));
    DSEP_TRY(dsep_grid_gather(ctx, v, &vectors));
    mine = dsep_precisions_span(made, values, vectors, trace, dsep_context_error(ctx));
    DSEP_AGREE(ctx, mine);
cleanup:
    free(values);
    free(vectors);
    dsep_matrix_destroy(&one);
    dsep_matrix_destroy(&v);
    dsep_matrix_destroy(&mean);
    dsep_grid_destroy(&grid);
    return code;
}

/* --- both ------------------------------------------------------------------------------------ */

/* The rows of every environment in the coordinates of the subspace, and their covariances. */
static int coordinates(const dsep_environments *environments, dsep_precisions *made,
                       dsep_error *error) {
    const int64_t p = made->n_variables, d = made->n_factors;
    made->coordinate = dsep_array(made->n_environments, sizeof *made->coordinate);
    if (!made->coordinate)
        return dsep_out_of_memory(error, "rows in the subspace");
    for (int64_t k = 0; k < made->n_environments; k++) {
        const int64_t rows = made->rows[k] = environments->rows[k];
        double *x = made->coordinate[k] = dsep_array(rows * d, sizeof *x);
        dsep_moments *moments = NULL;
        if (!x)
            return dsep_out_of_memory(error, "rows in the subspace");
        dsep_dense_product(rows, d, p, 1, environments->values[k], 0, made->basis, 0, 0, x);
        const int code = dsep_moments_create(x, rows, d, NULL, error, &moments);
        if (code)
            return code;
        dsep_moments_covariance(moments, 1, made->covariance + k * d * d);
        dsep_moments_destroy(&moments);
    }
    return dsep_precisions_invert(made, made->covariance, made->precision, error);
}

int dsep_precisions_of_environments(dsep_context *ctx, const dsep_environments *environments,
                                    int64_t observational, int64_t n_factors, int64_t grid_from,
                                    dsep_precisions **made) {
    const int64_t p = environments->n_variables;
    dsep_error *error = dsep_context_error(ctx);
    int code = DSEP_OK, mine = dsep_precisions_create(p, environments->n_environments,
                                                      observational, n_factors, error, made);
    mine = mine ? mine : check_rows(environments, n_factors, error);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY((p >= grid_from ? span_grid : span_here)(ctx, environments, *made));
    dsep_grid_tell(ctx, p >= grid_from, (*made)->arithmetic, sizeof(*made)->arithmetic);
    mine = coordinates(environments, *made, error);
    DSEP_AGREE(ctx, mine);
cleanup:
    if (code)
        dsep_precisions_destroy(made);
    return code;
}
