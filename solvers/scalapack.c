#include "solvers/scalapack.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/dense.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ScaLAPACK and PBLAS have no C header of their own. */
void pdgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja, const int *desca,
             const double *b, const int *ib, const int *jb, const int *descb, const double *beta,
             double *c, const int *ic, const int *jc, const int *descc);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
             const double *a, const int *ia, const int *ja, const int *desca, const double *beta,
             double *c, const int *ic, const int *jc, const int *descc);
void pdtran_(const int *m, const int *n, const double *alpha, const double *a, const int *ia,
             const int *ja, const int *desca, const double *beta, double *c, const int *ic,
             const int *jc, const int *descc);
void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, int *info);
void pdpotri_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, int *info);
void pdsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *ia,
              const int *ja, const int *desca, double *w, double *z, const int *iz, const int *jz,
              const int *descz, double *work, const int *lwork, int *iwork, const int *liwork,
              int *info);
void pdsytrd_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, double *d, double *e, double *tau, double *work, const int *lwork,
              int *info);
void pdormtr_(const char *side, const char *uplo, const char *trans, const int *m, const int *n,
              const double *a, const int *ia, const int *ja, const int *desca, const double *tau,
              double *c, const int *ic, const int *jc, const int *descc, double *work,
              const int *lwork, int *info);
void pdgeqrf_(const int *m, const int *n, double *a, const int *ia, const int *ja, const int *desca,
              double *tau, double *work, const int *lwork, int *info);
void pdorgqr_(const int *m, const int *n, const int *k, double *a, const int *ia, const int *ja,
              const int *desca, const double *tau, double *work, const int *lwork, int *info);
void pdgetrf_(const int *m, const int *n, double *a, const int *ia, const int *ja, const int *desca,
              int *ipiv, int *info);
void pdgetri_(const int *n, double *a, const int *ia, const int *ja, const int *desca,
              const int *ipiv, double *work, const int *lwork, int *iwork, const int *liwork,
              int *info);
int pilaenv_(int *context, const char *type);

static const int one = 1, ask = -1;

/* PBLAS asks for its block size here; its own answer of 32 halves the speed of products. The
 * program's definition goes before the library's because whoever uses a grid links this file. */
int pilaenv_(int *context, const char *type) {
    (void)context;
    (void)type;
    return 256;
}

void dsep_grid_tell(dsep_context *ctx, int on_grid, char *text, size_t size) {
    if (on_grid) {
        const int rows = dsep_grid_rows(dsep_size(ctx));
        snprintf(text, size, "ScaLAPACK on a grid of %d x %d ranks, blocks of %d", rows,
                 dsep_size(ctx) / rows, DSEP_GRID_BLOCK);
    } else {
        snprintf(text, size, "LAPACK on each rank");
    }
}

/* Workspace of the length that a query gave; more than 32 bits can count is refused. */
static int open_work(dsep_context *ctx, double asked, double more, double **work, int *length) {
    *length = asked + more < INT32_MAX ? (int)(asked + more) + 1 : INT32_MAX;
    *work = dsep_array(*length, sizeof **work);
    return *work ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "ScaLAPACK's workspace");
}

/* --- this rank's piece, entry by entry ---------------------------------------------------------
 */

static double *at(const dsep_matrix *a, int row, int column) {
    return a->values + (int64_t)column * a->local_rows + row;
}

static int64_t entries(const dsep_matrix *a) {
    return (int64_t)a->local_rows * a->local_columns;
}

/* The entries `below` the diagonal, on every rank: diagonal [columns - below] takes them. */
static void take_diagonal(dsep_context *ctx, const dsep_matrix *a, int below, double *diagonal) {
    const int64_t n = a->columns - below;
    memset(diagonal, 0, (size_t)n * sizeof *diagonal);
    for (int c = 0; c < a->local_columns; c++) {
        const int64_t j = dsep_matrix_column(a, c);
        const int r = dsep_matrix_local_row(a, j + below);
        if (r < a->local_rows && dsep_matrix_row(a, r) == j + below)
            diagonal[j] = *at(a, r, c);
    }
    dsep_sum_f64(ctx, diagonal, n);
}

