/* Hierarchical component analysis: models whose rows are all combinations of a few values of each
 * source, so that sources are independent to the last digit and the answer is known; replicates,
 * null draws; what cannot be fitted; one rank or all.
 * ranks: 1 2 4 */
#include "solvers/hca.h"
#include "mpi/groups.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    D = 3,
    K = 3,
    LEVELS = 6,
    ROWS = LEVELS * LEVELS * LEVELS,
    WIDE = 230,
    MIDDLE = 20,
    NARROW = 5
};

typedef struct {
    int64_t p;
    double h[D][WIDE]; /* orthonormal rows, z = H x */
    double b[K][D][D]; /* noise = B_k z */
    double *values[K]; /* [ROWS x p] */
    int64_t rows[K];
    int32_t label[K];
    dsep_environments environments;
} model;

static double uniform(uint64_t index) {
    return 2 * dsep_random_uniform((dsep_random){4, DSEP_STREAM_NOISE, 0}, index) - 1;
}

static double dot(int64_t n, const double *x, const double *y) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* What is left of x without its parts along some orthonormal rows, as a share of its length. */
static double beside(int64_t n, int64_t count, double rows[][WIDE], const double *x) {
    double rest[WIDE];
    memcpy(rest, x, (size_t)n * sizeof *rest);
    for (int64_t i = 0; i < count; i++) {
        const double along = dot(n, rows[i], rest);
        for (int64_t j = 0; j < n; j++)
            rest[j] -= along * rows[i][j];
    }
    return sqrt(dot(n, rest, rest) / dot(n, x, x));
}

static void make_axes(model *m) {
    for (int i = 0; i < D; i++) {
        for (int64_t j = 0; j < m->p; j++)
            m->h[i][j] = uniform((uint64_t)(1000 * i + j));
        for (int pass = 0; pass < 2; pass++)
            for (int l = 0; l < i; l++) {
                const double along = dot(m->p, m->h[l], m->h[i]);
                for (int64_t j = 0; j < m->p; j++)
                    m->h[i][j] -= along * m->h[l][j];
            }
        const double length = sqrt(dot(m->p, m->h[i], m->h[i]));
        for (int64_t j = 0; j < m->p; j++)
            m->h[i][j] /= length;
    }
}

/* x = H' B_k^-1 noise + a mean; z by forward substitution. noise_of_x: added to every value. */
static void make_rows(model *m, int k, double noise_of_x) {
    static const double level[D][LEVELS] = {
        {-1, -.5, -.2, .2, .5, 1}, {-2, -.2, -.1, .1, .2, 2}, {-1, -1, -.9, .9, 1, 1}};
    for (int r = 0; r < ROWS; r++) {
        const double noise[D] = {level[0][r % LEVELS], level[1][r / LEVELS % LEVELS],
                                 level[2][r / LEVELS / LEVELS]};
        double z[D];
        for (int i = 0; i < D; i++)
            z[i] = (noise[i] - dot(i, m->b[k][i], z)) / m->b[k][i][i];
        for (int64_t j = 0; j < m->p; j++) {
            double x =
                (double)j + k + noise_of_x * uniform((uint64_t)(k * ROWS + r) * WIDE + (uint64_t)j);
            for (int i = 0; i < D; i++)
                x += m->h[i][j] * z[i];
            m->values[k][j * ROWS + r] = x;
        }
    }
}

static model *make_model(int64_t p, double noise_of_x) {
    model *m = calloc(1, sizeof *m);
    m->p = p;
    make_axes(m);
    for (int k = 0; k < K; k++) {
        for (int i = 0; i < D; i++)
            for (int j = 0; j <= i; j++)
                m->b[k][i][j] = j == i ? 1.5 + uniform((uint64_t)(90 + 10 * k + i))
                                       : 2 * uniform((uint64_t)(9000 + 100 * k + 10 * i + j));
        m->values[k] = calloc((size_t)(ROWS * p), sizeof(double));
        m->rows[k] = ROWS;
        m->label[k] = 5 - k;
        make_rows(m, k, noise_of_x);
    }
    m->environments = (dsep_environments){.n_variables = p,
                                          .n_environments = K,
                                          .rows = m->rows,
                                          .values = (const double *const *)m->values,
                                          .label = m->label};
    return m;
}

