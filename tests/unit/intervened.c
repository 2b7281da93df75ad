/* Representations from interventions, of rows: recovery, edges by bootstrap, what is refused and
 * what is said instead, and the same bits on one rank and on all.
 * ranks: 1 3 */
#include "mpi/layout.h"
#include "solvers/disentangle.h"
#include "solvers/lscale.h"
#include "solvers/scalapack.h"
#include "tests/support/interventions.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 3, P = 6, ROWS = 4000, REPLICATES = 60 };

static dsep_context *ctx;

/* Rows of some environments of a model: x = pinv(H) z + noise; which: [count]. Collective. */
static dsep_environments *draw(dsep_context *with, const model *m, const int64_t *which,
                               int64_t count, int64_t rows, double noise) {
    const int64_t d = m->d, p = m->p, n = rows * count;
    dsep_table *table = NULL;
    dsep_environments *environments = NULL;
    double g[MODEL_VARIABLES * MODEL_FACTORS];
    int32_t label[MODEL_FACTORS + 2];
    model_decoder(m, g);
    if (dsep_table_create(with, n, p, &table))
        return NULL;
    table->n_environments = count;
    table->environment = malloc((size_t)n * sizeof *table->environment);
    table->environment_names = calloc((size_t)count, sizeof *table->environment_names);
    double *z = malloc((size_t)(rows * d) * sizeof *z);
    for (int64_t k = 0; k < count; k++) {
        label[k] = (int32_t)k;
        model_factors(m, which[k], rows, 5, (uint32_t)k, z);
        for (int64_t s = 0; s < rows; s++) {
            table->environment[k * rows + s] = (int32_t)k;
            for (int64_t v = 0; v < table->mine.count; v++) {
                const int64_t variable = table->mine.first + v;
                double x = 7 + noise * model_normal(6, (uint32_t)k, (uint64_t)(s * p + variable));
                for (int64_t i = 0; i < d; i++)
                    x += g[variable * d + i] * z[i * rows + s];
                table->values[v * n + k * rows + s] = x;
            }
        }
    }
    free(z);
    dsep_environments_create(with, table, label, count, &environments);
    dsep_table_destroy(&table);
    return environments;
}

static const int64_t EACH[] = {0, 1, 2, 3};

/* Of a chain 2 -> 1 -> 0 and no arc 2 -> 0. */
static model chain(void) {
    model m;
    model_draw(3, 1, D, P, 0, &m);
    for (int k = 0; k <= D; k++)
        for (int i = 0; i < 2; i++)
            if (m.target[k] != i)
                m.b[k][i][i + 1] = -.8 * m.b[k][i][i];
    return m;
}

static dsep_precisions *precisions_of(dsep_context *with, const model *m, const int64_t *which,
                                      int64_t count, int64_t rows, double noise,
                                      int64_t observational, int64_t d) {
    dsep_precisions *precisions = NULL;
    dsep_environments *environments = draw(with, m, which, count, rows, noise);
    dsep_precisions_of_environments(with, environments, observational, d, DSEP_GRID_FROM,
                                    &precisions);
    dsep_environments_destroy(&environments);
    return precisions;
}

/* Largest difference of the magnitudes in H (signs follow the largest entry), factors matched by
 * targets; infinite where the order is wrong. */
static double off(const model *m, const dsep_intervened *fit) {
    const dsep_representation *r = fit->representation;
    double most = 0;
    int64_t place[MODEL_FACTORS];
    for (int64_t k = 1; k <= m->d; k++)
        place[m->target[k]] = r->target[k];
    for (int64_t i = 0; i < m->d; i++)
        for (int64_t v = 0; v < m->p; v++)
            most = fmax(most, fabs(fabs(r->h[place[i] * m->p + v]) - fabs(m->h[i][v])));
    return model_order_holds(m, place) ? most : INFINITY;
}

/* --- recovery and edges ---------------------------------------------------------------------- */

