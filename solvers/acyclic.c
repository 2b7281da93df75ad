#include "solvers/acyclic.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/scalapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int dsep_acyclic_create(dsep_context *ctx, const dsep_grid *grid, dsep_acyclic_kind kind, int64_t p,
                        dsep_acyclic **measure) {
    int code = DSEP_OK;
    const int count = kind == DSEP_ACYCLIC_LOGDET ? 1 : 6;
    dsep_acyclic *made = dsep_array(1, sizeof *made);
    *measure = NULL;
    if (made)
        made->sums = dsep_array(p, sizeof *made->sums);
    DSEP_AGREE(ctx, made && made->sums
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "a measure of cycles"));
    made->ctx = ctx;
    made->kind = kind;
    for (int i = 0; i < count; i++)
        DSEP_TRY(dsep_matrix_create(ctx, grid, p, p, &made->work[i]));
    *measure = made;
    made = NULL;
cleanup:
    dsep_acyclic_destroy(&made);
    return code;
}

void dsep_acyclic_destroy(dsep_acyclic **measure) {
    if (!measure || !*measure)
        return;
    for (int i = 0; i < 6; i++)
        dsep_matrix_destroy(&(*measure)->work[i]);
    free((*measure)->sums);
    free(*measure);
    *measure = NULL;
}

static int64_t cells(const dsep_matrix *matrix) {
    return (int64_t)matrix->local_rows * matrix->local_columns;
}

/* The place of the diagonal's entry in a column of this piece, or -1. */
static int64_t diagonal(const dsep_matrix *matrix, int column) {
    const int64_t j = dsep_matrix_column(matrix, column);
    const int64_t block = j / matrix->block;
    if (block % matrix->grid->rows != matrix->grid->row)
        return -1;
    return (int64_t)column * matrix->local_rows + block / matrix->grid->rows * matrix->block +
           j % matrix->block;
}

static void add_diagonal(dsep_matrix *matrix, double value) {
    for (int c = 0; c < matrix->local_columns; c++)
        if (diagonal(matrix, c) >= 0)
            matrix->values[diagonal(matrix, c)] += value;
}

/* out = W o W, or (W o W) R; scratch: of the same shape. */
static void square(const dsep_acyclic *m, const dsep_matrix *w, dsep_matrix *scratch,
                   dsep_matrix *out) {
    dsep_matrix *squares = m->reach ? scratch : out;
    for (int64_t k = 0; k < cells(w); k++)
        squares->values[k] = w->values[k] * w->values[k];
    if (m->reach)
        dsep_grid_product(1, squares, 0, m->reach, 0, 0, out);
}

/* The gradient by W from D', the one by what square() gave. */
static void chain(const dsep_acyclic *m, const dsep_matrix *w, const dsep_matrix *d,
                  dsep_matrix *gradient) {
    if (m->reach)
        dsep_grid_product(1, d, 1, m->reach, 1, 0, gradient);
    else
        dsep_grid_transpose(d, gradient);
    for (int64_t k = 0; k < cells(w); k++)
        gradient->values[k] *= 2 * w->values[k];
}

/* --- the determinant ------------------------------------------------------------------------- */

/* Whether all row sums of the inverse are positive. */
static int is_m_matrix(dsep_acyclic *m, const dsep_matrix *inverse) {
    memset(m->sums, 0, (size_t)inverse->rows * sizeof *m->sums);
    for (int r = 0; r < inverse->local_rows; r++) {
        double sum = 0;
        for (int c = 0; c < inverse->local_columns; c++)
            sum += inverse->values[(int64_t)c * inverse->local_rows + r];
        m->sums[dsep_matrix_row(inverse, r)] = sum;
    }
    dsep_sum_f64(m->ctx, m->sums, inverse->rows);
    for (int64_t i = 0; i < inverse->rows; i++)
        if (!(m->sums[i] > 0))
            return 0;
    return 1;
}

static int log_determinant(dsep_acyclic *m, const dsep_matrix *w, double s, double *value,
                           dsep_matrix *gradient) {
    int code = DSEP_OK, sign = 0;
    double logarithm = 0;
    int64_t failed = 0;
    dsep_matrix *inverse = m->work[0];
    square(m, w, gradient, inverse);
    for (int64_t k = 0; k < cells(w); k++)
        inverse->values[k] = -inverse->values[k];
    add_diagonal(inverse, s);
    DSEP_TRY(dsep_grid_inverse(m->ctx, inverse, &logarithm, &sign, &failed));
    if (failed || !is_m_matrix(m, inverse))
        goto cleanup;
    *value = (double)w->rows * log(s) - logarithm;
    chain(m, w, inverse, gradient);
cleanup:
    return code;
}