double dsep_grid_trace(dsep_context *ctx, const dsep_matrix *a) {
    double sum = 0;
    for (int c = 0; c < a->local_columns; c++) {
        const int64_t j = dsep_matrix_column(a, c);
        const int r = dsep_matrix_local_row(a, j);
        if (r < a->local_rows && dsep_matrix_row(a, r) == j)
            sum += *at(a, r, c);
    }
    dsep_sum_f64(ctx, &sum, 1);
    return sum;
}

static void clear_above_diagonal(dsep_matrix *a) {
    for (int c = 0; c < a->local_columns; c++)
        memset(at(a, 0, c), 0,
               (size_t)dsep_matrix_local_row(a, dsep_matrix_column(a, c)) * sizeof(double));
}

static int is_finite(dsep_context *ctx, const dsep_matrix *a) {
    double sum = 0;
    for (int64_t i = 0; i < entries(a); i++)
        sum += a->values[i] * 0;
    if (sum == 0)
        return DSEP_OK;
    return dsep_fail(ctx, DSEP_ERROR_INTERNAL,
                     "a matrix has entries that are infinite or no numbers");
}

static int not_done(dsep_context *ctx, const char *what, int info) {
    return info ? dsep_fail(ctx, DSEP_ERROR_INTERNAL, "%s failed (ScaLAPACK's info is %d)", what,
                            info)
                : DSEP_OK;
}

/* --- products -----------------------------------------------------------------------------------
 */

void dsep_grid_product(double alpha, const dsep_matrix *a, int transpose_a, const dsep_matrix *b,
                       int transpose_b, double beta, dsep_matrix *c) {
    const int m = (int)c->rows, n = (int)c->columns;
    const int k = (int)(transpose_a ? a->rows : a->columns);
    pdgemm_(transpose_a ? "T" : "N", transpose_b ? "T" : "N", &m, &n, &k, &alpha, a->values, &one,
            &one, a->descriptor, b->values, &one, &one, b->descriptor, &beta, c->values, &one, &one,
            c->descriptor);
}

/* Each column of blocks below the diagonal becomes a row of blocks; diagonal blocks have one
 * owner. */
void dsep_grid_mirror(dsep_matrix *a) {
    const int n = (int)a->rows, block = a->block;
    const double scale = 1, nothing = 0;
    for (int first = 0; first + block < n; first += block) {
        const int left = n - first - block, from = first + 1, below = first + block + 1;
        pdtran_(&block, &left, &scale, a->values, &below, &from, a->descriptor, &nothing, a->values,
                &from, &below, a->descriptor);
    }
    for (int c = 0; c < a->local_columns; c++) {
        const int64_t j = dsep_matrix_column(a, c);
        const int within = (int)(j % block), r = dsep_matrix_local_row(a, j - within);
        if (r < a->local_rows && dsep_matrix_row(a, r) == j - within)
            for (int i = 0; i < within; i++)
                *at(a, r + i, c) = *at(a, r + within, c - within + i);
    }
}

static void rank_update(double alpha, const dsep_matrix *a, int of_rows, double beta,
                        dsep_matrix *c) {
    const int n = (int)c->rows, k = (int)(of_rows ? a->columns : a->rows);
    pdsyrk_("L", of_rows ? "N" : "T", &n, &k, &alpha, a->values, &one, &one, a->descriptor, &beta,
            c->values, &one, &one, c->descriptor);
    dsep_grid_mirror(c);
}

void dsep_grid_gram(double alpha, const dsep_matrix *a, double beta, dsep_matrix *c) {
    rank_update(alpha, a, 0, beta, c);
}

void dsep_grid_transpose(const dsep_matrix *a, dsep_matrix *b) {
    const int m = (int)b->rows, n = (int)b->columns;
    const double scale = 1, nothing = 0;
    pdtran_(&m, &n, &scale, a->values, &one, &one, a->descriptor, &nothing, b->values, &one, &one,
            b->descriptor);
}

