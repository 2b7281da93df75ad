#include "solvers/hca_judge.h"

#include "mpi/memory.h"
#include "solvers/dense.h"
#include "solvers/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SQUARINGS = 60, LANES = 8, TILE = 4 };

struct dsep_hca_judge_work {
    double *inverse; /* [K x d x d] of M_k M_k' */
    double *small;   /* [K x K] of one factor */
    double *scratch; /* of dsep_hca_leading() */
    double *matrix;  /* [4 d d] of one environment */
    double *before;  /* [d] */
};

int dsep_hca_better(dsep_hca_score one, dsep_hca_score other) {
    return one.mic != other.mic ? one.mic < other.mic : one.sum < other.sum;
}

/* --- the leading eigenvector ---------------------------------------------------------------------
 */

/* C = A B of matrices [stride x stride] that are zero from k on, in tiles of 4 x 8. */
DSEP_CLONES
static void multiply(int64_t k, int64_t stride, const double *a, const double *b,
                     double *restrict c) {
    for (int64_t first = 0; first < stride; first += LANES)
        for (int64_t i = 0; i < k; i += TILE) {
            double sum[TILE][LANES] = {{0}};
            for (int64_t h = 0; h < k; h++)
                for (int64_t r = 0; r < TILE; r++)
#pragma omp simd
                    for (int64_t j = 0; j < LANES; j++)
                        sum[r][j] += a[(i + r) * stride + h] * b[h * stride + first + j];
            for (int64_t r = 0; r < TILE; r++)
                memcpy(c + (i + r) * stride + first, sum[r], sizeof sum[r]);
        }
}

/* Makes the trace 1 and returns what it was. */
static double normalise(int64_t k, int64_t stride, double *a) {
    double trace = 0;
    for (int64_t i = 0; i < k; i++)
        trace += a[i * stride + i];
    const double scale = trace > 0 ? 1 / trace : 1;
    for (int64_t i = 0; i < k * stride; i++)
        a[i] *= scale;
    return trace;
}

/* vector = A from for a symmetric A [k x k], at length 1; returns the length. */
DSEP_CLONES
static double apply(int64_t k, const double *a, const double *from, double *restrict vector) {
    double square = 0;
    memset(vector, 0, (size_t)k * sizeof *vector);
    for (int64_t j = 0; j < k; j++)
#pragma omp simd
        for (int64_t i = 0; i < k; i++)
            vector[i] += a[j * k + i] * from[j];
    for (int64_t i = 0; i < k; i++)
        square += vector[i] * vector[i];
    for (int64_t i = 0; square > 0 && i < k; i++)
        vector[i] /= sqrt(square);
    return sqrt(square);
}

int64_t dsep_hca_leading_scratch(int64_t k) {
    const int64_t stride = (k + LANES - 1) / LANES * LANES;
    return 2 * stride * stride;
}

/* Of a matrix with trace 1 the trace of the square is 1 - twice what lies beside the first. */
double dsep_hca_leading(int64_t k, const double *matrix, double *scratch, double *vector) {
    const int64_t stride = (k + LANES - 1) / LANES * LANES;
    double *now = scratch, *next = scratch + stride * stride;
    int64_t largest = 0;
    memset(now, 0, (size_t)(2 * stride * stride) * sizeof *now);
    for (int64_t i = 0; i < k; i++)
        memcpy(now + i * stride, matrix + i * k, (size_t)k * sizeof *now);
    memset(vector, 0, (size_t)k * sizeof *vector);
    vector[0] = 1;
    if (!(normalise(k, stride, now) > 0))
        return 0;
    for (int i = 0; i < SQUARINGS; i++) {
        multiply(k, stride, now, now, next);
        const double trace = normalise(k, stride, next);
        double *old = now;
        now = next;
        next = old;
        if (trace > 1 - 1e-15)
            break;
    }
    for (int64_t i = 1; i < k; i++)
        if (now[i * stride + i] > now[largest * stride + largest])
            largest = i;
    apply(k, matrix, now + largest * stride, vector);
    memcpy(next, vector, (size_t)k * sizeof *next);
    return apply(k, matrix, next, vector);
}

/* --- one factor ---------------------------------------------------------------------------------
 */

/* Inner products of the residual rows of a factor. */
static void residual_products(const dsep_hca_judge *judge, const int32_t *row, int64_t i) {
    const int64_t d = judge->d, count = judge->k, rows = d * count;
    double *small = judge->work->small;
    for (int64_t k = 0; k < count; k++) {
        const int64_t a = k * d + row[k * d + i];
        for (int64_t l = 0; l <= k; l++)
            small[k * count + l] = judge->gram[a * rows + l * d + row[l * d + i]];
        for (int64_t j = 0; j < i; j++) {
            const double *v = judge->products + j * rows;
            for (int64_t l = 0; l <= k; l++)
                small[k * count + l] -= v[a] * v[l * d + row[l * d + i]];
        }
        for (int64_t l = 0; l < k; l++)
            small[l * count + k] = small[k * count + l];
    }
}