static void free_model(model *m) {
    for (int k = 0; k < K; k++)
        free(m->values[k]);
    free(m);
}

static dsep_hca_settings settings_of(int64_t factors) {
    dsep_hca_settings settings;
    dsep_hca_default_settings(&settings);
    settings.n_factors = factors;
    settings.ica.tolerance = 1e-24;
    settings.starts = 2;
    return settings;
}

/* --- an exact model ------------------------------------------------------------------------------
 */

/* The largest difference between B_k H and M_k, as a share of the row's length. */
static double mixing_error(const dsep_hca *fit) {
    double worst = 0;
    for (int row = 0; row < K * D; row++) {
        double rest[WIDE];
        const double *m = fit->unmixing + row * fit->n_variables;
        memcpy(rest, m, (size_t)fit->n_variables * sizeof *rest);
        for (int j = 0; j < D; j++)
            for (int64_t v = 0; v < fit->n_variables; v++)
                rest[v] -= fit->representation->b[row * D + j] *
                           fit->representation->h[j * fit->n_variables + v];
        worst = fmax(worst, sqrt(dot(fit->n_variables, rest, rest) / dot(fit->n_variables, m, m)));
    }
    return worst;
}

/* z_i in terms of its causes, by the structural weights, is noise: row i of (I - W) H of M_k. */
static double weights_error(const dsep_hca *fit) {
    const dsep_representation *r = fit->representation;
    double worst = 0;
    for (int row = 0; row < K * D; row++) {
        double own[WIDE];
        const int i = row % D;
        const double *m = fit->unmixing + row * fit->n_variables;
        memcpy(own, r->h + i * fit->n_variables, (size_t)fit->n_variables * sizeof *own);
        for (int j = 0; j < D; j++)
            for (int64_t v = 0; v < fit->n_variables; v++)
                own[v] -= r->weight[row * D + j] * r->h[j * fit->n_variables + v];
        const double cosine = dot(fit->n_variables, own, m) /
                              sqrt(dot(fit->n_variables, own, own) * dot(fit->n_variables, m, m));
        worst = fmax(worst, 1 - fabs(cosine));
        worst = fmax(worst, fabs(r->weight[row * D + i]));
    }
    return worst;
}

/* Correlation of factor i, as it stands, with a variable over all rows centred by environment. */
static double correlation(const model *m, const dsep_hca *fit, int64_t i, int64_t variable) {
    double zz = 0, zx = 0, xx = 0;
    for (int k = 0; k < K; k++) {
        double z[ROWS] = {0}, mean_z = 0, mean_x = 0;
        const double *x = m->values[k] + variable * ROWS;
        for (int r = 0; r < ROWS; r++) {
            for (int64_t v = 0; v < m->p; v++)
                z[r] += fit->representation->h[i * m->p + v] * m->values[k][v * ROWS + r];
            mean_z += z[r] / ROWS;
            mean_x += x[r] / ROWS;
        }
        for (int r = 0; r < ROWS; r++) {
            zz += (z[r] - mean_z) * (z[r] - mean_z);
            zx += (z[r] - mean_z) * (x[r] - mean_x);
            xx += (x[r] - mean_x) * (x[r] - mean_x);
        }
    }
    return zx / sqrt(zz * xx);
}

