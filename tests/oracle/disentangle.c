/* Exact precision matrices give the encoder and the graph to rounding, by both methods.
 * ranks: 1 3 */
#include "solvers/disentangle.h"
#include "solvers/dense.h"
#include "solvers/lscale.h"
#include "tests/support/interventions.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double h, b, graph; /* largest differences from the model */
    int targets;        /* all right */
    int quiet;          /* no reason given */
} outcome;

/* Compares a fit with the model, factors matched by the environments' targets. */
static outcome against(const model *m, const dsep_intervened *fit) {
    const dsep_representation *r = fit->representation;
    outcome o = {0, 0, 0, 1, fit->reason == DSEP_INTERVENED_FOUND};
    int64_t place[MODEL_FACTORS];
    for (int64_t k = 1; k <= m->d; k++)
        place[m->target[k]] = r->target[k];
    o.targets = model_order_holds(m, place);
    for (int64_t i = 0; i < m->d; i++)
        for (int64_t v = 0; v < m->p; v++)
            o.h = fmax(o.h, fabs(r->h[place[i] * m->p + v] - m->h[i][v]));
    for (int64_t k = 0; k <= m->d; k++)
        for (int64_t i = 0; i < m->d; i++)
            for (int64_t j = 0; j < m->d; j++)
                o.b =
                    fmax(o.b, fabs(r->b[(k * m->d + place[i]) * m->d + place[j]] - m->b[k][i][j]));
    for (int64_t i = 0; i < m->d; i++)
        for (int64_t j = 0; j < m->d; j++)
            if (i != j && m->b[0][i][j] == 0)
                o.graph = fmax(o.graph, fabs(fit->strength[place[i] * m->d + place[j]]));
    return o;
}

static int fitted(const model *m, const dsep_intervened_settings *settings, dsep_intervened **fit) {
    double *theta[MODEL_FACTORS + 1];
    dsep_error error = {0};
    dsep_precisions *precisions = NULL;
    for (int64_t k = 0; k <= m->d; k++) {
        theta[k] = malloc((size_t)(m->p * m->p) * sizeof **theta);
        model_precision(m, k, theta[k]);
    }
    int code = dsep_precisions_of_matrices(m->p, m->d + 1, (const double *const *)theta, 0, m->d,
                                           &error, &precisions);
    code = code ? code : dsep_intervened_fit(precisions, settings, &error, fit);
    if (code)
        tap_note("%s", error.text);
    dsep_precisions_destroy(&precisions);
    for (int64_t k = 0; k <= m->d; k++)
        free(theta[k]);
    return !code;
}

static void models(const char *name, const dsep_intervened_settings *settings) {
    static const int64_t variables[] = {8, 10, 13, 20, 40};
    outcome worst = {0, 0, 0, 1, 1};
    int good = 1, count = 0;
    for (uint32_t number = 0; number < 20; number++)
        for (int64_t d = 1; d <= MODEL_FACTORS; d++)
            for (int s = 0; s < 5; s++, count++) {
                model m;
                dsep_intervened *fit = NULL;
                if (variables[s] < d + 2)
                    continue;
                model_draw(8164, number * 64 + (uint32_t)(d * 5) + (uint32_t)s, d, variables[s],
                           .75, &m);
                good &= fitted(&m, settings, &fit);
                const outcome o = fit ? against(&m, fit) : (outcome){0};
                dsep_intervened_destroy(&fit);
                worst.h = fmax(worst.h, o.h);
                worst.b = fmax(worst.b, o.b);
                worst.graph = fmax(worst.graph, o.graph);
                worst.targets &= o.targets;
                worst.quiet &= o.quiet;
            }
    tap_note("%s, %d models: H %.1e, B %.1e, absent edges %.1e", name, count, worst.h, worst.b,
             worst.graph);
    tap_ok(good && worst.targets && worst.quiet, "%s: all targets right", name);
    tap_ok(worst.h <= 1e-10, "%s: H to 1e-10", name);
    tap_ok(worst.b <= 1e-8 && worst.graph <= 1e-6, "%s: B to 1e-8, absent edges to 1e-6", name);
}

/* --- soft interventions ---------------------------------------------------------------------- */

/* Other coefficients and another variance, and no cause lost. */
static void soften(model *m) {
    for (int64_t k = 1; k <= m->d; k++)
        for (int64_t j = 0; j < m->d; j++) {
            const int64_t t = m->target[k];
            m->b[k][t][j] = m->b[0][t][j] * (j == t ? 2.5 : .4 + .3 * (double)((j + k) % 4));
        }
}

/* Largest share of a factor that is no ancestor of a fitted one, or strength of its edge. */
static double beyond_ancestors(const model *m, const dsep_intervened *fit) {
    const dsep_representation *r = fit->representation;
    double g[MODEL_VARIABLES * MODEL_FACTORS], most = 0;
    int ancestor[MODEL_FACTORS][MODEL_FACTORS] = {{0}};
    model_decoder(m, g);
    for (int64_t i = m->d - 1; i >= 0; i--)
        for (int64_t j = i; j < m->d; j++)
            for (int64_t l = j; l < m->d; l++)
                ancestor[i][l] |= i == l || (m->b[0][i][j] != 0 && (j == l || ancestor[j][l]));
    for (int64_t k = 1; k <= m->d; k++)
        for (int64_t j = 0; j < m->d; j++) {
            const int64_t i = m->target[k], row = r->target[k];
            int64_t other = 0;
            double mixed = 0;
            for (int64_t v = 0; v < m->p; v++)
                mixed += r->h[row * m->p + v] * g[v * m->d + j];
            for (int64_t l = 1; l <= m->d; l++)
                other = m->target[l] == j ? r->target[l] : other;
            if (!ancestor[i][j])
                most = fmax(most, fmax(fabs(mixed), fabs(fit->strength[row * m->d + other])));
        }
    return most;
}

static void soft(void) {
    dsep_intervened_settings settings = dsep_intervened_defaults(DSEP_METHOD_LSCALE);
    settings.hard = 0;
    double most = 0;
    int good = 1;
    for (uint32_t number = 0; number < 60; number++) {
        model m;
        dsep_intervened *fit = NULL;
        model_draw(77, number, 3 + number % 4, 12, .4, &m);
        soften(&m);
        good &= fitted(&m, &settings, &fit) && fit->reason == DSEP_INTERVENED_FOUND;
        most = fmax(most, good ? beyond_ancestors(&m, fit) : INFINITY);
        dsep_intervened_destroy(&fit);
    }
    tap_ok(good && most < 1e-7, "LSCALE-I, soft: factors are mixed with ancestors alone, to %.0e",
           most);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    dsep_intervened_settings settings = dsep_intervened_defaults(DSEP_METHOD_DISENTANGLE);
    settings.gamma = 1 - 1e-9; /* the published one is for samples */
    models("disentanglement", &settings);
    settings = dsep_intervened_defaults(DSEP_METHOD_LSCALE);
    models("LSCALE-I", &settings);
    soft();
    return tap_end();
}