void dsep_grid_add(double alpha, const dsep_matrix *a, double beta, dsep_matrix *b) {
    for (int64_t i = 0; i < entries(a); i++)
        b->values[i] = alpha * a->values[i] + beta * b->values[i];
}

/* --- Cholesky ------------------------------------------------------------------------------------
 */

int dsep_grid_cholesky(dsep_context *ctx, dsep_matrix *a, int64_t *failed) {
    int code = DSEP_OK, info = 0;
    const int n = (int)a->rows;
    double *diagonal = dsep_array(n, sizeof *diagonal);
    *failed = 0;
    DSEP_AGREE(ctx, diagonal ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a diagonal"));
    pdpotrf_("L", &n, a->values, &one, &one, a->descriptor, &info);
    clear_above_diagonal(a);
    take_diagonal(ctx, a, 0, diagonal);
    int64_t first = info > 0 ? info : INT64_MAX;
    for (int j = 0; j < n && j < first; j++)
        if (!(diagonal[j] > 0) || isinf(diagonal[j]))
            first = j + 1;
    dsep_min_i64(ctx, &first, 1);
    *failed = first == INT64_MAX ? 0 : first;
cleanup:
    free(diagonal);
    return code;
}

int dsep_grid_cholesky_inverse(dsep_context *ctx, dsep_matrix *l) {
    const int n = (int)l->rows;
    int info = 0;
    pdpotri_("L", &n, l->values, &one, &one, l->descriptor, &info);
    const int code = dsep_agree(ctx, not_done(ctx, "an inverse", info));
    if (!code)
        dsep_grid_mirror(l);
    return code;
}

/* --- eigenvalues
 * ---------------------------------------------------------------------------------- */

/* Every column's largest entry, the first of equals, becomes positive. */
static int fix_signs(dsep_context *ctx, dsep_matrix *v) {
    int code = DSEP_OK;
    const int64_t n = v->columns;
    double *most = dsep_array(2 * n, sizeof *most), *sign = most + n;
    int64_t *place = dsep_array(n, sizeof *place);
    DSEP_AGREE(ctx, most && place ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "signs"));
    for (int c = 0; c < v->local_columns; c++) {
        double *largest = &most[dsep_matrix_column(v, c)];
        for (int r = 0; r < v->local_rows; r++)
            *largest = fmax(*largest, fabs(*at(v, r, c)));
    }
    dsep_max_f64(ctx, most, n);
    for (int64_t j = 0; j < n; j++)
        place[j] = INT64_MAX;
    for (int c = 0; c < v->local_columns; c++) {
        const int64_t j = dsep_matrix_column(v, c);
        int r = 0;
        while (r < v->local_rows && fabs(*at(v, r, c)) != most[j])
            r++;
        if (r < v->local_rows)
            place[j] = dsep_matrix_row(v, r);
    }
    dsep_min_i64(ctx, place, n);
    for (int c = 0; c < v->local_columns; c++) {
        const int64_t j = dsep_matrix_column(v, c);
        const int r = dsep_matrix_local_row(v, place[j]);
        if (r < v->local_rows && dsep_matrix_row(v, r) == place[j])
            sign[j] = *at(v, r, c) < 0 ? -1 : 1;
    }
    dsep_sum_f64(ctx, sign, n);
    for (int c = 0; c < v->local_columns; c++)
        for (int r = 0; r < v->local_rows; r++)
            *at(v, r, c) *= sign[dsep_matrix_column(v, c)];
cleanup:
    free(most);
    free(place);
    return code;
}

/* All of them by divide and conquer, descending because they are those of -A, ascending. Its query
 * forgets what turning the vectors back needs (2.2.1): small pieces of large blocks gave wrong
 * vectors and no error. */
