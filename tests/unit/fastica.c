/* FastICA against a slow one, against known sources, and its kernel against the C library; random
 * rotations; assignments against all permutations.
 * ranks: 1 3 */
#include "solvers/fastica.h"
#include "solvers/assignment.h"
#include "solvers/rotation.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000, D = 3, PLACES = 20001, MOST = 6 };

static const char *const contrast_names[] = {"log cosh", "exp", "cube"};

static double uniform(uint64_t index) {
    return dsep_random_uniform((dsep_random){5, DSEP_STREAM_NOISE, 0}, index);
}

/* --- kernel --------------------------------------------------------------------------------------
 */

static double g_of(dsep_contrast contrast, double u) {
    return contrast == DSEP_CONTRAST_LOGCOSH ? tanh(u)
           : contrast == DSEP_CONTRAST_EXP   ? u * exp(-u * u / 2)
                                             : u * u * u;
}

static double slope_of(dsep_contrast contrast, double u) {
    return contrast == DSEP_CONTRAST_LOGCOSH ? 1 - tanh(u) * tanh(u)
           : contrast == DSEP_CONTRAST_EXP   ? (1 - u * u) * exp(-u * u / 2)
                                             : 3 * u * u;
}

static void test_kernel(dsep_contrast contrast) {
    static double u[PLACES], g[PLACES];
    double worst = 0, slope = 0;
    for (int i = 0; i < PLACES; i++)
        u[i] = i % 2 ? (uniform((uint64_t)i) - .5) * 50 : ldexp(uniform((uint64_t)i) - .5, -i % 60);
    u[0] = 0;
    const double mean = dsep_fastica_kernel(contrast, PLACES, u, g);
    for (int i = 0; i < PLACES; i++) {
        const double want = g_of(contrast, u[i]);
        slope += slope_of(contrast, u[i]) / PLACES;
        worst = fmax(worst, fabs(g[i] - want) / fmax(fabs(want), 1e-290));
    }
    tap_ok(worst < (contrast == DSEP_CONTRAST_EXP ? 1e-13 : 1e-15) && g[0] == 0,
           "%s: g is the C library's to %.1e", contrast_names[contrast], worst);
    tap_ok(fabs(mean - slope) < 1e-13 * fmax(1, slope), "%s: the mean of g'",
           contrast_names[contrast]);
}

/* --- a slow FastICA ------------------------------------------------------------------------------
 */

/* Nearest orthogonal matrix of a 3 x 3 one by Newton's iteration, W <- (W + W^-T) / 2. */
static void make_orthogonal(double w[D][D]) {
    for (int round = 0; round < 200; round++) {
        double c[D][D], det = 0;
        for (int i = 0; i < D; i++)
            for (int j = 0; j < D; j++)
                c[i][j] = w[(i + 1) % D][(j + 1) % D] * w[(i + 2) % D][(j + 2) % D] -
                          w[(i + 1) % D][(j + 2) % D] * w[(i + 2) % D][(j + 1) % D];
        for (int j = 0; j < D; j++)
            det += w[0][j] * c[0][j];
        for (int i = 0; i < D; i++)
            for (int j = 0; j < D; j++)
                w[i][j] = (w[i][j] + c[i][j] / det) / 2;
    }
}

static void slow_fastica(int64_t n, const double *y, const int32_t *weight, dsep_contrast contrast,
                         double w[D][D]) {
    make_orthogonal(w);
    for (int round = 0; round < 300; round++) {
        double next[D][D] = {{0}}, total = 0;
        for (int64_t m = 0; m < n; m++)
            total += weight ? weight[m] : 1;
        for (int i = 0; i < D; i++)
            for (int64_t m = 0; m < n; m++) {
                const double times = (weight ? weight[m] : 1) / total;
                const double s = w[i][0] * y[m] + w[i][1] * y[n + m] + w[i][2] * y[2 * n + m];
                for (int j = 0; j < D; j++)
                    next[i][j] += times * (y[j * n + m] * g_of(contrast, s) -
                                           slope_of(contrast, s) * w[i][j]);
            }
        memcpy(w, next, sizeof next);
        make_orthogonal(w);
    }
}

/* --- scores --------------------------------------------------------------------------------------
 */

/* Centred and uncorrelated with mean square 1 under the weights: Gram-Schmidt. */
static void whiten(int64_t n, int64_t d, const int32_t *weight, double *y) {
    double total = 0;
    for (int64_t m = 0; m < n; m++)
        total += weight ? weight[m] : 1;
    for (int64_t j = 0; j < d; j++)
        for (int64_t h = -1; h <= j; h++) {
            double sum = 0;
            for (int64_t m = 0; m < n; m++)
                sum += (weight ? weight[m] : 1) * y[j * n + m] * (h < 0 ? 1 : y[h * n + m]) / total;
            for (int64_t m = 0; m < n; m++)
                y[j * n + m] = h == j ? y[j * n + m] / sqrt(sum)
                                      : y[j * n + m] - sum * (h < 0 ? 1 : y[h * n + m]);
        }
}

/* Independent sources of three kinds, mixed by a rotation and whitened; unmixing: [d x d] what
 * gives the sources as far as whitening left them. */
static void make_scores(int64_t n, const int32_t *weight, double *y, double *rotation) {
    double *s = calloc((size_t)(D * n), sizeof *s);
    for (int64_t m = 0; m < n; m++)
        for (int j = 0; j < D; j++) {
            const double u = uniform((uint64_t)(m * D + j)) - .5;
            s[j * n + m] = j == 0 ? u : j == 1 ? copysign(log(1 - 2 * fabs(u)), u) : u * u * u;
        }
    whiten(n, D, weight, s);
    dsep_rotation((dsep_random){3, DSEP_STREAM_ROTATION, 0}, 7, D, rotation);
    memset(y, 0, (size_t)(D * n) * sizeof *y);
    for (int j = 0; j < D; j++)
        for (int i = 0; i < D; i++)
            for (int64_t m = 0; m < n; m++)
                y[j * n + m] += rotation[i * D + j] * s[i * n + m];
    free(s);
}

