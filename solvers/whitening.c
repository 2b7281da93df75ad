#include "solvers/whitening.h"

#include "mpi/memory.h"
#include "solvers/dense.h"
#include "solvers/moments.h"
#include "solvers/scalapack.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDE = 64, PIECE = 512 }; /* columns that are copied at a time */

void dsep_whitening_destroy(dsep_whitening **whitening) {
    dsep_whitening *w = whitening ? *whitening : NULL;
    if (!w)
        return;
    free(w->row);
    free(w->often);
    free(w->mean);
    free(w->variance);
    free(w->scores);
    free(w->whitening);
    free(w->dewhitening);
    free(w);
    *whitening = NULL;
}

/* Means, and which rows count; the rest is zero. */
static int open_whitening(const double *x, int64_t rows, int64_t p, const int32_t *weight,
                          int64_t d, dsep_error *error, dsep_whitening **whitening) {
    int64_t kept = 0;
    for (int64_t i = 0; i < rows; i++)
        kept += !weight || weight[i] > 0;
    dsep_whitening *w = *whitening = dsep_array(1, sizeof *w);
    if (w)
        *w = (dsep_whitening){.rows = kept,
                              .n_variables = p,
                              .n_directions = d,
                              .weight = dsep_moments_weight(rows, weight),
                              .row = dsep_array(kept, sizeof *w->row),
                              .often = dsep_array(kept, sizeof *w->often),
                              .mean = dsep_array(p, sizeof *w->mean),
                              .variance = dsep_array(d, sizeof *w->variance),
                              .scores = dsep_array(dsep_bytes(kept, d, 1), sizeof *w->scores),
                              .whitening = dsep_array(dsep_bytes(p, d, 1), sizeof *w->whitening),
                              .dewhitening = dsep_array(dsep_bytes(p, d, 1), sizeof *w->whitening)};
    if (!w || !w->row || !w->often || !w->mean || !w->variance || !w->scores || !w->whitening ||
        !w->dewhitening) {
        dsep_whitening_destroy(whitening);
        return dsep_out_of_memory(error, "principal directions");
    }
    for (int64_t i = 0, k = 0; i < rows; i++)
        if (!weight || weight[i] > 0) {
            w->row[k] = i;
            w->often[k++] = weight ? weight[i] : 1;
        }
    for (int64_t j = 0; kept > 0 && j < p; j++)
        w->mean[j] = dsep_moments_mean(x + j * rows, rows, weight, w->weight);
    return DSEP_OK;
}

/* --- what directions and variances give --------------------------------------------------------
 */

/* Forgets directions whose variance, of `found`, is rounding. */
static void judge_rank(dsep_whitening *w, int64_t found) {
    const double least = DBL_EPSILON * (double)(w->rows + w->n_variables) * w->variance[0];
    w->rank = 0;
    while (w->rank < found && w->variance[w->rank] > least)
        w->rank++;
    for (int64_t k = w->rank; k < w->n_directions; k++)
        w->variance[k] = 0;
    const int64_t p = w->n_variables, gone = (w->n_directions - w->rank) * p;
    memset(w->dewhitening + w->rank * p, 0, (size_t)gone * sizeof(double));
}

/* Both matrices from directions of length 1 that stand in dewhitening. */
static void scale(dsep_whitening *w) {
    const int64_t p = w->n_variables;
    for (int64_t k = 0; k < w->rank; k++) {
        const double sd = sqrt(w->variance[k]);
        for (int64_t j = 0; j < p; j++) {
            w->whitening[k * p + j] = w->dewhitening[k * p + j] / sd;
            w->dewhitening[k * p + j] *= sd;
        }
    }
}

/* `wide` columns from `first` on of the rows that count, centred, into piece [rows x wide]. */
static void take_columns(const dsep_whitening *w, const double *x, int64_t stride, int64_t first,
                         int64_t wide, double *piece) {
    for (int64_t j = 0; j < wide; j++) {
        const double *from = x + (first + j) * stride, mean = w->mean[first + j];
        for (int64_t i = 0; i < w->rows; i++)
            piece[j * w->rows + i] = from[w->row[i]] - mean;
    }
}

/* Scores = centred rows times whitening', or directions = centred rows' times coefficients, a piece
 * of the columns at a time. coefficients: [rows x rank], or NULL for scores. */
