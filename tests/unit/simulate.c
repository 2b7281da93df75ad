/* Simulated rows: independent of the partition, with the moments that the model says. */
#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "solvers/random_dag.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

/* Rows drawn in any pieces are the rows drawn at once. */
static void test_partition(void) {
    enum { P = 37, N = 101 };
    const dsep_random_dag_settings settings = {DSEP_RANDOM_DAG_ER, P, 4, 4, 0.3, 1.0, 5};
    dsep_linear_model *model = NULL;
    dsep_random_dag_create(&settings, dsep_context_error(ctx), &model);
    double *whole = malloc(sizeof(double[N][P])), *part = malloc(sizeof(double[N][P]));
    int same = 1;
    for (int noise = 0; noise <= DSEP_NOISE_STUDENT; noise++) {
        dsep_simulate_rows(model, (dsep_noise)noise, 9, 0, N, whole);
        for (int parts = 1; parts <= 120; parts += 17)
            for (int k = 0; k < parts; k++) {
                const dsep_block rows = dsep_layout_block(N, parts, k);
                dsep_simulate_rows(model, (dsep_noise)noise, 9, rows.first, rows.count, part);
                same &= memcmp(part, whole + rows.first * P,
                               (size_t)rows.count * P * sizeof(double)) == 0;
            }
    }
    tap_ok(same, "any partition gives the same bits");
    dsep_simulate_rows(model, DSEP_NOISE_GAUSSIAN, 10, 0, N, part);
    dsep_simulate_rows(model, DSEP_NOISE_GAUSSIAN, 9, 0, N, whole);
    tap_ok(memcmp(part, whole, sizeof(double[N][P])) != 0, "another seed gives other rows");
    free(whole);
    free(part);
    dsep_linear_model_destroy(&model);
}

/* Noise alone: mean 0, variance 1 and the skewness and kurtosis of its law. `spread` is the
 * standard deviation of a fourth power, from the law's eighth moment (student has none: its
 * kurtosis is not tested). */
static void test_noise(dsep_noise noise, const char *name, double skewness, double kurtosis,
                       double spread) {
    enum { N = 400000 };
    dsep_linear_model *model = NULL;
    dsep_linear_model_create(1, 0, NULL, NULL, dsep_context_error(ctx), &model);
    double *x = malloc(N * sizeof *x), m[5] = {0};
    dsep_simulate_rows(model, noise, 1, 0, N, x);
    for (int i = 0; i < N; i++)
        for (int k = 1; k <= 4; k++)
            m[k] += pow(x[i], k) / N;
    const double unit = 1 / sqrt((double)N);
    tap_ok(fabs(m[1]) < 5 * unit, "%s: mean %.4f", name, m[1]);
    tap_ok(fabs(m[2] - 1) < 5 * sqrt(kurtosis - 1) * unit, "%s: variance %.4f", name, m[2]);
    if (spread > 0) {
        tap_ok(fabs(m[3] - skewness) < 5 * sqrt(spread) * 3 * unit, "%s: skewness %.3f", name,
               m[3]);
        tap_ok(fabs(m[4] - kurtosis) < 5 * spread * unit, "%s: kurtosis %.3f, law %.3f", name, m[4],
               kurtosis);
    }
    free(x);
    dsep_linear_model_destroy(&model);
}

/* Student's law itself, since its fourth power has no variance: the share below -1.4. */
static void test_student(void) {
    enum { N = 400000 };
    dsep_linear_model *model = NULL;
    dsep_linear_model_create(1, 0, NULL, NULL, dsep_context_error(ctx), &model);
    double *x = malloc(N * sizeof *x), below = 0;
    dsep_simulate_rows(model, DSEP_NOISE_STUDENT, 1, 0, N, x);
    for (int i = 0; i < N; i++)
        below += (x[i] < -1.4) / (double)N;
    const double wanted = gsl_cdf_tdist_P(-1.4 * sqrt(5.0 / 3), 5);
    tap_ok(fabs(below - wanted) < 5 * sqrt(wanted / N),
           "student: share below -1.4 is %.4f, law %.4f", below, wanted);
    free(x);
    dsep_linear_model_destroy(&model);
}

