/* What DAGMA and NOTEARS minimise: on any number of ranks equal to a slow reference in long double,
 * gradients equal to its central differences, 0 where knowledge forbids, and infinite outside the
 * domain, also where the determinant alone would not tell. */
#include "mpi/exchange.h"
#include "mpi/random.h"
#include "solvers/weight_objective.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 12 };

static dsep_context *ctx;

typedef long double matrix[MOST][MOST];

static double draw(uint64_t stream, int i, int j) {
    return dsep_random_uniform((dsep_random){7, (uint32_t)(1600 + stream), 0},
                               (uint64_t)(i * 4096 + j));
}

/* Symmetric and positive definite. */
static double s_entry(int i, int j) {
    return (i == j ? 2.5 : 0) + 0.5 * (draw(1, i < j ? i : j, i < j ? j : i) - 0.5);
}

/* Non-negative parts of the weights; a good part of them 0. */
static double part(int sign, int i, int j) {
    const double x = draw(sign > 0 ? 2 : 3, i, j);
    return i != j && x > 0.5 ? x - 0.5 : 0;
}

/* --- knowledge ------------------------------------------------------------------------------- */

/* Of n >= 7 nodes: 0 -> 2 -> 3 -> n - 2 must be, 1 -> 0 and n - 1 -> 3 must not; 4 and n - 1 come
 * before 0. */
static dsep_knowledge *known(int n) {
    dsep_knowledge *k = NULL;
    dsep_error *error = dsep_context_error(ctx);
    dsep_knowledge_create(n, error, &k);
    dsep_knowledge_require(k, 0, 2, error);
    dsep_knowledge_require(k, 2, 3, error);
    dsep_knowledge_require(k, 3, n - 2, error);
    dsep_knowledge_forbid(k, 1, 0, error);
    dsep_knowledge_forbid(k, n - 1, 3, error);
    k->tier[4] = k->tier[n - 1] = 1;
    k->tier[0] = 2;
    dsep_knowledge_settle(k, NULL, error);
    return k;
}

/* The same in tables. */
static int must(int n, int i, int j) {
    return (i == 0 && j == 2) || (i == 2 && j == 3) || (i == 3 && j == n - 2);
}

/* Whether what must be leads from i to j. */
static int leads(int n, int i, int j) {
    for (int k = 0; k < n; k++)
        if (must(n, i, k) && (k == j || leads(n, k, j)))
            return 1;
    return 0;
}

static int must_not(int n, int i, int j) {
    return must(n, j, i) || (i == 1 && j == 0) || (i == n - 1 && j == 3) ||
           (i == 0 && (j == 4 || j == n - 1));
}

/* --- the reference --------------------------------------------------------------------------- */

/* log |det A| by elimination with pivots. */
static long double log_determinant(int n, matrix a) {
    long double sum = 0;
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k; i < n; i++)
            best = fabsl(a[i][k]) > fabsl(a[best][k]) ? i : best;
        for (int j = 0; j < n; j++) {
            const long double swap = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = swap;
        }
        sum += logl(fabsl(a[k][k]));
        for (int i = k + 1; i < n; i++)
            for (int j = n - 1; j >= k; j--)
                a[i][j] -= a[i][k] / a[k][k] * a[k][j];
    }
    return sum;
}

static long double reference_h(int n, const dsep_weight_objective *o, int knowing, matrix w) {
    matrix a, square, power, next;
    long double trace = 0;
    memset(power, 0, sizeof power);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            square[i][j] = 0;
            for (int k = 0; k < n; k++)
                square[i][j] += k == j || (knowing && leads(n, k, j)) ? w[i][k] * w[i][k] : 0;
        }
    if (o->measure->kind == DSEP_ACYCLIC_LOGDET) {
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                a[i][j] = (i == j ? o->determinant : 0) - square[i][j];
        return (long double)n * logl(o->determinant) - log_determinant(n, a);
    }
    for (int i = 0; i < n; i++)
        power[i][i] = 1;
    for (int degree = 1; degree < 80; degree++) { /* the plain series */
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                next[i][j] = 0;
                for (int k = 0; k < n; k++)
                    next[i][j] += power[i][k] * square[k][j] / degree;
            }
        memcpy(power, next, sizeof power);
        for (int i = 0; i < n; i++)
            trace += power[i][i];
    }
    return trace;
}

static long double reference(int n, const dsep_weight_objective *o, int knowing, matrix u,
                             matrix v) {
    matrix w;
    long double loss = 0, norm = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            w[i][j] = u[i][j] - v[i][j];
            norm += knowing && must(n, i, j) ? 0 : u[i][j] + v[i][j];
        }
    for (int j = 0; j < n; j++) /* column j of I - W */
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n; k++)
                loss += ((i == j) - w[i][j]) * s_entry(i, k) * ((k == j) - w[k][j]) / 2;
    const long double h = reference_h(n, o, knowing, w);
    return o->fit * (loss + o->lambda * norm) + o->linear * h + o->quadratic * h * h / 2;
}

/* --- the program's --------------------------------------------------------------------------- */