static int multiply_rows(const double *x, int64_t stride, const double *coefficients,
                         dsep_error *error, dsep_whitening *w) {
    const int rows = (int)w->rows, rank = (int)w->rank, p = (int)w->n_variables;
    double *piece = dsep_array(w->rows * WIDE, sizeof *piece);
    if (!piece)
        return dsep_out_of_memory(error, "principal directions");
    for (int j = 0; rows > 0 && rank > 0 && j < p; j += WIDE) {
        const int wide = p - j < WIDE ? p - j : WIDE;
        take_columns(w, x, stride, j, wide, piece);
        if (coefficients)
            cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, wide, rank, rows, 1, piece, rows,
                        coefficients, rows, 0, w->dewhitening + j, p);
        else
            cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, rank, wide, 1, piece, rows,
                        w->whitening + j, p, j > 0, w->scores, rows);
    }
    free(piece);
    return DSEP_OK;
}

/* --- through the covariance ---------------------------------------------------------------------
 */

static int from_covariance(const double *x, int64_t rows, const int32_t *weight, dsep_error *error,
                           dsep_whitening *w) {
    const int64_t p = w->n_variables, d = w->n_directions < p ? w->n_directions : p;
    dsep_moments *moments = NULL;
    int code = dsep_moments_create(x, rows, p, weight, error, &moments);
    if (code)
        return code;
    dsep_moments_covariance(moments, 1, moments->scatter);
    for (int64_t j = 0; j < p; j++)
        w->total += moments->scatter[j * p + j];
    code = dsep_dense_eigen(p, moments->scatter, d, w->variance, w->dewhitening, error);
    dsep_moments_destroy(&moments);
    if (code)
        return code;
    judge_rank(w, d);
    scale(w);
    return multiply_rows(x, rows, NULL, error, w);
}

/* --- through the products of rows ---------------------------------------------------------------
 */

/* Below the diagonal: the products of centred rows of all weights 1. */
static int make_products(const double *x, int64_t rows, int64_t p, dsep_error *error,
                         double *products) {
    double *piece = dsep_array(dsep_bytes(rows, p < PIECE ? p : PIECE, 1), sizeof *piece);
    if (!piece)
        return dsep_out_of_memory(error, "products of rows");
    for (int64_t j = 0; j < p; j += PIECE) {
        const int64_t wide = p - j < PIECE ? p - j : PIECE;
        for (int64_t c = 0; c < wide; c++) {
            const double *from = x + (j + c) * rows;
            const double mean = dsep_moments_mean(from, rows, NULL, (double)rows);
            for (int64_t i = 0; i < rows; i++)
                piece[c * rows + i] = from[i] - mean;
        }
        dsep_dense_outer_lower(rows, wide, 1, piece, j > 0, products);
    }
    dsep_dense_mirror(rows, products);
    free(piece);
    return DSEP_OK;
}

/* W^1/2 (I - 1 w'/n) K (I - w 1'/n) W^1/2 of the rows that count, n the sum of the weights: the
 * products of weighted rows about their own mean from those about any other. shift: [2 x rows]
 * scratch. */
static void weigh_products(const dsep_whitening *w, const double *products, int64_t all,
                           double *shift, double *gram) {
    double *root = shift + w->rows, middle = 0;
    for (int64_t i = 0; i < w->rows; i++) {
        const double *row = products + w->row[i] * all;
        double sum = 0;
        for (int64_t j = 0; j < w->rows; j++)
            sum += w->often[j] * row[w->row[j]];
        shift[i] = sum / w->weight;
        root[i] = sqrt(w->often[i]);
        middle += w->often[i] * shift[i] / w->weight;
    }
    for (int64_t j = 0; j < w->rows; j++) {
        const double *column = products + w->row[j] * all;
        for (int64_t i = j; i < w->rows; i++)
            gram[j * w->rows + i] =
                root[i] * root[j] * (column[w->row[i]] - shift[i] - shift[j] + middle);
    }
}

/* Scores and coefficients of the directions from the Gram matrix's vectors, which become the
 * latter. */
static void use_vectors(dsep_whitening *w, double *vectors) {
    for (int64_t k = 0; k < w->rank; k++)
        for (int64_t i = 0; i < w->rows; i++) {
            const double root = sqrt(w->often[i]), v = vectors[k * w->rows + i];
            w->scores[k * w->rows + i] = v / root * sqrt(w->weight - 1);
            vectors[k * w->rows + i] = v * root / sqrt(w->variance[k] * (w->weight - 1));
        }
}