/* --- the exponential ------------------------------------------------------------------------- */

/* The largest sum of a column. */
static double norm_of(dsep_acyclic *m, const dsep_matrix *a) {
    double norm = 0;
    memset(m->sums, 0, (size_t)a->rows * sizeof *m->sums);
    for (int c = 0; c < a->local_columns; c++) {
        double sum = 0;
        for (int r = 0; r < a->local_rows; r++)
            sum += a->values[(int64_t)c * a->local_rows + r];
        m->sums[dsep_matrix_column(a, c)] = sum;
    }
    dsep_sum_f64(m->ctx, m->sums, a->rows);
    for (int64_t j = 0; j < a->rows; j++)
        norm = fmax(norm, m->sums[j]);
    return norm;
}

/* out += the terms of degree 4 j .. 4 j + 3 of the series, over A^(4 j); c: 1 / degree!. */
static void add_terms(dsep_matrix *const power[4], const double *c, dsep_matrix *out) {
    for (int64_t k = 0; k < cells(out); k++)
        out->values[k] +=
            c[1] * power[1]->values[k] + c[2] * power[2]->values[k] + c[3] * power[3]->values[k];
    add_diagonal(out, c[0]);
}

/* exp(A) by its series to degree 16 into one of work[4], work[5], which is returned; A = work[0]
 * is left alone. */
static dsep_matrix *series(dsep_acyclic *m) {
    dsep_matrix **work = m->work, *sum = work[4], *other = work[5];
    dsep_matrix *const power[4] = {NULL, work[0], work[1], work[2]}, *fourth = work[3];
    double c[17] = {1};
    for (int i = 1; i <= 16; i++)
        c[i] = c[i - 1] / i;
    dsep_grid_product(1, power[1], 0, power[1], 0, 0, power[2]);
    dsep_grid_product(1, power[2], 0, power[1], 0, 0, power[3]);
    dsep_grid_product(1, power[2], 0, power[2], 0, 0, fourth);
    for (int64_t k = 0; k < cells(sum); k++)
        sum->values[k] = c[16] * fourth->values[k];
    add_terms(power, c + 12, sum);
    for (int j = 2; j >= 0; j--) {
        dsep_grid_product(1, sum, 0, fourth, 0, 0, other);
        add_terms(power, c + 4 * j, other);
        dsep_matrix *swap = sum;
        sum = other;
        other = swap;
    }
    return sum;
}

static int exponential(dsep_acyclic *m, const dsep_matrix *w, double *value,
                       dsep_matrix *gradient) {
    dsep_matrix *a = m->work[0];
    square(m, w, gradient, a);
    int halvings = 0;
    const double norm = norm_of(m, a);
    while (ldexp(norm, -halvings) > 0.75)
        halvings++;
    for (int64_t k = 0; k < cells(a); k++)
        a->values[k] = ldexp(a->values[k], -halvings);
    dsep_matrix *power = series(m), *other = power == m->work[4] ? m->work[5] : m->work[4];
    for (; halvings > 0; halvings--) {
        dsep_grid_product(1, power, 0, power, 0, 0, other);
        dsep_matrix *swap = power;
        power = other;
        other = swap;
    }
    double trace = 0;
    for (int c = 0; c < power->local_columns; c++)
        if (diagonal(power, c) >= 0)
            trace += power->values[diagonal(power, c)] - 1;
    dsep_sum_f64(m->ctx, &trace, 1);
    *value = isfinite(trace) ? trace : INFINITY;
    chain(m, w, power, gradient);
    return DSEP_OK;
}

int dsep_acyclic_value(dsep_acyclic *measure, const dsep_matrix *w, double s, double *value,
                       dsep_matrix *gradient) {
    const double most = 1e50; /* powers stay finite long enough to be looked at */
    double largest = 0;
    for (int64_t k = 0; k < cells(w); k++)
        largest = fabs(w->values[k]) > largest ? fabs(w->values[k]) : largest;
    dsep_max_f64(measure->ctx, &largest, 1);
    *value = INFINITY;
    if (largest > most)
        return DSEP_OK;
    if (measure->kind == DSEP_ACYCLIC_LOGDET)
        return log_determinant(measure, w, s, value, gradient);
    return exponential(measure, w, value, gradient);
}