static void test_exact(dsep_context *ctx, int64_t p) {
    model *m = make_model(p, 0);
    const dsep_hca_settings settings = settings_of(D);
    dsep_hca *fit = NULL;
    double axes = 0, turned = 1;
    if (dsep_hca_fit(ctx, &m->environments, NULL, &settings, &fit))
        tap_note("%s", dsep_context_error(ctx)->text);
    if (!tap_ok(fit != NULL && fit->converged[0] && fit->converged[1] && fit->converged[2],
                "a fit of %lld variables", (long long)p)) {
        free_model(m);
        return;
    }
    for (int i = 0; i < D; i++)
        axes = fmax(axes, beside(p, i + 1, m->h, fit->representation->h + i * p));
    tap_ok(fit->mic < 1e-12 && fit->diagnostic[2] < 1e-12 && fit->exhaustive && fit->judged == 216,
           "an exact model has MIC %.1e", fit->mic);
    tap_ok(axes < 1e-7, "factors are the model's, up to those before them: %.1e", axes);
    tap_ok(mixing_error(fit) < 1e-7, "B_k H is M_k to %.1e", mixing_error(fit));
    tap_ok(weights_error(fit) < 1e-12, "weights leave noise of each factor: %.1e",
           weights_error(fit));
    tap_ok(fit->screening[1] < 1e-12 && fit->explained[0] > 1 - 1e-12,
           "environments share the subspace, which explains all");
    for (int i = 0; i < D; i++) {
        const double r = correlation(m, fit, i, fit->representation->named_by[i]);
        turned = fmin(turned, r);
        axes = fmax(axes, fabs(r * r - fit->named_alone[i]));
        axes = fmax(
            axes, fabs(1 - dot(p, fit->representation->h + i * p, fit->representation->h + i * p)));
    }
    tap_ok(turned > 0 && axes < 1e-7, "factors grow with the variables that name them");
    dsep_hca_destroy(&fit);
    free_model(m);
}

/* --- replicates and draws ------------------------------------------------------------------------
 */

/* The fit by one rank alone, and its replicates, have the bits of the fit by all. */
static void test_alone(dsep_context *ctx, const model *m, const dsep_hca_settings *settings,
                       const dsep_hca *fit) {
    dsep_groups *groups = NULL;
    dsep_hca *alone = NULL;
    double one[128] = {0}, two[128] = {0};
    dsep_groups_create(ctx, 1, &groups);
    dsep_hca_fit(dsep_groups_context(groups), &m->environments, NULL, settings, &alone);
    int same = !memcmp(fit->ic, alone->ic, sizeof(double) * K) && fit->judged == alone->judged &&
               !memcmp(fit->representation->h, alone->representation->h,
                       sizeof(double) * (size_t)(D * m->p)) &&
               !memcmp(fit->representation->weight, alone->representation->weight,
                       sizeof(double) * K * D * D);
    tap_ok(same, "the fit by one rank is the fit by all");
    for (int i = 0; i < 3; i++) {
        same &= !dsep_hca_bootstrap(fit, i, NULL, one) && !dsep_hca_bootstrap(alone, i, NULL, two);
        same &= !memcmp(one, two, sizeof one);
        same &= !dsep_hca_null(fit, i, NULL, one) && !dsep_hca_null(alone, i, NULL, two);
        same &= !memcmp(one, two, sizeof one);
    }
    tap_ok(same, "and so are replicates and null draws");
    dsep_hca_destroy(&alone);
    dsep_groups_destroy(&groups);
}

static void test_replicates(dsep_context *ctx, int64_t p) {
    enum { DRAWS = 12 };
    model *m = make_model(p, .02);
    dsep_hca_settings settings = settings_of(D);
    dsep_hca *fit = NULL;
    double boot = 0, null = 1, apart = 0, size = 0, differ = 0, values[128], last = 0;
    settings.ica.tolerance = 1e-12;
    settings.search.exhaustive = p == WIDE ? 100 : 50000;
    dsep_hca_fit(ctx, &m->environments, NULL, &settings, &fit);
    const int64_t first = dsep_hca_null_values(fit);
    tap_ok(dsep_hca_values(fit) == first + K * D * D && first == DSEP_HCA_IC + K && fit->mic < .01,
           "a fit with noise: MIC %.4f", fit->mic);
    for (int i = 0; i < DRAWS; i++) {
        dsep_hca_bootstrap(fit, i, NULL, values);
        boot = fmax(boot, values[DSEP_HCA_MIC]);
        differ += values[DSEP_HCA_MIC] != last;
        last = values[DSEP_HCA_MIC];
        for (int w = 0; w < K * D * D; w++) {
            const double weight = fit->representation->weight[w];
            apart += (values[first + w] - weight) * (values[first + w] - weight);
            size += weight * weight;
        }
        dsep_hca_null(fit, i, NULL, values);
        null = fmin(null, values[DSEP_HCA_MIC]);
    }
    tap_ok(boot < .05 && differ == DRAWS && null > boot,
           "replicates are near the fit, %.3f, rotations are not, %.3f", boot, null);
    tap_ok(apart < .05 * size, "weights of replicates are those of the fit's factors: %.3f",
           apart / size);
    test_alone(ctx, m, &settings, fit);
    dsep_hca_destroy(&fit);
    free_model(m);
}

