#include "solvers/hca_factors.h"

#include <math.h>
#include <string.h>

static void add_scaled(int64_t n, double factor, const double *x, double *y) {
    for (int64_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

static double product(int64_t n, const double *x, const double *y) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* h_i is a sum of rows less their parts in the factors before, which are taken away from the sum.
 */
void dsep_hca_axes(const dsep_hca_judge *judge, const int32_t *row, int64_t n_variables,
                   const double *unmixing, double *h) {
    const int64_t d = judge->d, p = n_variables;
    memset(h, 0, (size_t)(d * p) * sizeof *h);
    for (int64_t i = 0; i < d; i++) {
        double *axis = h + i * p;
        for (int64_t k = 0; k < judge->k; k++)
            add_scaled(p, judge->share[i * judge->k + k], unmixing + (k * d + row[k * d + i]) * p,
                       axis);
        for (int64_t j = 0; j < 2 * i; j++)
            add_scaled(p, -product(p, axis, h + j % i * p), h + j % i * p, axis);
        const double length = sqrt(product(p, axis, axis));
        for (int64_t v = 0; length > 0 && v < p; v++)
            axis[v] /= length;
    }
}

/* Row i of X, with X turn = L: from the last column on. */
static void divide_by_turn(int64_t i, int64_t d, const double *turn, double *x) {
    for (int64_t j = i; j >= 0; j--) {
        for (int64_t c = j + 1; c <= i; c++)
            x[j] -= x[c] * turn[c * d + j];
        x[j] = turn[j * d + j] != 0 ? x[j] / turn[j * d + j] : NAN;
    }
}

void dsep_hca_mixing(const dsep_hca_judge *judge, const int32_t *row, const double *turn,
                     double *b) {
    const int64_t d = judge->d, rows = d * judge->k;
    memset(b, 0, (size_t)(rows * d) * sizeof *b);
    for (int64_t k = 0; k < judge->k; k++)
        for (int64_t i = 0; i < d; i++) {
            double *own = b + (k * d + i) * d;
            for (int64_t j = 0; j <= i; j++)
                own[j] = judge->products[j * rows + k * d + row[k * d + i]];
            divide_by_turn(i, d, turn, own);
        }
}

void dsep_hca_weights(int64_t n_factors, int64_t n_environments, const double *b, double *weight) {
    const int64_t d = n_factors;
    for (int64_t k = 0; k < n_environments; k++)
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < d; j++) {
                const double *own = b + (k * d + i) * d;
                weight[(k * d + i) * d + j] = i == j || own[j] == 0 ? 0 : -own[j] / own[i];
            }
}

void dsep_hca_turn(int64_t n_factors, int64_t n_variables, const double *turn, double *rows) {
    const int64_t d = n_factors, p = n_variables;
    for (int64_t i = d - 1; i >= 0; i--)
        for (int64_t v = 0; v < p; v++) {
            double sum = 0;
            for (int64_t j = 0; j <= i; j++)
                sum += turn[i * d + j] * rows[j * p + v];
            rows[i * p + v] = sum;
        }
}