/* The largest 1 - |cosine| between rows of one and the nearest of the other. */
static double apart(const double *one, const double *other) {
    double worst = 0;
    for (int i = 0; i < D; i++) {
        double best = 0;
        for (int h = 0; h < D; h++) {
            double sum = 0;
            for (int j = 0; j < D; j++)
                sum += one[i * D + j] * other[h * D + j];
            best = fmax(best, fabs(sum));
        }
        worst = fmax(worst, 1 - best);
    }
    return worst;
}

static void test_sources(dsep_contrast contrast, const int32_t *weight) {
    static double y[D * ROWS];
    double truth[D * D], w[D * D], slow[D][D];
    dsep_fastica_settings settings;
    dsep_fastica_outcome outcome, one_by_one;
    dsep_fastica_default_settings(&settings);
    settings.contrast = contrast;
    settings.tolerance = 1e-22;
    make_scores(ROWS, weight, y, truth);
    dsep_rotation((dsep_random){1, DSEP_STREAM_ICA, 0}, 0, D, w);
    memcpy(slow, w, sizeof slow);
    dsep_fastica(ROWS, D, y, weight, &settings, w, NULL, &outcome);
    slow_fastica(ROWS, y, weight, contrast, slow);
    const char *rows = weight ? "weighted rows" : "all rows";
    tap_ok(outcome.converged && apart(w, truth) < .01, "%s, %s: known sources, 1 - cos %.1e",
           contrast_names[contrast], rows, apart(w, truth));
    tap_ok(apart(w, slow[0]) < 1e-14, "%s, %s: the slow one's: %.1e", contrast_names[contrast],
           rows, apart(w, slow[0]));
    settings.deflation = 1;
    dsep_fastica(ROWS, D, y, weight, &settings, w, NULL, &one_by_one);
    tap_ok(one_by_one.converged && apart(w, truth) < .01, "%s, %s: one by one too, 1 - cos %.1e",
           contrast_names[contrast], rows, apart(w, truth));
    settings.deflation = 0;
    settings.max_iterations = 2;
    dsep_fastica_best(ROWS, D, y, weight, &settings, (dsep_random){1, DSEP_STREAM_ICA, 0}, 3, w,
                      NULL, &outcome);
    tap_ok(!outcome.converged && outcome.iterations == 2, "not converged is told");
}

/* --- rotations and assignments -------------------------------------------------------------------
 */

static void test_rotations(void) {
    enum { DRAWS = 4000, N = 4 };
    double worst = 0, mean = 0, square = 0, fourth = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        double q[N * N];
        dsep_rotation((dsep_random){2, DSEP_STREAM_ROTATION, 1}, (uint64_t)draw, N, q);
        for (int i = 0; i < N; i++)
            for (int h = 0; h < N; h++) {
                double sum = i == h ? -1 : 0;
                for (int j = 0; j < N; j++)
                    sum += q[i * N + j] * q[h * N + j];
                worst = fmax(worst, fabs(sum));
            }
        mean += q[N * N - 1] / DRAWS;
        square += q[N * N - 1] * q[N * N - 1] / DRAWS;
        fourth += pow(q[N * N - 1], 4) / DRAWS;
    }
    tap_ok(worst < 1e-14, "rotations are orthogonal: %.1e", worst);
    /* of a coordinate of a uniform unit vector in 4 dimensions: 0, 1/4, 3/24 */
    tap_ok(fabs(mean) < .03 && fabs(square - .25) < .015 && fabs(fourth - .125) < .015,
           "and uniform: moments %.3f %.3f %.3f", mean, square, fourth);
}

static double least_of(int n, const double *cost, int row, unsigned taken) {
    double best = row == n ? 0 : INFINITY;
    for (int j = 0; row < n && j < n; j++)
        if (!(taken >> j & 1))
            best = fmin(best, cost[row * n + j] + least_of(n, cost, row + 1, taken | 1u << j));
    return best;
}

static void test_assignments(void) {
    int good = 1;
    for (int trial = 0; trial < 300; trial++) {
        const int n = trial % (MOST + 1);
        double cost[MOST * MOST], total = -1, sum = 0;
        int64_t column[MOST];
        unsigned taken = 0;
        for (int i = 0; i < n * n; i++) {
            const double u = uniform((uint64_t)(1000 + trial * 64 + i)) - .3;
            cost[i] = trial % 3 ? u : floor(u * 4); /* with ties */
        }
        good &= dsep_assignment(n, cost, NULL, column, &total) == DSEP_OK;
        for (int i = 0; i < n; i++) {
            taken |= 1u << column[i];
            sum += cost[i * n + column[i]];
        }
        good &=
            taken == (1u << n) - 1 && sum == total && fabs(total - least_of(n, cost, 0, 0)) < 1e-12;
    }
    tap_ok(good, "assignments cost the least of all permutations");
}

int main(int argc, char **argv) {
    int32_t weight[ROWS];
    tap_begin(&argc, &argv);
    for (int m = 0; m < ROWS; m++)
        weight[m] = m * 7 % 4;
    for (int c = 0; c < 3; c++) {
        test_kernel((dsep_contrast)c);
        test_sources((dsep_contrast)c, NULL);
    }
    test_sources(DSEP_CONTRAST_LOGCOSH, weight);
    test_rotations();
    test_assignments();
    return tap_end();
}