static int all_vectors(dsep_context *ctx, dsep_matrix *a, double *values, dsep_matrix *v) {
    int code = DSEP_OK, info = 0, lwork = 0, liwork = 0;
    const int n = (int)a->rows;
    const double more = (double)a->block * (2.0 * a->block + a->local_rows + a->local_columns);
    double asked = 0, *work = NULL;
    for (int64_t i = 0; i < entries(a); i++)
        a->values[i] = -a->values[i];
    pdsyevd_("V", "L", &n, a->values, &one, &one, a->descriptor, values, v->values, &one, &one,
             v->descriptor, &asked, &ask, &liwork, &ask, &info);
    int *iwork = dsep_array(liwork, sizeof *iwork),
        mine = open_work(ctx, asked, more, &work, &lwork);
    if (!mine && !iwork)
        mine = dsep_out_of_memory(dsep_context_error(ctx), "ScaLAPACK's workspace");
    DSEP_AGREE(ctx, mine);
    pdsyevd_("V", "L", &n, a->values, &one, &one, a->descriptor, values, v->values, &one, &one,
             v->descriptor, work, &lwork, iwork, &liwork, &info);
    /* of a matrix of one block only its owner has them */
    dsep_broadcast(ctx, values, n * (int64_t)sizeof *values, 0);
    for (int j = 0; j < n; j++)
        values[j] = -values[j];
    DSEP_AGREE(ctx, not_done(ctx, "an eigenproblem", info));
cleanup:
    free(work);
    free(iwork);
    return code;
}

/* A = Q T Q': T's diagonals on every rank, Q in a and tau. */
static int make_tridiagonal(dsep_context *ctx, dsep_matrix *a, double *diagonal, double *beside,
                            double *tau) {
    int code = DSEP_OK, info = 0, lwork = 0;
    const int n = (int)a->rows;
    double asked = 0, *work = NULL,
           *scratch = dsep_array(2 * (int64_t)a->local_columns, sizeof *scratch);
    double *of_e = scratch + a->local_columns;
    pdsytrd_("L", &n, a->values, &one, &one, a->descriptor, scratch, of_e, tau, &asked, &ask,
             &info);
    int mine = open_work(ctx, asked, 0, &work, &lwork);
    if (!mine && !scratch)
        mine = dsep_out_of_memory(dsep_context_error(ctx), "ScaLAPACK's workspace");
    DSEP_AGREE(ctx, mine);
    pdsytrd_("L", &n, a->values, &one, &one, a->descriptor, scratch, of_e, tau, work, &lwork,
             &info);
    DSEP_AGREE(ctx, not_done(ctx, "an eigenproblem", info));
    take_diagonal(ctx, a, 0, diagonal);
    take_diagonal(ctx, a, 1, beside);
cleanup:
    free(work);
    free(scratch);
    return code;
}

/* V = Q times the vectors of T. */
static int turn_back(dsep_context *ctx, const dsep_matrix *a, const double *tau, dsep_matrix *v) {
    int code = DSEP_OK, info = 0, lwork = 0;
    const int n = (int)v->rows, wanted = (int)v->columns;
    double asked = 0, *work = NULL;
    pdormtr_("L", "L", "N", &n, &wanted, a->values, &one, &one, a->descriptor, tau, v->values, &one,
             &one, v->descriptor, &asked, &ask, &info);
    DSEP_AGREE(ctx, open_work(ctx, asked, 0, &work, &lwork));
    pdormtr_("L", "L", "N", &n, &wanted, a->values, &one, &one, a->descriptor, tau, v->values, &one,
             &one, v->descriptor, work, &lwork, &info);
    DSEP_AGREE(ctx, not_done(ctx, "an eigenproblem", info));
cleanup:
    free(work);
    return code;
}