static void test_edges(const char *name, const dsep_intervened_settings *settings,
                       const dsep_precisions *precisions, const model *m) {
    dsep_error error = {0};
    dsep_intervened *fit = NULL;
    dsep_intervened_edges *edges = NULL;
    const int64_t n = dsep_intervened_values(D);
    double *values = malloc((size_t)(n * REPLICATES) * sizeof *values);
    int code = dsep_intervened_fit(precisions, settings, &error, &fit);
    tap_ok(!code && off(m, fit) < .05 && fit->reason == DSEP_INTERVENED_FOUND,
           "%s: H of 4,000 rows an environment, off by %.3f", name, off(m, fit));
    for (int64_t r = 0; r < REPLICATES && !code; r++)
        code = dsep_intervened_replicate(precisions, fit, settings, 11, r, &error, values + r * n);
    code = code ? code : dsep_intervened_judge(fit, values, REPLICATES, .95, &error, &edges);
    int64_t place[D];
    for (int64_t k = 1; k <= D; k++)
        place[m->target[k]] = fit->representation->target[k];
    int good = !code && edges->n_fitted == REPLICATES && edges->agreeing == 1, covered = 1;
    for (int64_t i = 0; i < D && good; i++)
        for (int64_t j = 0; j < D; j++) {
            const int64_t pair = place[i] * D + place[j];
            const int arc = j == i + 1;
            good &= i == j || edges->edge[pair] == arc;
            good &= i == j || (arc ? edges->share[pair] > .9 : edges->share[pair] < .5);
            covered &= !arc || (edges->low[pair] < fit->strength[pair] + 1e-12 &&
                                edges->high[pair] > fit->strength[pair] - 1e-12 &&
                                edges->low[pair] < edges->high[pair]);
        }
    tap_ok(good, "%s: the edges of the model and no other pass the bootstrap's threshold", name);
    tap_ok(covered, "%s: intervals hold the strengths", name);
    double again[1 + D + 2 * D * D];
    dsep_intervened_replicate(precisions, fit, settings, 11, 7, &error, again);
    tap_ok(!memcmp(again, values + 7 * n, sizeof again),
           "%s: a replicate is a function of its number", name);
    dsep_intervened_edges_destroy(&edges);
    dsep_intervened_destroy(&fit);
    free(values);
}

/* Strengths mean the same in both methods: |B_0[effect, cause]| sd(cause). */
static void test_strength(const dsep_precisions *precisions) {
    dsep_intervened *one = NULL, *two = NULL;
    int good =
        !dsep_disentangle(precisions, .99, NULL, &one) && !dsep_lscale(precisions, 1, NULL, &two);
    for (int64_t i = 0; i < D * D && good; i++)
        good &= fabs(fabs(one->strength[i]) - two->strength[i]) < .15;
    tap_ok(good, "both methods measure the same strength");
    dsep_intervened_destroy(&one);
    dsep_intervened_destroy(&two);
}

static void test_ranks(const model *m) {
    dsep_context *alone = NULL;
    dsep_context_create(MPI_COMM_SELF, &alone);
    dsep_precisions *all = precisions_of(ctx, m, EACH, D + 1, 200, .1, 0, D),
                    *self = precisions_of(alone, m, EACH, D + 1, 200, .1, 0, D);
    const size_t size = (D + 1) * D * D * sizeof(double);
    tap_ok(all && self && !memcmp(all->precision, self->precision, size) &&
               !memcmp(all->basis, self->basis, D * P * sizeof(double)) && all->gap == self->gap &&
               all->gap > 0 && all->kept < 1,
           "one rank and all ranks: the same bits");
    dsep_precisions_destroy(&all);
    dsep_precisions_destroy(&self);
    dsep_context_destroy(&alone);
}

static void test_noise(const model *m) {
    dsep_precisions *precisions = precisions_of(ctx, m, EACH, D + 1, ROWS, .01, 0, D);
    dsep_intervened *fit = NULL;
    const int code = dsep_disentangle(precisions, .99, dsep_context_error(ctx), &fit);
    tap_ok(!code && off(m, fit) < .1, "noise on what is measured: H off by %.3f", off(m, fit));
    dsep_intervened_destroy(&fit);
    dsep_precisions_destroy(&precisions);
}

/* --- over the grid --------------------------------------------------------------------------- */

enum { WIDE = 300, WIDE_D = 2, WIDE_ROWS = 60 };

static double loading(int64_t variable, int64_t factor) {
    return model_normal(8, (uint32_t)factor, (uint64_t)variable);
}