DSEP_CLONES
static void add_scaled(int64_t n, double factor, const double *x, double *restrict y) {
#pragma omp simd
    for (int64_t j = 0; j < n; j++)
        y[j] += factor * x[j];
}

void dsep_hca_judge_factor(dsep_hca_judge *judge, const int32_t *row, int64_t i) {
    const int64_t d = judge->d, count = judge->k, rows = d * count;
    double *small = judge->work->small, *before = judge->work->before;
    double *share = judge->share + i * count, *v = judge->products + i * rows, trace = 0;
    residual_products(judge, row, i);
    const double value = dsep_hca_leading(count, small, judge->work->scratch, share);
    for (int64_t k = 0; k < count; k++)
        trace += small[k * count + k];
    judge->diagnostic[i] = trace > 0 ? fmax(0, 1 - value / trace) : 0;
    memset(v, 0, (size_t)rows * sizeof *v);
    memset(before, 0, (size_t)i * sizeof *before);
    for (int64_t k = 0; k < count; k++) {
        const int64_t a = k * d + row[k * d + i];
        share[k] = value > 0 ? share[k] / sqrt(value) : 0;
        add_scaled(rows, share[k], judge->gram + a * rows, v);
        for (int64_t j = 0; j < i; j++)
            before[j] += share[k] * judge->products[j * rows + a];
    }
    for (int64_t j = 0; j < i; j++)
        add_scaled(rows, -before[j], judge->products + j * rows, v);
}

/* --- an order -----------------------------------------------------------------------------------
 */

/* C = A B of matrices [d x d]. */
DSEP_CLONES
static void multiply_plain(int64_t d, const double *a, const double *b, double *restrict c) {
    memset(c, 0, (size_t)(d * d) * sizeof *c);
    for (int64_t i = 0; i < d; i++)
        for (int64_t h = 0; h < d; h++) {
            const double factor = a[i * d + h];
#pragma omp simd
            for (int64_t j = 0; j < d; j++)
                c[i * d + j] += factor * b[h * d + j];
        }
}

/* With V = M_k H' in the order's rows and B its lower triangle, C = B V' (M_k M_k')^-1: how the
 * model's sources B H x mix the sources M_k x. IC_k: the mean over sources of the share of the
 * others. */
static double inexactness(const dsep_hca_judge *judge, const int32_t *row, int64_t k) {
    const int64_t d = judge->d, rows = d * judge->k;
    const double *inverse = judge->work->inverse + k * d * d;
    double *vt = judge->work->matrix, *bv = vt + d * d, *e = bv + d * d, *c = e + d * d, sum = 0;
    row += k * d;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            vt[i * d + j] = judge->products[i * rows + k * d + row[j]];
            e[i * d + j] = inverse[row[i] * d + row[j]];
        }
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++)
            c[i * d + j] = j <= i ? vt[j * d + i] : 0;
    multiply_plain(d, c, vt, bv);
    multiply_plain(d, bv, e, c);
    for (int64_t i = 0; i < d; i++) {
        double all = 0;
        for (int64_t j = 0; j < d; j++)
            all += c[i * d + j] * c[i * d + j];
        sum += all > 0 ? 1 - c[i * d + i] * c[i * d + i] / all : 1;
    }
    return sum / (double)d;
}

dsep_hca_score dsep_hca_judge_order(dsep_hca_judge *judge, const int32_t *row, int64_t from) {
    dsep_hca_score score = {0, 0};
    for (int64_t i = from; i < judge->d; i++)
        dsep_hca_judge_factor(judge, row, i);
    for (int64_t k = 0; k < judge->k; k++) {
        judge->ic[k] = inexactness(judge, row, k);
        score.mic = fmax(score.mic, judge->ic[k]);
        score.sum += judge->ic[k];
    }
    judge->judged++;
    return score;
}

/* --- descent -------------------------------------------------------------------------------------
 */

/* Exchanges factors i and j in environment k, or in all where k is -1. */
static void exchange(const dsep_hca_judge *judge, int32_t *row, int64_t k, int64_t i, int64_t j) {
    const int64_t first = k < 0 ? 0 : k, last = k < 0 ? judge->k - 1 : k;
    for (int64_t e = first; e <= last; e++) {
        int32_t *own = row + e * judge->d;
        const int32_t old = own[i];
        own[i] = own[j];
        own[j] = old;
    }
}