static dsep_matrix *covariance(dsep_context *context, const dsep_grid *grid, int n) {
    dsep_matrix *s = NULL;
    dsep_matrix_create(context, grid, n, n, &s);
    for (int c = 0; c < s->local_columns; c++)
        for (int r = 0; r < s->local_rows; r++)
            s->values[(int64_t)c * s->local_rows + r] =
                s_entry((int)dsep_matrix_row(s, r), (int)dsep_matrix_column(s, c));
    return s;
}

/* A piece [n x n] of this rank as a whole on every rank. */
static void unite(const dsep_matrix *like, const double *piece, double *whole) {
    const int64_t n = like->rows;
    memset(whole, 0, (size_t)(n * n) * sizeof *whole);
    for (int c = 0; c < like->local_columns; c++)
        for (int r = 0; r < like->local_rows; r++)
            whole[dsep_matrix_row(like, r) * n + dsep_matrix_column(like, c)] =
                piece[(int64_t)c * like->local_rows + r];
    dsep_sum_f64(ctx, whole, n * n);
}

static void test_against_reference(const dsep_grid *grid, dsep_acyclic_kind kind, int n,
                                   int knowing) {
    dsep_matrix *s = covariance(ctx, grid, n);
    dsep_weight_objective *o = NULL;
    matrix u, v;
    double value = 0, worst = 0;
    dsep_knowledge *knowledge = knowing ? known(n) : NULL;
    dsep_weight_objective_create(ctx, s, kind, knowledge, &o);
    o->lambda = 0.07;
    o->fit = 0.6;
    o->linear = 1.3;
    o->quadratic = kind == DSEP_ACYCLIC_LOGDET ? 0 : 2.5;
    o->determinant = 0.9;
    double *x = calloc((size_t)(2 * o->count + 1), sizeof *x);
    double *gradient = calloc((size_t)(2 * o->count + 1), sizeof *x);
    for (int64_t k = 0; k < o->count; k++) {
        const int i = (int)dsep_matrix_row(s, (int)(k % s->local_rows));
        const int j = (int)dsep_matrix_column(s, (int)(k / s->local_rows));
        x[k] = part(1, i, j);
        x[o->count + k] = part(-1, i, j);
        if (knowing && must_not(n, i, j))
            x[k] = x[o->count + k] = 0;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            u[i][j] = knowing && must_not(n, i, j) ? 0 : part(1, i, j);
            v[i][j] = knowing && must_not(n, i, j) ? 0 : part(-1, i, j);
        }
    int code = dsep_weight_objective_evaluate(ctx, x, &value, gradient, o);
    const long double expected = reference(n, o, knowing, u, v);
    tap_ok(!code && fabsl(value - expected) <= 1e-12L * fabsl(expected) && (n == 1 || o->h > 1e-3),
           "order %d%s, h %.3g: value %.12g, %.1Le from the reference", n,
           knowing ? ", knowing" : "", o->h, value, fabsl(value - expected) / fabsl(expected));
    double own[2][MOST * MOST];
    unite(s, gradient, own[0]);
    unite(s, gradient + o->count, own[1]);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int which = 0; which < 2; which++) {
                matrix *m = which ? &v : &u;
                const long double step = 1e-5L, at = (*m)[i][j];
                (*m)[i][j] = at + step;
                long double up = reference(n, o, knowing, u, v);
                (*m)[i][j] = at - step;
                up -= reference(n, o, knowing, u, v);
                (*m)[i][j] = at;
                const int held = i == j || (knowing && must_not(n, i, j));
                const double difference = held ? 0 : (double)(up / (2 * step));
                worst = fmax(worst, fabs(own[which][i * n + j] - difference));
            }
    tap_ok(worst < 1e-8, "order %d: gradient, %.1e from central differences at most", n, worst);
    free(x);
    free(gradient);
    dsep_weight_objective_destroy(&o);
    dsep_matrix_destroy(&s);
    dsep_knowledge_destroy(&knowledge);
}

/* h alone at a W of which two pairs of nodes form cycles of weight a, b. */
static double h_of_cycles(const dsep_grid *grid, dsep_acyclic_kind kind, double a, double b) {
    dsep_matrix *w = NULL, *gradient = NULL;
    dsep_acyclic *measure = NULL;
    double value = NAN;
    dsep_matrix_create(ctx, grid, 5, 5, &w);
    dsep_matrix_create(ctx, grid, 5, 5, &gradient);
    dsep_acyclic_create(ctx, grid, kind, 5, &measure);
    for (int c = 0; c < w->local_columns; c++)
        for (int r = 0; r < w->local_rows; r++) {
            const int64_t i = dsep_matrix_row(w, r), j = dsep_matrix_column(w, c);
            w->values[(int64_t)c * w->local_rows + r] = i + j == 1                     ? a
                                                        : i + j == 5 && i > 1 && j > 1 ? b
                                                        : i == 0 && j == 4             ? 30
                                                                                       : 0;
        }
    dsep_acyclic_value(measure, w, 1, &value, gradient);
    dsep_acyclic_destroy(&measure);
    dsep_matrix_destroy(&w);
    dsep_matrix_destroy(&gradient);
    return value;
}