/* x = G z without noise for variables of which every rank has several blocks. */
static dsep_environments *wide(const model *m) {
    const int64_t n = WIDE_ROWS * (WIDE_D + 1);
    int32_t label[] = {0, 1, 2};
    double z[WIDE_D * WIDE_ROWS];
    dsep_table *table = NULL;
    dsep_environments *environments = NULL;
    if (dsep_table_create(ctx, n, WIDE, &table))
        return NULL;
    table->n_environments = WIDE_D + 1;
    table->environment = malloc((size_t)n * sizeof *table->environment);
    table->environment_names = calloc(WIDE_D + 1, sizeof *table->environment_names);
    for (int64_t k = 0; k <= WIDE_D; k++) {
        model_factors(m, k, WIDE_ROWS, 9, (uint32_t)k, z);
        for (int64_t s = 0; s < WIDE_ROWS; s++) {
            table->environment[k * WIDE_ROWS + s] = (int32_t)k;
            for (int64_t v = 0; v < table->mine.count; v++)
                for (int64_t i = 0; i < WIDE_D; i++)
                    table->values[v * n + k * WIDE_ROWS + s] +=
                        loading(table->mine.first + v, i) * z[i * WIDE_ROWS + s];
        }
    }
    dsep_environments_create(ctx, table, label, WIDE_D + 1, &environments);
    dsep_table_destroy(&table);
    return environments;
}

/* The subspace is that of G: what is left of its columns outside is rounding. */
static void test_grid(void) {
    model m;
    model_draw(4, 1, WIDE_D, WIDE_D + 2, 1, &m);
    dsep_environments *environments = wide(&m);
    dsep_precisions *precisions = NULL;
    const int code =
        dsep_precisions_of_environments(ctx, environments, 0, WIDE_D, WIDE, &precisions);
    double most = 0;
    for (int64_t i = 0; i < WIDE_D && !code; i++) {
        double along[WIDE_D] = {0};
        for (int64_t j = 0; j < WIDE_D; j++)
            for (int64_t v = 0; v < WIDE; v++)
                along[j] += precisions->basis[j * WIDE + v] * loading(v, i);
        for (int64_t v = 0; v < WIDE; v++) {
            double rest = loading(v, i);
            for (int64_t j = 0; j < WIDE_D; j++)
                rest -= along[j] * precisions->basis[j * WIDE + v];
            most = fmax(most, fabs(rest));
        }
    }
    tap_ok(!code && most < 1e-10 && fabs(precisions->kept - 1) < 1e-10 &&
               strstr(precisions->arithmetic, "ScaLAPACK"),
           "%d variables over the grid: the subspace to %.0e", WIDE, most);
    dsep_precisions_destroy(&precisions);
    dsep_environments_destroy(&environments);
}

/* --- what is refused or said ----------------------------------------------------------------- */

static void refused(const model *m, int64_t count, int64_t rows, int64_t observational, int64_t d,
                    int wanted, const char *text) {
    dsep_precisions *precisions = NULL;
    dsep_environments *environments = draw(ctx, m, EACH, count, rows, 0);
    const int code = dsep_precisions_of_environments(ctx, environments, observational, d,
                                                     DSEP_GRID_FROM, &precisions);
    tap_ok(code == wanted && !precisions && strstr(dsep_context_error(ctx)->text, text),
           "refused: %s", dsep_context_error(ctx)->text);
    dsep_environments_destroy(&environments);
}