/* A few of them: the tridiagonal problem is small, and every rank solves it. */
static int few_vectors(dsep_context *ctx, dsep_matrix *a, int64_t wanted, double *values,
                       dsep_matrix *v) {
    int code = DSEP_OK;
    const int64_t n = a->rows;
    double *diagonal = dsep_array(2 * n, sizeof *diagonal), *beside = diagonal + n;
    double *tau = dsep_array(a->local_columns, sizeof *tau);
    double *vectors = v ? dsep_array(dsep_bytes(n, wanted, 1), sizeof *vectors) : NULL;
    DSEP_AGREE(ctx, diagonal && tau && (vectors || !v)
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "eigenvectors"));
    DSEP_TRY(make_tridiagonal(ctx, a, diagonal, beside, tau));
    DSEP_AGREE(ctx, dsep_dense_tridiagonal(n, diagonal, beside, wanted, values, vectors,
                                           dsep_context_error(ctx)));
    if (v) {
        dsep_grid_scatter(vectors, v);
        DSEP_TRY(turn_back(ctx, a, tau, v));
    }
cleanup:
    free(diagonal);
    free(tau);
    free(vectors);
    return code;
}

int dsep_grid_eigen(dsep_context *ctx, dsep_matrix *a, int64_t wanted, double *values,
                    dsep_matrix *v) {
    int code = DSEP_OK;
    const int64_t n = a->rows;
    dsep_matrix *all = NULL;
    double *all_values = NULL;
    DSEP_AGREE(ctx, is_finite(ctx, a));
    if (!v || 4 * wanted <= n) {
        DSEP_TRY(few_vectors(ctx, a, wanted, values, v));
    } else {
        all_values = dsep_array(n, sizeof *all_values);
        DSEP_AGREE(ctx, all_values ? DSEP_OK
                                   : dsep_out_of_memory(dsep_context_error(ctx), "eigenvalues"));
        if (wanted < n)
            DSEP_TRY(dsep_matrix_create(ctx, a->grid, n, n, &all));
        DSEP_TRY(all_vectors(ctx, a, all_values, all ? all : v));
        memcpy(values, all_values, (size_t)wanted * sizeof *values);
        if (all) /* columns stand where they stood */
            memcpy(v->values, all->values, (size_t)entries(v) * sizeof *v->values);
    }
    if (v)
        DSEP_TRY(fix_signs(ctx, v));
cleanup:
    free(all_values);
    dsep_matrix_destroy(&all);
    return code;
}

int dsep_grid_leading(dsep_context *ctx, const dsep_matrix *a, int64_t wanted, double *values,
                      dsep_matrix *v) {
    int code = DSEP_OK;
    const int wide = a->columns > a->rows;
    const int64_t least = wide ? a->rows : a->columns;
    dsep_matrix *gram = NULL, *left = NULL;
    DSEP_TRY(dsep_matrix_create(ctx, a->grid, least, least, &gram));
    rank_update(1, a, wide, 0, gram);
    if (wide)
        DSEP_TRY(dsep_matrix_create(ctx, a->grid, least, wanted, &left));
    DSEP_TRY(dsep_grid_eigen(ctx, gram, wanted, values, wide ? left : v));
    for (int64_t k = 0; k < wanted; k++)
        values[k] = sqrt(fmax(values[k], 0));
    if (wide) {
        for (int c = 0; c < left->local_columns; c++)
            for (int r = 0; r < left->local_rows; r++) {
                const double value = values[dsep_matrix_column(left, c)];
                *at(left, r, c) = value > 0 ? *at(left, r, c) / value : 0;
            }
        dsep_grid_product(1, a, 1, left, 0, 0, v);
        DSEP_TRY(fix_signs(ctx, v));
    }
cleanup:
    dsep_matrix_destroy(&gram);
    dsep_matrix_destroy(&left);
    return code;
}

/* --- QR and the pseudo-inverse
 * -------------------------------------------------------------------- */