/* a -> b -> c by hand: b = .8 a + e, c = -.5 b + e. */
static void test_chain(void) {
    enum { N = 200000 };
    const dsep_edge edges[2] = {{2, 0, DSEP_MARK_TAIL, DSEP_MARK_ARROW},
                                {0, 1, DSEP_MARK_TAIL, DSEP_MARK_ARROW}};
    const double weight[2] = {0.8, -0.5};
    dsep_linear_model *model = NULL;
    int code = dsep_linear_model_create(3, 2, edges, weight, dsep_context_error(ctx), &model);
    tap_ok(code == 0 && model->edges[0].source == 0 && model->weight[0] == -0.5,
           "weights follow their edges when these are sorted");
    double *x = malloc(sizeof(double[N][3])), got[3][3] = {{0}};
    dsep_simulate_rows(model, DSEP_NOISE_GAUSSIAN, 3, 0, N, x);
    for (int i = 0; i < N; i++)
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                got[a][b] += x[3 * i + a] * x[3 * i + b] / N;
    /* columns b, c, a: var a = 1, b = .64 + 1, c = .25 (1.64) + 1 */
    const double wanted[3][3] = {{1.64, -0.82, 0.8}, {-0.82, 1.41, -0.4}, {0.8, -0.4, 1}};
    int good = 1;
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            const double variance = wanted[a][a] * wanted[b][b] + wanted[a][b] * wanted[a][b];
            good &= fabs(got[a][b] - wanted[a][b]) < 5 * sqrt(variance / N);
        }
    tap_ok(good, "covariance of a chain is the exact one within five standard errors");
    free(x);
    dsep_linear_model_destroy(&model);
}

static void refused(int64_t n_edges, const dsep_edge *edges, const double *weight,
                    const char *text) {
    dsep_error error = {0};
    dsep_linear_model *model = NULL;
    const int code = dsep_linear_model_create(3, n_edges, edges, weight, &error, &model);
    tap_ok(code == DSEP_ERROR_DATA && !model && strstr(error.text, text), "refused: %s",
           error.text);
}

static void test_refused(void) {
    const double weight[3] = {1, 1, NAN};
    const dsep_mark t = DSEP_MARK_TAIL, a = DSEP_MARK_ARROW;
    refused(2, (dsep_edge[]){{0, 1, t, a}, {1, 2, t, t}}, weight, "not directed");
    refused(3, (dsep_edge[]){{0, 1, t, a}, {1, 2, t, a}, {0, 2, t, a}}, weight, "finite");
    const double ones[3] = {1, 1, 1};
    refused(3, (dsep_edge[]){{0, 1, t, a}, {1, 2, t, a}, {2, 0, t, a}}, ones, "cycle");
    refused(2, (dsep_edge[]){{0, 1, t, a}, {1, 0, t, a}}, ones, "twice");
    refused(1, (dsep_edge[]){{0, 3, t, a}}, ones, "not possible");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    test_partition();
    /* eighth central moments: gaussian 105, laplace 8!/16 = 2520, uniform 3^4/9 = 9, exponential
     * the subfactorial !8 = 14833 */
    test_noise(DSEP_NOISE_GAUSSIAN, "gaussian", 0, 3, sqrt(105 - 9));
    test_noise(DSEP_NOISE_LAPLACE, "laplace", 0, 6, sqrt(2520 - 36));
    test_noise(DSEP_NOISE_UNIFORM, "uniform", 0, 1.8, sqrt(9 - 3.24));
    test_noise(DSEP_NOISE_EXPONENTIAL, "exponential", 2, 9, sqrt(14833 - 81));
    test_noise(DSEP_NOISE_STUDENT, "student", 0, 9, 0);
    test_student();
    test_chain();
    test_refused();
    return tap_end();
}