static int smaller_sum(dsep_hca_score one, dsep_hca_score other) {
    return one.sum < other.sum;
}

typedef int better(dsep_hca_score one, dsep_hca_score other);

/* Exchanges of factor i with later ones. Factors before i are known from the order as it stands:
 * only exchanges of smaller i touch them, which come later. */
static int improve(dsep_hca_judge *judge, better *is_better, int32_t *row, int64_t i,
                   dsep_hca_score *score) {
    int improved = 0;
    for (int64_t k = -1; k < judge->k; k++)
        for (int64_t j = i + 1; j < judge->d; j++) {
            exchange(judge, row, k, i, j);
            const dsep_hca_score now = dsep_hca_judge_order(judge, row, i);
            if (is_better(now, *score)) {
                *score = now;
                improved = 1;
            } else {
                exchange(judge, row, k, i, j);
            }
        }
    return improved;
}

static dsep_hca_score descend_by(dsep_hca_judge *judge, better *is_better, int32_t *row) {
    dsep_hca_score score = dsep_hca_judge_order(judge, row, 0);
    for (int improved = 1; improved; dsep_hca_judge_order(judge, row, 0)) {
        improved = 0;
        for (int64_t i = judge->d - 2; i >= 0; i--)
            improved |= improve(judge, is_better, row, i, &score);
    }
    return score;
}

dsep_hca_score dsep_hca_judge_descend(dsep_hca_judge *judge, int32_t *row) {
    descend_by(judge, smaller_sum, row);
    return descend_by(judge, dsep_hca_better, row);
}

/* --- set-up -------------------------------------------------------------------------------------
 */

static int invert_blocks(dsep_hca_judge *judge, dsep_error *error) {
    const int64_t d = judge->d, rows = d * judge->k;
    for (int64_t k = 0; k < judge->k; k++) {
        double *block = judge->work->inverse + k * d * d;
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < d; j++)
                block[i * d + j] = judge->gram[(k * d + i) * rows + k * d + j];
        if (dsep_dense_cholesky(d, block))
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "the sources of environment %lld (counted from 0) are linearly "
                                  "dependent",
                                  (long long)k);
        dsep_dense_cholesky_inverse(d, block);
    }
    return DSEP_OK;
}

static int allocate(dsep_hca_judge *judge) {
    const int64_t d = judge->d, k = judge->k, rows = d * k;
    struct dsep_hca_judge_work *work = judge->work = dsep_array(1, sizeof *work);
    judge->gram = dsep_array(dsep_bytes(rows, rows, 1), sizeof(double));
    judge->products = dsep_array(d * rows, sizeof(double));
    judge->share = dsep_array(rows, sizeof(double));
    judge->diagnostic = dsep_array(d, sizeof(double));
    judge->ic = dsep_array(k, sizeof(double));
    if (!work)
        return 0;
    work->inverse = dsep_array(rows * d, sizeof(double));
    work->small = dsep_array(k * k + dsep_hca_leading_scratch(k), sizeof(double));
    work->matrix = dsep_array(4 * d * d, sizeof(double));
    work->before = dsep_array(d, sizeof(double));
    work->scratch = work->small ? work->small + k * k : NULL;
    return judge->gram && judge->products && judge->share && judge->diagnostic && judge->ic &&
           work->inverse && work->small && work->matrix && work->before;
}

int dsep_hca_judge_create(int64_t n_factors, int64_t n_environments, const double *gram,
                          dsep_error *error, dsep_hca_judge **judge) {
    int code = DSEP_OK;
    dsep_hca_judge *made = dsep_array(1, sizeof *made);
    *judge = NULL;
    if (made) {
        made->d = n_factors;
        made->k = n_environments;
    }
    if (!made || !allocate(made))
        DSEP_TRY(dsep_out_of_memory(error, "orders of factors"));
    const int64_t rows = n_factors * n_environments;
    memcpy(made->gram, gram, (size_t)(rows * rows) * sizeof *gram);
    DSEP_TRY(invert_blocks(made, error));
    *judge = made;
    made = NULL;
cleanup:
    dsep_hca_judge_destroy(&made);
    return code;
}

void dsep_hca_judge_destroy(dsep_hca_judge **judge) {
    if (!judge || !*judge)
        return;
    dsep_hca_judge *old = *judge;
    free(old->gram);
    free(old->products);
    free(old->share);
    free(old->diagnostic);
    free(old->ic);
    if (old->work) {
        free(old->work->inverse);
        free(old->work->small);
        free(old->work->matrix);
        free(old->work->before);
    }
    free(old->work);
    free(old);
    *judge = NULL;
}