static void test_domain(const dsep_grid *grid) {
    const double inside = h_of_cycles(grid, DSEP_ACYCLIC_LOGDET, 0.5, 0.6);
    const double exact = -log((1 - pow(0.5, 4)) * (1 - pow(0.6, 4)));
    tap_ok(fabs(inside - exact) < 1e-14, "inside: h %.15g", inside);
    tap_ok(h_of_cycles(grid, DSEP_ACYCLIC_LOGDET, 0, 0) == 0, "no cycle: h is 0");
    tap_ok(isinf(h_of_cycles(grid, DSEP_ACYCLIC_LOGDET, 1.5, 0)), "one cycle too heavy: infinite");
    tap_ok(isinf(h_of_cycles(grid, DSEP_ACYCLIC_LOGDET, 1.5, 1.6)),
           "two of them, where the determinant is positive again: infinite");
    tap_ok(isinf(h_of_cycles(grid, DSEP_ACYCLIC_LOGDET, 1, 0)), "singular: infinite");
    tap_ok(isinf(h_of_cycles(grid, DSEP_ACYCLIC_LOGDET, 1e200, 0)), "overflow: infinite, no error");
    const double e = h_of_cycles(grid, DSEP_ACYCLIC_EXPONENTIAL, 1.5, 0.6);
    const double sum = 2 * (cosh(2.25) - 1) + 2 * (cosh(0.36) - 1);
    tap_ok(fabs(e - sum) < 1e-11 * sum, "exponential of cycles beside a weight of 30: %.15g", e);
    tap_ok(isinf(h_of_cycles(grid, DSEP_ACYCLIC_EXPONENTIAL, 40, 0)),
           "exponential that overflows: infinite");
}

/* Value and sum of squares of the gradient of order 300, which has several pieces, on a context. */
static void evaluate(dsep_context *context, dsep_acyclic_kind kind, double result[2]) {
    dsep_grid *grid = NULL;
    dsep_grid_create(context, &grid);
    dsep_matrix *s = covariance(context, grid, 300);
    dsep_knowledge *knowledge = known(300);
    dsep_weight_objective *o = NULL;
    dsep_weight_objective_create(context, s, kind, knowledge, &o);
    o->lambda = 0.07;
    o->fit = 0.6;
    o->linear = 1.3;
    o->quadratic = kind == DSEP_ACYCLIC_LOGDET ? 0 : 2.5;
    o->determinant = 0.9;
    double *x = calloc((size_t)(2 * o->count + 1), sizeof *x);
    double *gradient = calloc((size_t)(2 * o->count + 1), sizeof *x);
    for (int64_t k = 0; k < o->count; k++) {
        const int i = (int)dsep_matrix_row(s, (int)(k % s->local_rows));
        const int j = (int)dsep_matrix_column(s, (int)(k / s->local_rows));
        x[k] = part(1, i, j) / 8;
        x[o->count + k] = part(-1, i, j) / 8;
    }
    result[0] = result[1] = 0;
    if (dsep_weight_objective_evaluate(context, x, &result[0], gradient, o))
        result[0] = NAN;
    for (int64_t k = 0; k < 2 * o->count; k++)
        result[1] += gradient[k] * gradient[k];
    dsep_sum_f64(context, &result[1], 1);
    free(x);
    free(gradient);
    dsep_weight_objective_destroy(&o);
    dsep_matrix_destroy(&s);
    dsep_grid_destroy(&grid);
    dsep_knowledge_destroy(&knowledge);
}

static void test_pieces(dsep_context *alone, dsep_acyclic_kind kind) {
    double together[2], single[2];
    evaluate(ctx, kind, together);
    evaluate(alone, kind, single);
    const double value = fabs(together[0] / single[0] - 1),
                 square = fabs(together[1] / single[1] - 1);
    tap_ok(value <= 1e-10 && square <= 1e-10 && isfinite(single[0]),
           "order 300: value %.12g and gradient as on one rank, %.1e and %.1e apart", together[0],
           value, square);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    dsep_grid *grid = NULL;
    dsep_grid_create(ctx, &grid);
    for (int n = 1; n <= 7; n += 3) {
        test_against_reference(grid, DSEP_ACYCLIC_LOGDET, n, 0);
        test_against_reference(grid, DSEP_ACYCLIC_EXPONENTIAL, n, 0);
    }
    test_against_reference(grid, DSEP_ACYCLIC_LOGDET, 7, 1);
    test_against_reference(grid, DSEP_ACYCLIC_EXPONENTIAL, 7, 1);
    test_domain(grid);
    dsep_grid_destroy(&grid);
    dsep_context *alone = NULL;
    dsep_context_create(MPI_COMM_SELF, &alone);
    test_pieces(alone, DSEP_ACYCLIC_LOGDET);
    test_pieces(alone, DSEP_ACYCLIC_EXPONENTIAL);
    dsep_context_destroy(&alone);
    return tap_end();
}