static int factor_qr(dsep_context *ctx, dsep_matrix *a, double *sign, dsep_matrix *r) {
    int code = DSEP_OK, info = 0, lwork = 0;
    const int m = (int)a->rows, n = (int)a->columns;
    double asked = 0, also = 0, *work = NULL, *tau = dsep_array(a->local_columns, sizeof *tau);
    pdgeqrf_(&m, &n, a->values, &one, &one, a->descriptor, tau, &asked, &ask, &info);
    pdorgqr_(&m, &n, &n, a->values, &one, &one, a->descriptor, tau, &also, &ask, &info);
    int mine = open_work(ctx, fmax(asked, also), 0, &work, &lwork);
    if (!mine && !tau)
        mine = dsep_out_of_memory(dsep_context_error(ctx), "ScaLAPACK's workspace");
    DSEP_AGREE(ctx, mine);
    pdgeqrf_(&m, &n, a->values, &one, &one, a->descriptor, tau, work, &lwork, &info);
    take_diagonal(ctx, a, 0, sign);
    for (int j = 0; j < n; j++)
        sign[j] = sign[j] < 0 ? -1 : 1;
    for (int c = 0; r && c < r->local_columns; c++) /* rows of A stand where those of R stand */
        for (int i = 0; i < r->local_rows; i++) {
            const int64_t row = dsep_matrix_row(r, i);
            *at(r, i, c) = row <= dsep_matrix_column(r, c) ? sign[row] * *at(a, i, c) : 0;
        }
    pdorgqr_(&m, &n, &n, a->values, &one, &one, a->descriptor, tau, work, &lwork, &info);
    for (int c = 0; c < a->local_columns; c++)
        for (int i = 0; i < a->local_rows; i++)
            *at(a, i, c) *= sign[dsep_matrix_column(a, c)];
cleanup:
    free(work);
    free(tau);
    return code;
}

int dsep_grid_qr(dsep_context *ctx, dsep_matrix *a, dsep_matrix *r) {
    int code = DSEP_OK;
    double *sign = dsep_array(a->columns, sizeof *sign);
    DSEP_AGREE(ctx, sign ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "signs"));
    DSEP_TRY(factor_qr(ctx, a, sign, r));
cleanup:
    free(sign);
    return code;
}

