/* The published recovery curve of linear causal disentanglement (Squires et al. 2023, their first
 * experiment): the fraction of runs in which all targets are right, against the number of samples
 * of each environment.
 *
 * Settings, found in their program's arguments and random models: d = 5 factors, p = 10 variables,
 * arcs with chance .75 along a fixed order, weights +-[.25, 1], roots of the noise precisions in
 * [2, 4], those of perfect interventions in [6, 8], one environment for each factor in random order
 * and one without intervention; mixing in [-2, 2], rows scaled to a largest entry of 1; no noise on
 * x, so covariances have rank d; they are Wishart matrices with n degrees of freedom; gamma .99.
 * "Right" is an order of the targets in which every cause precedes its effects. The same 100 models
 * serve every n. An argument says another number of models.
 *
 * Rule: two fractions f, g of 100 and r runs with mean q weighted by runs may differ by
 * 3 sqrt(q (1 - q) (1 / 100 + 1 / r)), three standard errors of their difference.
 * ranks: 2 */
#include "mpi/exchange.h"
#include "solvers/dense.h"
#include "solvers/disentangle.h"
#include "tests/support/interventions.h"
#include "tests/support/tap.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FACTORS = 5, VARIABLES = 10, PUBLISHED_RUNS = 100, SEED = 8164, POINTS = 16 };

typedef struct {
    int64_t n;
    double fraction;
} point;

static int read_curve(const char *folder, point *curve) {
    char path[1024], line[256];
    int count = 0;
    snprintf(path, sizeof path, "%s/squires-curve/published_curve_seed8164.csv", folder);
    FILE *file = fopen(path, "r");
    while (file && count < POINTS && fgets(line, sizeof line, file))
        if (sscanf(line, "%" SCNd64 ",%lf", &curve[count].n, &curve[count].fraction) == 2)
            count++;
    if (file)
        fclose(file);
    return count;
}

/* Theta_k = H' S_k^-1 H with S_k the covariance of n draws of the factors. */
static void sampled_precision(const model *m, int64_t k, int64_t n, uint32_t number,
                              double *theta) {
    double s[FACTORS * FACTORS], c[FACTORS * VARIABLES];
    model_covariance(m, k, n, SEED + (uint64_t)n, number, s);
    dsep_dense_cholesky(FACTORS, s);
    dsep_dense_cholesky_inverse(FACTORS, s);
    for (int i = 0; i < FACTORS; i++)
        for (int v = 0; v < VARIABLES; v++) {
            c[i * VARIABLES + v] = 0;
            for (int j = 0; j < FACTORS; j++)
                c[i * VARIABLES + v] += s[i * FACTORS + j] * m->h[j][v];
        }
    for (int v = 0; v < VARIABLES; v++)
        for (int w = 0; w < VARIABLES; w++) {
            theta[v * VARIABLES + w] = 0;
            for (int i = 0; i < FACTORS; i++)
                theta[v * VARIABLES + w] += m->h[i][v] * c[i * VARIABLES + w];
        }
}

/* Whether a method finds all targets; *quiet counts fits without a reason. */
static int is_right(const model *m, const dsep_precisions *precisions,
                    dsep_intervened_method method, int64_t *quiet) {
    const dsep_intervened_settings settings = dsep_intervened_defaults(method);
    dsep_intervened *fit = NULL;
    const int code = dsep_intervened_fit(precisions, &settings, NULL, &fit);
    int64_t place[FACTORS];
    for (int64_t k = 1; k <= FACTORS && !code; k++)
        place[m->target[k]] = fit->representation->target[k];
    const int right = !code && model_order_holds(m, place);
    *quiet += !code && fit->reason == DSEP_INTERVENED_FOUND;
    dsep_intervened_destroy(&fit);
    return right;
}

/* One run; count: right, quiet, and the same of LSCALE-I. */
static void run(int64_t n, uint32_t number, int64_t count[4]) {
    model m;
    double theta[FACTORS + 1][VARIABLES * VARIABLES];
    const double *all[FACTORS + 1];
    dsep_precisions *precisions = NULL;
    model_draw(SEED, number, FACTORS, VARIABLES, .75, &m);
    for (int64_t k = 0; k <= FACTORS; k++) {
        sampled_precision(&m, k, n, number, theta[k]);
        all[k] = theta[k];
    }
    if (dsep_precisions_of_matrices(VARIABLES, FACTORS + 1, all, 0, FACTORS, NULL, &precisions))
        return;
    count[0] += is_right(&m, precisions, DSEP_METHOD_DISENTANGLE, &count[1]);
    count[2] += is_right(&m, precisions, DSEP_METHOD_LSCALE, &count[3]);
    dsep_precisions_destroy(&precisions);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    const char *folder = tap_data();
    const int64_t runs = argc > 1 ? atol(argv[1]) : PUBLISHED_RUNS;
    point curve[POINTS];
    const int points = folder ? read_curve(folder, curve) : 0;
    if (!points)
        tap_skip("squires-curve: the published curve is not there");
    for (int i = 0; i < points; i++) {
        int64_t count[4] = {0};
        for (int64_t r = dsep_rank(ctx); r < runs; r += dsep_size(ctx))
            run(curve[i].n, (uint32_t)r, count);
        dsep_sum_i64(ctx, count, 4);
        const double mine = (double)count[0] / (double)runs, his = curve[i].fraction,
                     part = (double)runs / (double)(runs + PUBLISHED_RUNS),
                     q = mine * part + his * (1 - part),
                     most = 3 * sqrt(q * (1 - q) * (1. / PUBLISHED_RUNS + 1. / (double)runs));
        tap_ok(fabs(mine - his) <= most,
               "n = %" PRId64 ": %.4f of %" PRId64
               " runs right, published %.2f, may differ by %.3f",
               curve[i].n, mine, runs, his, most);
        tap_ok(count[2] >= runs * 97 / 100, "n = %" PRId64 ": LSCALE-I right in %.4f", curve[i].n,
               (double)count[2] / (double)runs);
        tap_ok(count[1] >= runs * 97 / 100 && count[3] >= runs * 97 / 100,
               "n = %" PRId64 ": targets look distinct in %" PRId64 " and %" PRId64, curve[i].n,
               count[1], count[3]);
    }
    return tap_end();
}