/* The sign of a direction is not that of the Gram matrix's vector. */
static void fix_signs(dsep_whitening *w) {
    const int64_t p = w->n_variables;
    for (int64_t k = 0; k < w->rank; k++)
        if (dsep_dense_sign(p, w->dewhitening + k * p) < 0) {
            cblas_dscal((int)p, -1, w->dewhitening + k * p, 1);
            cblas_dscal((int)w->rows, -1, w->scores + k * w->rows, 1);
        }
}

/* From the Gram matrix's leading values, in `variance`, and vectors [rows x found]. */
static int finish_from_products(const double *x, int64_t stride, int64_t found, double *vectors,
                                dsep_error *error, dsep_whitening *w) {
    for (int64_t k = 0; k < found; k++)
        w->variance[k] /= w->weight - 1;
    judge_rank(w, found);
    use_vectors(w, vectors);
    const int code = multiply_rows(x, stride, vectors, error, w);
    fix_signs(w);
    scale(w);
    return code;
}

static int from_products(const double *x, int64_t rows, const double *products, dsep_error *error,
                         dsep_whitening *w) {
    const int64_t m = w->rows, d = w->n_directions < m ? w->n_directions : m;
    double *own = products ? NULL : dsep_array(dsep_bytes(rows, rows, 1), sizeof *own);
    double *gram = dsep_array(dsep_bytes(m, m, 1), sizeof *gram);
    double *vectors = dsep_array(m * (d + 2), sizeof *vectors);
    int code = (own || products) && gram && vectors ? DSEP_OK
                                                    : dsep_out_of_memory(error, "products of rows");
    if (!code && own)
        code = make_products(x, rows, w->n_variables, error, own);
    if (!code) {
        weigh_products(w, own ? own : products, rows, vectors, gram);
        for (int64_t i = 0; i < m; i++)
            w->total += gram[i * m + i] / (w->weight - 1);
        code = dsep_dense_eigen(m, gram, d, w->variance, vectors, error);
    }
    if (!code)
        code = finish_from_products(x, rows, d, vectors, error, w);
    free(own);
    free(gram);
    free(vectors);
    return code;
}

int dsep_whitening_create(const double *x, int64_t rows, int64_t n_variables, const int32_t *weight,
                          const double *products, int64_t n_directions, dsep_error *error,
                          dsep_whitening **whitening) {
    dsep_whitening *made = NULL;
    *whitening = NULL;
    int code = open_whitening(x, rows, n_variables, weight, n_directions, error, &made);
    if (!code && made->weight > 1 && n_directions > 0)
        code = n_variables <= rows ? from_covariance(x, rows, weight, error, made)
                                   : from_products(x, rows, products, error, made);
    if (code)
        dsep_whitening_destroy(&made);
    *whitening = made;
    return code;
}

/* --- on the grid --------------------------------------------------------------------------------
 */

/* Leading values of a covariance or a Gram matrix into `variance`, vectors [order x d] whole. */
static int leading_vectors(dsep_context *ctx, const dsep_grid *grid, dsep_matrix *a, int64_t d,
                           dsep_whitening *w, double **vectors) {
    int code = DSEP_OK;
    dsep_matrix *spread = NULL;
    w->total = dsep_grid_trace(ctx, a);
    DSEP_TRY(dsep_matrix_create(ctx, grid, a->rows, d, &spread));
    DSEP_TRY(dsep_grid_eigen(ctx, a, d, w->variance, spread));
    DSEP_TRY(dsep_grid_gather(ctx, spread, vectors));
cleanup:
    dsep_matrix_destroy(&spread);
    return code;
}

static int grid_covariance(dsep_context *ctx, const dsep_grid *grid, const dsep_environments *e,
                           int64_t which, const int32_t *weight, dsep_whitening *w) {
    int code = DSEP_OK;
    const int64_t p = w->n_variables, d = w->n_directions < p ? w->n_directions : p;
    dsep_matrix *covariance = NULL;
    double *vectors = NULL;
    DSEP_TRY(dsep_moments_grid(ctx, grid, e, which, weight, 1, &covariance));
    DSEP_TRY(leading_vectors(ctx, grid, covariance, d, w, &vectors));
    memcpy(w->dewhitening, vectors, (size_t)(p * d) * sizeof *vectors);
    judge_rank(w, d);
    scale(w);
    DSEP_AGREE(ctx,
               multiply_rows(e->values[which], e->rows[which], NULL, dsep_context_error(ctx), w));
cleanup:
    dsep_matrix_destroy(&covariance);
    free(vectors);
    return code;
}