/* Principal directions by all ranks together, through the Gram matrix or the covariance. */
static void test_grid(dsep_context *ctx, int64_t p) {
    model *m = make_model(p, .02);
    dsep_hca_settings settings = settings_of(D);
    dsep_hca *fit = NULL, *grid = NULL;
    double apart = 0;
    dsep_hca_fit(ctx, &m->environments, NULL, &settings, &fit);
    settings.grid_from = 1;
    if (dsep_hca_fit(ctx, &m->environments, NULL, &settings, &grid))
        tap_note("%s", dsep_context_error(ctx)->text);
    for (int64_t i = 0; grid && i < K * D * p; i++)
        apart = fmax(apart, fabs(fabs(fit->unmixing[i]) - fabs(grid->unmixing[i])));
    tap_ok(grid && apart < 1e-8 && fabs(fit->mic - grid->mic) < 1e-8,
           "over a grid, %lld variables: %.1e apart", (long long)p, apart);
    dsep_hca_destroy(&fit);
    dsep_hca_destroy(&grid);
    free_model(m);
}

/* --- what cannot be fitted -----------------------------------------------------------------------
 */

static void test_refused(dsep_context *ctx) {
    static const char *const names[] = {"north", "south", "west"};
    model *m = make_model(NARROW, 0);
    dsep_hca_settings settings = settings_of(4);
    dsep_hca *fit = NULL;
    const char *text = dsep_context_error(ctx)->text;
    tap_ok(dsep_hca_fit(ctx, &m->environments, names, &settings, &fit) == DSEP_ERROR_DATA && !fit &&
               strstr(text, "environment 'north' have rank 3, below the 4 factors"),
           "a rank below the number of factors is refused");
    settings.n_factors = NARROW + 1;
    tap_ok(dsep_hca_fit(ctx, &m->environments, names, &settings, &fit) == DSEP_ERROR_USAGE &&
               strstr(text, "6 factors of 5 variables"),
           "more factors than variables are refused");
    settings.n_factors = 0;
    tap_ok(dsep_hca_fit(ctx, &m->environments, names, &settings, &fit) == DSEP_ERROR_USAGE,
           "no factors are refused");
    settings.n_factors = D;
    m->rows[1] = 49;
    tap_ok(dsep_hca_fit(ctx, &m->environments, names, &settings, &fit) == DSEP_ERROR_DATA &&
               strstr(text, "environment 'south' has 49 rows; 50 are needed"),
           "too few rows are refused");
    m->rows[1] = ROWS;
    m->environments.n_environments = 1;
    tap_ok(dsep_hca_fit(ctx, &m->environments, names, &settings, &fit) == DSEP_ERROR_DATA &&
               strstr(text, "needs 2 at least"),
           "one environment is refused");
    m->environments.n_environments = K;
    settings.ica.max_iterations = 1;
    tap_ok(!dsep_hca_fit(ctx, &m->environments, names, &settings, &fit) && !fit->converged[1] &&
               fit->iterations[1] == 1,
           "components that do not converge are told, and the fit goes on");
    dsep_hca_destroy(&fit);
    free_model(m);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_exact(ctx, NARROW);
    test_exact(ctx, WIDE);
    test_replicates(ctx, NARROW);
    test_replicates(ctx, WIDE);
    test_grid(ctx, MIDDLE);
    test_grid(ctx, WIDE);
    test_refused(ctx);
    return tap_end();
}
