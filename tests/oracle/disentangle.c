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

static int fitted(const model *m, const dsep_intervened_settings *settings, outcome *o) {
    double *theta[MODEL_FACTORS + 1];
    dsep_error error = {0};
    dsep_precisions *precisions = NULL;
    dsep_intervened *fit = NULL;
    for (int64_t k = 0; k <= m->d; k++) {
        theta[k] = malloc((size_t)(m->p * m->p) * sizeof **theta);
        model_precision(m, k, theta[k]);
    }
    int code = dsep_precisions_of_matrices(m->p, m->d + 1, (const double *const *)theta, 0, m->d,
                                           &error, &precisions);
    code = code ? code : dsep_intervened_fit(precisions, settings, &error, &fit);
    if (code)
        tap_note("%s", error.text);
    else
        *o = against(m, fit);
    dsep_intervened_destroy(&fit);
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
                outcome o = {0};
                if (variables[s] < d + 2)
                    continue;
                model_draw(8164, number * 64 + (uint32_t)(d * 5) + (uint32_t)s, d, variables[s],
                           .75, &m);
                good &= fitted(&m, settings, &o);
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

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    dsep_intervened_settings settings = dsep_intervened_defaults(DSEP_METHOD_DISENTANGLE);
    settings.gamma = 1 - 1e-9; /* the published one is for samples */
    models("disentanglement", &settings);
    settings = dsep_intervened_defaults(DSEP_METHOD_LSCALE);
    models("LSCALE-I", &settings);
    return tap_end();
}