/* Of A = Q R, m >= n: X = pinv(R) Q'. */
static int pinv_high(dsep_context *ctx, const dsep_matrix *a, double tolerance, int64_t *rank,
                     dsep_matrix *x) {
    int code = DSEP_OK;
    const int64_t m = a->rows, n = a->columns;
    dsep_matrix *q = NULL, *r = NULL;
    double *whole = NULL, *inverse = dsep_array(dsep_bytes(n, n, 1), sizeof *inverse);
    DSEP_AGREE(ctx,
               inverse ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a pseudo-inverse"));
    DSEP_TRY(dsep_matrix_create(ctx, a->grid, m, n, &q));
    DSEP_TRY(dsep_matrix_create(ctx, a->grid, n, n, &r));
    memcpy(q->values, a->values, (size_t)entries(a) * sizeof *a->values);
    DSEP_TRY(dsep_grid_qr(ctx, q, r));
    DSEP_TRY(dsep_grid_gather(ctx, r, &whole));
    DSEP_AGREE(ctx,
               dsep_dense_pinv(n, n, whole, tolerance, inverse, rank, dsep_context_error(ctx)));
    dsep_grid_scatter(inverse, r);
    dsep_grid_product(1, r, 0, q, 1, 0, x);
cleanup:
    dsep_matrix_destroy(&q);
    dsep_matrix_destroy(&r);
    free(whole);
    free(inverse);
    return code;
}

int dsep_grid_pinv(dsep_context *ctx, const dsep_matrix *a, double tolerance, dsep_matrix *x,
                   int64_t *rank) {
    int code = DSEP_OK;
    dsep_matrix *turned = NULL, *of_turned = NULL;
    DSEP_AGREE(ctx, is_finite(ctx, a));
    if (a->rows >= a->columns)
        return pinv_high(ctx, a, tolerance, rank, x);
    DSEP_TRY(dsep_matrix_create(ctx, a->grid, a->columns, a->rows, &turned));
    DSEP_TRY(dsep_matrix_create(ctx, a->grid, a->rows, a->columns, &of_turned));
    dsep_grid_transpose(a, turned);
    DSEP_TRY(pinv_high(ctx, turned, tolerance, rank, of_turned));
    dsep_grid_transpose(of_turned, x);
cleanup:
    dsep_matrix_destroy(&turned);
    dsep_matrix_destroy(&of_turned);
    return code;
}

/* --- general inverse
 * ------------------------------------------------------------------------------ */

/* From the factor U's diagonal and the exchanges of rows, of which the first column of the grid
 * counts its own. Returns the 1-based place of the first zero pivot, or 0. */
static int64_t determinant(dsep_context *ctx, const dsep_matrix *a, const int *pivot,
                           double *diagonal, double *log_determinant, int *sign) {
    int64_t swaps = 0, failed = 0;
    for (int r = 0; a->grid->column == 0 && r < a->local_rows; r++)
        swaps += pivot[r] != dsep_matrix_row(a, r) + 1;
    dsep_sum_i64(ctx, &swaps, 1);
    take_diagonal(ctx, a, 0, diagonal);
    *log_determinant = 0;
    *sign = swaps % 2 ? -1 : 1;
    for (int64_t j = 0; j < a->columns; j++) {
        *log_determinant += log(fabs(diagonal[j]));
        *sign *= diagonal[j] > 0 ? 1 : diagonal[j] < 0 ? -1 : 0;
        if (diagonal[j] == 0 && !failed)
            failed = j + 1;
    }
    return failed;
}

int dsep_grid_inverse(dsep_context *ctx, dsep_matrix *a, double *log_determinant, int *sign,
                      int64_t *failed) {
    int code = DSEP_OK, info = 0, lwork = 0, liwork = 0, mine = DSEP_OK;
    const int n = (int)a->rows;
    double asked = 0, *work = NULL, *diagonal = dsep_array(n, sizeof *diagonal);
    int *pivot = dsep_array((int64_t)a->local_rows + a->block, sizeof *pivot), *iwork = NULL;
    DSEP_AGREE(ctx, is_finite(ctx, a));
    pdgetri_(&n, a->values, &one, &one, a->descriptor, pivot, &asked, &ask, &liwork, &ask, &info);
    mine = open_work(ctx, asked, 0, &work, &lwork);
    iwork = dsep_array(liwork, sizeof *iwork);
    if (!mine && (!diagonal || !pivot || !iwork))
        mine = dsep_out_of_memory(dsep_context_error(ctx), "ScaLAPACK's workspace");
    DSEP_AGREE(ctx, mine);
    pdgetrf_(&n, &n, a->values, &one, &one, a->descriptor, pivot, &info);
    *failed = determinant(ctx, a, pivot, diagonal, log_determinant, sign);
    if (!*failed)
        pdgetri_(&n, a->values, &one, &one, a->descriptor, pivot, work, &lwork, iwork, &liwork,
                 &info);
cleanup:
    free(work);
    free(iwork);
    free(pivot);
    free(diagonal);
    return code;
}

/* --- whole matrices
 * -------------------------------------------------------------------------------- */

int dsep_grid_gather(dsep_context *ctx, const dsep_matrix *a, double **whole) {
    int code = DSEP_OK;
    *whole = dsep_array(dsep_bytes(a->rows, a->columns, 1), sizeof **whole);
    DSEP_AGREE(ctx,
               *whole ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a whole matrix"));
    for (int c = 0; c < a->local_columns; c++)
        for (int r = 0; r < a->local_rows; r++)
            (*whole)[dsep_matrix_column(a, c) * a->rows + dsep_matrix_row(a, r)] = *at(a, r, c);
    dsep_sum_f64(ctx, *whole, a->rows * a->columns);
    return DSEP_OK;
cleanup:
    free(*whole);
    *whole = NULL;
    return code;
}

void dsep_grid_scatter(const double *whole, dsep_matrix *a) {
    for (int c = 0; c < a->local_columns; c++)
        for (int r = 0; r < a->local_rows; r++)
            *at(a, r, c) = whole[dsep_matrix_column(a, c) * a->rows + dsep_matrix_row(a, r)];
}
