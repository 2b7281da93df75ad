#include "solvers/moments.h"

#include "mpi/memory.h"
#include "solvers/dense.h"
#include "solvers/scalapack.h"
#include "solvers/simd.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1024, WIDE = 128 }; /* rows that are copied, columns that are made, at a time */

/* Sum of w (x - from). */
DSEP_CLONES
static double sum_from(int64_t n, const double *x, const int32_t *weight, double from) {
    double sum = 0;
    if (weight) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < n; i++)
            sum += weight[i] * (x[i] - from);
    } else {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < n; i++)
            sum += x[i] - from;
    }
    return sum;
}

double dsep_moments_weight(int64_t rows, const int32_t *weight) {
    int64_t sum = weight ? 0 : rows;
    for (int64_t i = 0; weight && i < rows; i++)
        sum += weight[i];
    return (double)sum;
}

double dsep_moments_mean(const double *x, int64_t rows, const int32_t *weight, double total) {
    const double mean = sum_from(rows, x, weight, 0) / total;
    return mean + sum_from(rows, x, weight, mean) / total; /* what rounding left */
}

/* Rows first .. that count, centred and scaled by the root of their weight, until PIECE are there
 * or none is left; returns where it stopped. */
static int64_t take_rows(const dsep_moments *m, const double *x, int64_t rows,
                         const int32_t *weight, int64_t first, double *piece, int64_t *taken) {
    int64_t last = first, count = 0;
    for (; last < rows && count < PIECE; last++)
        count += !weight || weight[last] > 0;
    for (int64_t j = 0; j < m->n_variables; j++) {
        const double *column = x + j * rows;
        double *to = piece + j * count;
        for (int64_t i = first; i < last; i++)
            if (!weight)
                *to++ = column[i] - m->mean[j];
            else if (weight[i] > 0)
                *to++ = sqrt(weight[i]) * (column[i] - m->mean[j]);
    }
    *taken = count;
    return last;
}

static int open_moments(int64_t n_variables, dsep_error *error, dsep_moments **moments) {
    dsep_moments *made = *moments = dsep_array(1, sizeof *made);
    if (made) {
        made->n_variables = n_variables;
        made->mean = dsep_array(n_variables, sizeof *made->mean);
        made->scatter = dsep_array(dsep_bytes(n_variables, n_variables, 1), sizeof *made->scatter);
    }
    if (made && made->mean && made->scatter)
        return DSEP_OK;
    dsep_moments_destroy(moments);
    return dsep_out_of_memory(error, "a covariance matrix");
}

int dsep_moments_create(const double *x, int64_t rows, int64_t n_variables, const int32_t *weight,
                        dsep_error *error, dsep_moments **moments) {
    dsep_moments *made = NULL;
    *moments = NULL;
    int code = open_moments(n_variables, error, &made);
    double *piece =
        dsep_array(dsep_bytes(rows < PIECE ? rows : PIECE, n_variables, 1), sizeof *piece);
    if (!code && !piece)
        code = dsep_out_of_memory(error, "a covariance matrix");
    if (!code) {
        made->weight = dsep_moments_weight(rows, weight);
        for (int64_t j = 0; made->weight > 0 && j < n_variables; j++)
            made->mean[j] = dsep_moments_mean(x + j * rows, rows, weight, made->weight);
        for (int64_t i = 0, taken; made->weight > 0 && i < rows;) {
            i = take_rows(made, x, rows, weight, i, piece, &taken);
            dsep_dense_gram_lower(taken, n_variables, 1, piece, 1, made->scatter);
        }
        dsep_dense_mirror(n_variables, made->scatter);
        *moments = made;
        made = NULL;
    }
    free(piece);
    dsep_moments_destroy(&made);
    return code;
}

void dsep_moments_merge(dsep_moments *into, const dsep_moments *other) {
    const int64_t p = into->n_variables;
    const double sum = into->weight + other->weight;
    if (other->weight == 0)
        return;
    const double share = other->weight / sum, factor = into->weight * share;
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < p; i++) {
            const double apart =
                (other->mean[i] - into->mean[i]) * (other->mean[j] - into->mean[j]);
            into->scatter[j * p + i] += other->scatter[j * p + i] + factor * apart;
        }
    for (int64_t j = 0; j < p; j++)
        into->mean[j] += share * (other->mean[j] - into->mean[j]);
    into->weight = sum;
}

void dsep_moments_covariance(const dsep_moments *moments, double less, double *covariance) {
    const int64_t p = moments->n_variables;
    const double scale = 1 / (moments->weight - less);
    for (int64_t i = 0; i < p * p; i++)
        covariance[i] = scale * moments->scatter[i];
}

void dsep_moments_destroy(dsep_moments **moments) {
    if (!moments || !*moments)
        return;
    free((*moments)->mean);
    free((*moments)->scatter);
    free(*moments);
    *moments = NULL;
}

/* --- on the grid -------------------------------------------------------------------------------
 */

/* Which rows count. Returns how many. */
static int64_t list_rows(int64_t rows, const int32_t *weight, int64_t *row) {
    int64_t kept = 0;
    for (int64_t i = 0; i < rows; i++)
        if (!weight || weight[i] > 0)
            row[kept++] = i;
    return kept;
}

static double centred(const double *column, int64_t i, const int32_t *weight, double mean) {
    return (weight ? sqrt(weight[i]) : 1) * (column[i] - mean);
}