static void test_refused(const model *m) {
    refused(m, 3, 50, 0, D, DSEP_ERROR_DATA, "3 environments do not tell 3 factors");
    refused(m, 4, 50, 4, D, DSEP_ERROR_USAGE, "no observational environment");
    refused(m, 4, 50, -1, D, DSEP_ERROR_USAGE, "no observational environment");
    refused(m, 4, 4, 0, D, DSEP_ERROR_DATA, "has 4 rows: 3 factors need 5");
    refused(m, 4, 50, 0, P + 1, DSEP_ERROR_USAGE, "7 factors cannot be found in 6 variables");
    const int64_t five[] = {0, 1, 2, 3, 1};
    dsep_precisions *precisions = precisions_of(ctx, m, five, 5, 50, 0, 0, D + 1);
    tap_ok(!precisions && strstr(dsep_context_error(ctx)->text, "have rank 3"), "refused: %s",
           dsep_context_error(ctx)->text);
    precisions = precisions_of(ctx, m, five, 5, 50, 0, 0, D);
    dsep_intervened *fit = NULL;
    dsep_error error = {0};
    tap_ok(dsep_lscale(precisions, 1, &error, &fit) == DSEP_ERROR_DATA && !fit &&
               strstr(error.text, "4 in all: there are 5"),
           "LSCALE-I refused: %s", error.text);
    tap_ok(!dsep_disentangle(precisions, .99, &error, &fit) &&
               fit->representation->target[1] == fit->representation->target[4] && !fit->reason,
           "disentanglement: an environment more gets its target");
    dsep_intervened_destroy(&fit);
    dsep_precisions_destroy(&precisions);
}

/* Environments 1 and 3 have the same target, or 3 has none, so that one factor has none. */
static void test_reason(const model *m, dsep_intervened_method method, int64_t third,
                        dsep_intervened_reason reason, int64_t first, int64_t second) {
    const int64_t which[] = {0, 1, 2, third};
    const dsep_intervened_settings settings = dsep_intervened_defaults(method);
    dsep_precisions *precisions = precisions_of(ctx, m, which, 4, ROWS, 0, 0, D);
    dsep_intervened *fit = NULL;
    const int code = dsep_intervened_fit(precisions, &settings, dsep_context_error(ctx), &fit);
    tap_ok(!code && fit->reason == reason && fmin(fit->concerned[0], fit->concerned[1]) == first &&
               fmax(fit->concerned[0], fit->concerned[1]) == second,
           "method %d: %s", (int)method, code ? "" : dsep_intervened_reason_text(fit->reason));
    dsep_intervened_destroy(&fit);
    dsep_precisions_destroy(&precisions);
}

/* The same with exact matrices: what is found is no number. */
static void test_exact_reason(const model *m, dsep_intervened_method method, int64_t third,
                              dsep_intervened_reason reason) {
    const dsep_intervened_settings settings = dsep_intervened_defaults(method);
    const int64_t which[] = {0, 1, 2, third};
    double theta[D + 1][P * P];
    const double *all[D + 1];
    dsep_precisions *precisions = NULL;
    dsep_intervened *fit = NULL;
    for (int k = 0; k <= D; k++) {
        model_precision(m, which[k], theta[k]);
        all[k] = theta[k];
    }
    int code =
        dsep_precisions_of_matrices(P, D + 1, all, 0, D, dsep_context_error(ctx), &precisions);
    code = code ? code : dsep_intervened_fit(precisions, &settings, dsep_context_error(ctx), &fit);
    tap_ok(!code && fit->reason == reason, "method %d, exact: %s", (int)method,
           code ? "" : dsep_intervened_reason_text(fit->reason));
    dsep_intervened_destroy(&fit);
    dsep_precisions_destroy(&precisions);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    const model m = chain();
    dsep_precisions *precisions = precisions_of(ctx, &m, EACH, D + 1, ROWS, 0, 0, D);
    dsep_intervened_settings settings = dsep_intervened_defaults(DSEP_METHOD_DISENTANGLE);
    test_edges("disentanglement", &settings, precisions, &m);
    settings = dsep_intervened_defaults(DSEP_METHOD_LSCALE);
    test_edges("LSCALE-I", &settings, precisions, &m);
    test_strength(precisions);
    dsep_precisions_destroy(&precisions);
    test_ranks(&m);
    test_noise(&m);
    test_grid();
    test_refused(&m);
    for (int i = 0; i < 2; i++) {
        const dsep_intervened_method method = i ? DSEP_METHOD_LSCALE : DSEP_METHOD_DISENTANGLE;
        test_reason(&m, method, 1, DSEP_INTERVENED_SAME_TARGET, 1, 3);
        test_reason(&m, method, 0, DSEP_INTERVENED_NO_CHANGE, -1, 3);
        test_exact_reason(&m, method, 1, DSEP_INTERVENED_SAME_TARGET);
        test_exact_reason(&m, method, 0, DSEP_INTERVENED_NO_CHANGE);
    }
    return tap_end();
}