static int grid_products(dsep_context *ctx, const dsep_grid *grid, const dsep_environments *e,
                         int64_t which, const int32_t *weight, dsep_whitening *w) {
    int code = DSEP_OK;
    const int64_t m = w->rows, d = w->n_directions < m ? w->n_directions : m;
    dsep_matrix *turned = NULL, *gram = NULL;
    double *vectors = NULL;
    DSEP_TRY(dsep_moments_rows(ctx, grid, e, which, weight, 1, &turned));
    DSEP_TRY(dsep_matrix_create(ctx, grid, m, m, &gram));
    dsep_grid_gram(1, turned, 0, gram);
    dsep_matrix_destroy(&turned);
    DSEP_TRY(leading_vectors(ctx, grid, gram, d, w, &vectors));
    w->total /= w->weight - 1;
    DSEP_AGREE(ctx, finish_from_products(e->values[which], e->rows[which], d, vectors,
                                         dsep_context_error(ctx), w));
cleanup:
    dsep_matrix_destroy(&turned);
    dsep_matrix_destroy(&gram);
    free(vectors);
    return code;
}

int dsep_whitening_grid(dsep_context *ctx, const dsep_grid *grid,
                        const dsep_environments *environments, int64_t which, const int32_t *weight,
                        int64_t n_directions, dsep_whitening **whitening) {
    int code = DSEP_OK;
    const int64_t rows = environments->rows[which], p = environments->n_variables;
    dsep_whitening *made = NULL;
    *whitening = NULL;
    DSEP_AGREE(ctx, open_whitening(environments->values[which], rows, p, weight, n_directions,
                                   dsep_context_error(ctx), &made));
    if (made->weight > 1 && n_directions > 0)
        DSEP_TRY(p <= rows ? grid_covariance(ctx, grid, environments, which, weight, made)
                           : grid_products(ctx, grid, environments, which, weight, made));
    *whitening = made;
    made = NULL;
cleanup:
    dsep_whitening_destroy(&made);
    return code;
}

/* --- products of rows, once a node --------------------------------------------------------------
 */

struct dsep_row_products {
    const dsep_environments *environments;
    dsep_shared *shared;
    int64_t *begin; /* [n_environments] where each one's stand; -1: it has none */
};

void dsep_row_products_destroy(dsep_row_products **products) {
    if (!products || !*products)
        return;
    dsep_shared_destroy(&(*products)->shared);
    free((*products)->begin);
    free(*products);
    *products = NULL;
}

const double *dsep_row_products_of(const dsep_row_products *products, int64_t which) {
    const int64_t begin = products->begin[which];
    return begin < 0 ? NULL : (const double *)dsep_shared_data(products->shared) + begin;
}

static int make_mine(dsep_context *ctx, const dsep_row_products *made) {
    const dsep_environments *e = made->environments;
    int code = DSEP_OK;
    for (int64_t k = dsep_rank(ctx); !code && k < e->n_environments; k += dsep_size(ctx))
        if (made->begin[k] >= 0)
            code = make_products(e->values[k], e->rows[k], e->n_variables, dsep_context_error(ctx),
                                 (double *)dsep_shared_data(made->shared) + made->begin[k]);
    return code;
}

int dsep_row_products_create(dsep_context *ctx, const dsep_environments *environments,
                             dsep_row_products **products) {
    int code = DSEP_OK;
    const int64_t count = environments->n_environments;
    int64_t total = 0;
    dsep_row_products *made = dsep_array(1, sizeof *made);
    *products = NULL;
    if (made)
        made->begin = dsep_array(count, sizeof *made->begin);
    DSEP_AGREE(ctx, made && made->begin
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "products of rows"));
    made->environments = environments;
    for (int64_t k = 0; k < count; k++) {
        const int64_t rows = environments->rows[k];
        made->begin[k] = rows < environments->n_variables ? total : -1;
        total += rows < environments->n_variables ? rows * rows : 0;
    }
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(total, sizeof(double), 1), "products of rows",
                                &made->shared));
    DSEP_AGREE(ctx, make_mine(ctx, made));
    dsep_shared_unite(ctx, made->shared);
    *products = made;
    made = NULL;
cleanup:
    dsep_row_products_destroy(&made);
    return code;
}