/* This rank's piece: rows as they are, or turned, each variable a row. */
static void fill(const double *x, int64_t rows, const int32_t *weight, const int64_t *row,
                 int turned, dsep_matrix *m) {
    const int64_t high = m->local_rows;
    const double total = dsep_moments_weight(rows, weight);
    for (int v = 0; v < (turned ? m->local_rows : m->local_columns); v++) {
        const double *column =
            x + (turned ? dsep_matrix_row(m, v) : dsep_matrix_column(m, v)) * rows;
        const double mean = dsep_moments_mean(column, rows, weight, total);
        for (int s = 0; s < (turned ? m->local_columns : m->local_rows); s++)
            if (turned)
                m->values[s * high + v] =
                    centred(column, row[dsep_matrix_column(m, s)], weight, mean);
            else
                m->values[v * high + s] = centred(column, row[dsep_matrix_row(m, s)], weight, mean);
    }
}

int dsep_moments_rows(dsep_context *ctx, const dsep_grid *grid,
                      const dsep_environments *environments, int64_t which, const int32_t *weight,
                      int turned, dsep_matrix **matrix) {
    int code = DSEP_OK;
    const int64_t rows = environments->rows[which], p = environments->n_variables;
    int64_t *row = dsep_array(rows, sizeof *row);
    *matrix = NULL;
    DSEP_AGREE(ctx, row ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "rows on a grid"));
    const int64_t kept = list_rows(rows, weight, row);
    DSEP_TRY(dsep_matrix_create(ctx, grid, turned ? p : kept, turned ? kept : p, matrix));
    fill(environments->values[which], rows, weight, row, turned, *matrix);
cleanup:
    free(row);
    return code;
}

/* `count` listed rows, centred and weighted, of the variables of this rank's columns, or rows, of
 * the matrix: packed [count x those]. */
static void take_piece(const dsep_matrix *m, int of_rows, const double *x, int64_t rows,
                       const int64_t *row, const double *root, int64_t count, const double *mean,
                       double *packed) {
    for (int v = 0; v < (of_rows ? m->local_rows : m->local_columns); v++) {
        const int64_t j = of_rows ? dsep_matrix_row(m, v) : dsep_matrix_column(m, v);
        const double *column = x + j * rows;
        for (int64_t i = 0; i < count; i++)
            packed[v * count + i] = root[i] * (column[row[i]] - mean[j]);
    }
}

/* Adds what `count` packed rows give on and below the diagonal: to local columns first .. last - 1,
 * local rows down to `end`. Cut in halves, so that most of it is a few large products. */
static void add_products(const double *left, const double *right, int64_t count, double scale,
                         double beta, dsep_matrix *m, int first, int last, int end) {
    const int half = (last - first) / 2 / m->block * m->block,
              split = half > 0 && last - first > WIDE;
    const int middle = split ? first + half : last, top = split ? middle : first;
    const int r = dsep_matrix_local_row(m, dsep_matrix_column(m, top)), high = end - r;
    if (high > 0 && middle > first)
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, high, middle - first, (int)count,
                    scale, left + r * count, (int)count, right + first * count, (int)count, beta,
                    m->values + (int64_t)first * m->local_rows + r, m->local_rows);
    if (split) {
        add_products(left, right, count, scale, beta, m, first, middle, r);
        add_products(left, right, count, scale, beta, m, middle, last, end);
    }
}

/* The rows of an environment stand on every node: each rank multiplies for its own blocks, PIECE
 * rows at a time, and nobody waits for a message. */
static int multiply_rows(const double *x, int64_t rows, const int32_t *weight, double scale,
                         dsep_error *error, dsep_matrix *m) {
    const int64_t p = m->columns;
    const double total = dsep_moments_weight(rows, weight);
    int64_t *row = dsep_array(rows, sizeof *row);
    double *mean = dsep_array(p, sizeof *mean), *root = dsep_array(rows, sizeof *root);
    double *left = dsep_array(dsep_bytes(PIECE, m->local_rows, 1), sizeof *left);
    double *right = dsep_array(dsep_bytes(PIECE, m->local_columns, 1), sizeof *right);
    const int whole = row && mean && root && left && right;
    const int64_t kept = whole ? list_rows(rows, weight, row) : 0;
    for (int64_t j = 0; whole && j < p; j++)
        mean[j] = dsep_moments_mean(x + j * rows, rows, weight, total);
    for (int64_t i = 0; i < kept; i++)
        root[i] = weight ? sqrt(weight[row[i]]) : 1;
    for (int64_t i = 0; i < kept; i += PIECE) {
        const int64_t count = kept - i < PIECE ? kept - i : PIECE;
        take_piece(m, 1, x, rows, row + i, root + i, count, mean, left);
        take_piece(m, 0, x, rows, row + i, root + i, count, mean, right);
        add_products(left, right, count, scale, i > 0, m, 0, m->local_columns, m->local_rows);
    }
    free(row);
    free(mean);
    free(root);
    free(left);
    free(right);
    return whole ? DSEP_OK : dsep_out_of_memory(error, "a covariance matrix");
}

int dsep_moments_grid(dsep_context *ctx, const dsep_grid *grid,
                      const dsep_environments *environments, int64_t which, const int32_t *weight,
                      double less, dsep_matrix **covariance) {
    int code = DSEP_OK;
    const int64_t p = environments->n_variables, rows = environments->rows[which];
    const double scale = 1 / (dsep_moments_weight(rows, weight) - less);
    dsep_matrix *made = NULL;
    *covariance = NULL;
    DSEP_TRY(dsep_matrix_create(ctx, grid, p, p, &made));
    DSEP_AGREE(ctx, multiply_rows(environments->values[which], rows, weight, scale,
                                  dsep_context_error(ctx), made));
    dsep_grid_mirror(made);
    *covariance = made;
    made = NULL;
cleanup:
    dsep_matrix_destroy(&made);
    return code;
}
