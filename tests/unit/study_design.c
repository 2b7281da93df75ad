/* Designs of studies and their summaries: cells, seeds, what is drawn, means and their errors
 * against figures worked out by hand. */
#include "jobs/study_design.h"
#include "jobs/study_summary.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dsep_error error;

static const double alphas[] = {0.001, 0.01, 0.05}, samples[] = {200, 500}, orders[] = {-1, 2, 0};
static const double kinds[] = {2, 0}, shares[] = {0.25};

static const dsep_factor factors[] = {
    {"samples", DSEP_FACTOR_WHOLE, NULL, 2, samples},
    {"alpha", DSEP_FACTOR_LOG, NULL, 3, alphas},
    {"max-order", DSEP_FACTOR_MEMBER, NULL, 3, orders},
    {"graph", DSEP_FACTOR_CHOICE, "er|sf|layered", 2, kinds},
    {"drop-variables", DSEP_FACTOR_REAL, NULL, 1, shares},
};

static dsep_study_design *make(int n_factors, int64_t draws, int64_t replicates, uint64_t seed) {
    dsep_study_design *made = NULL;
    dsep_study_design_create(factors, n_factors, draws, replicates, seed, &error, &made);
    return made;
}

/* --- grids ----------------------------------------------------------------------------------- */

static void test_grid(void) {
    dsep_study_design *d = make(5, 0, 4, 1);
    tap_ok(d && d->n_cells == 36 && d->n_units == 144, "a grid has every combination");
    int seen[2][3][3][2] = {0}, right = 1;
    for (int64_t c = 0; c < d->n_cells; c++) {
        const int32_t *g = d->group + 5 * c;
        seen[g[0]][g[1]][g[2]][g[3]]++;
        right &= d->value[5 * c] == samples[g[0]] && d->value[5 * c + 1] == alphas[g[1]] &&
                 d->value[5 * c + 2] == orders[g[2]] && d->value[5 * c + 3] == kinds[g[3]] &&
                 d->value[5 * c + 4] == 0.25;
    }
    for (int i = 0; i < 36; i++)
        right &= ((int *)seen)[i] == 1;
    tap_ok(right, "each once, with its values");
    tap_ok(d->value[5 * 1 + 3] == 0 && d->value[5 * 1] == 200 && d->value[5 * 35] == 500,
           "the last factor changes fastest");
    tap_ok(dsep_study_value(d, 35, "max-order", 9) == 0 && dsep_study_value(d, 0, "colour", 9) == 9,
           "a cell's value by name, or the fallback");
    tap_ok(dsep_study_value(d, -1, "graph", 9) == 2 && dsep_study_value(d, -1, "alpha", 9) == 0.001,
           "the first levels");
    dsep_study_design_destroy(&d);
    dsep_study_design_destroy(NULL);
}

static void test_effects(void) {
    char text[64];
    dsep_study_design *d = make(5, 0, 1, 1), *r = make(5, 50, 1, 1);
    tap_ok(dsep_study_effects(d) == 2 + 3 + 3 + 2, "levels of the factors that vary");
    const dsep_study_effect e = dsep_study_effect_of(d, 4), last = dsep_study_effect_of(d, 9);
    tap_ok(e.factor == 1 && e.group == 2 &&
               strcmp(dsep_study_effect_text(d, e, text), "0.05") == 0 && last.factor == 3 &&
               strcmp(dsep_study_effect_text(d, last, text), "er") == 0,
           "they are found and named");
    tap_ok(dsep_study_effect_in(d, 35, 1) == 4 && dsep_study_effect_in(d, 35, 4) == -1,
           "the level of a cell");
    tap_ok(dsep_study_effects(r) == 2 + 2 + 3 + 2 &&
               strcmp(dsep_study_effect_text(r, dsep_study_effect_of(r, 2), text), "< 0.007071") ==
                   0 &&
               strcmp(dsep_study_effect_text(r, dsep_study_effect_of(r, 1), text), ">= 350") == 0,
           "ranges have halves, split at the middle, of logarithms where it is so");
    dsep_study_design_destroy(&d);
    dsep_study_design_destroy(&r);
}

static void test_refusals(void) {
    const double twice[] = {0.5, 0.1, 0.5};
    const dsep_factor bad = {"noise", DSEP_FACTOR_REAL, NULL, 3, twice};
    dsep_study_design *d = NULL;
    tap_ok(dsep_study_design_create(&bad, 1, 0, 1, 1, &error, &d) == DSEP_ERROR_USAGE && !d &&
               strcmp(error.text, "--noise: 0.5 stands twice; give each level once") == 0,
           "a level that stands twice");
    tap_ok(dsep_study_design_create(factors, 5, 0, 1LL << 40, 1, &error, &d) == DSEP_ERROR_USAGE &&
               !d && strstr(error.text, "give fewer levels, fewer --replicates"),
           "too many runs");
}

/* --- draws ----------------------------------------------------------------------------------- */

static void test_random(void) {
    enum { N = 4000 };
    dsep_study_design *d = make(5, N, 2, 7), *again = make(5, N, 9, 7), *other = make(5, N, 2, 8);
    int inside = 1, whole = 1, groups = 1, seen[3] = {0}, low = 0, short_numbers = 1;
    double sum = 0, logs = 0;
    for (int64_t c = 0; c < N; c++) {
        const double *v = d->value + 5 * c;
        char text[32];
        inside &= v[0] >= 200 && v[0] <= 500 && v[1] >= 0.001 && v[1] <= 0.05 && v[4] == 0.25;
        whole &= v[0] == floor(v[0]);
        groups &= d->group[5 * c] == (v[0] >= 350) && d->group[5 * c + 1] == (v[1] >= 0.007071) &&
                  orders[d->group[5 * c + 2]] == v[2] && kinds[d->group[5 * c + 3]] == v[3];
        snprintf(text, sizeof text, "%.4g", v[1]);
        short_numbers &= strtod(text, NULL) == v[1];
        seen[d->group[5 * c + 2]]++;
        low += d->group[5 * c + 1] == 0;
        sum += v[0];
        logs += log(v[1]);
    }
    tap_ok(d->n_cells == N && d->n_units == 2 * N && inside && whole, "drawn inside of the range");
    tap_ok(groups, "and put into its half, or its level");
    tap_ok(short_numbers, "numbers of four digits");
    /* four standard errors: 87 / sqrt(N) of whole numbers, 1.13 / sqrt(N) of logarithms */
    tap_ok(fabs(sum / N - 350) < 5.5 && fabs(logs / N - log(0.0070711)) < 0.072 &&
               abs(low - N / 2) < 127,
           "evenly: mean %.1f, log mean %.3f, %d low", sum / N, logs / N, low);
    tap_ok(abs(seen[0] - N / 3) < 120 && abs(seen[1] - N / 3) < 120, "members evenly");
    tap_ok(memcmp(d->value, again->value, 5 * N * sizeof(double)) == 0,
           "the same seed draws the same cells, whatever the replicates");
    tap_ok(memcmp(d->value, other->value, 5 * N * sizeof(double)) != 0, "another seed others");
    dsep_study_design_destroy(&d);
    dsep_study_design_destroy(&again);
    dsep_study_design_destroy(&other);
}

static void test_seeds(void) {
    dsep_study_design *d = make(2, 0, 5, 1), *more = make(2, 0, 6, 1), *other = make(2, 0, 5, 2);
    int differ = 1, same = 1, moved = 1, small = 1;
    for (int64_t u = 0; u < d->n_units; u++) {
        const uint64_t seed = dsep_study_unit_seed(d, u);
        small &= seed < (uint64_t)1 << 62;
        same &= seed == dsep_study_unit_seed(more, u / 5 * 6 + u % 5);
        moved &= seed != dsep_study_unit_seed(other, u);
        for (int64_t w = 0; w < u; w++)
            differ &= seed != dsep_study_unit_seed(d, w);
    }
    tap_ok(differ && small, "every unit has a seed of its own that --seed takes");
    tap_ok(same, "it is a function of seed, cell and replicate");
    tap_ok(moved && dsep_study_cell_seed(d, 0) != dsep_study_cell_seed(other, 0),
           "and another for another seed");
    dsep_study_design_destroy(&d);
    dsep_study_design_destroy(&more);
    dsep_study_design_destroy(&other);
}

static void test_keep(void) {
    enum { P = 50, DRAWS = 2000 };
    int32_t kept[P];
    int often[P] = {0}, right = 1, even = 1;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        right &= dsep_study_keep(seed, P, 45, kept) == DSEP_OK;
        for (int k = 0; k < 45; k++) {
            right &= kept[k] >= 0 && kept[k] < P && (k == 0 || kept[k] > kept[k - 1]);
            often[kept[k]]++;
        }
    }
    for (int j = 0; j < P; j++) /* five standard errors of a count */
        even &= fabs(often[j] - 0.9 * DRAWS) < 5 * sqrt(0.09 * DRAWS);
    tap_ok(right, "a tenth is dropped, the rest ascends");
    tap_ok(even, "each variable equally often");
    tap_ok(dsep_study_keep(1, P, P, kept) == DSEP_OK && kept[0] == 0 && kept[P - 1] == P - 1,
           "nothing is dropped");
    tap_ok(dsep_study_kept(P, 0.1) == 45 && dsep_study_kept(P, 0) == P &&
               dsep_study_kept(P, 0.99) == 2 && dsep_study_kept(10, 0.04) == 10,
           "a share of the variables, and two stay");
}

/* --- summaries ------------------------------------------------------------------------------- */

static int near(double a, double b) {
    return fabs(a - b) < 1e-14 || (isnan(a) && isnan(b));
}

/* Two factors of two levels, three replicates: means 2, 5, 4 and 7. */
static void test_summary(void) {
    const double two[] = {0, 1};
    const dsep_factor both[] = {{"a", DSEP_FACTOR_REAL, NULL, 2, two},
                                {"b", DSEP_FACTOR_REAL, NULL, 2, two}};
    const double values[12][2] = {{1, NAN}, {2, 5}, {3, 7}, {5, 1}, {5, 1},     {5, 1},
                                  {4, 0},   {4, 0}, {4, 6}, {7, 3}, {NAN, NAN}, {NAN, NAN}};
    const uint8_t done[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    dsep_study_design *d = NULL;
    dsep_study_summary *cells = NULL, *levels = NULL, *none = NULL;
    dsep_study_design_create(both, 2, 0, 3, 1, &error, &d);
    int code = dsep_study_summarise_cells(d, 2, values[0], done, &error, &cells);
    tap_ok(code == DSEP_OK && cells->n_rows == 4 && cells->count[0] == 3 && cells->count[3] == 1,
           "replicates that were done");
    const double *m = cells->mean, *e = cells->mcse;
    tap_ok(near(m[0], 2) && near(m[2], 5) && near(m[4], 4) && near(m[6], 7), "means");
    tap_ok(near(e[0], 1 / sqrt(3)) && e[2] == 0 && isnan(e[6]), "their standard errors");
    tap_ok(near(m[1], 6) && near(e[1], 1), "what is not defined is left out");
    tap_ok(near(m[5], 2) && near(e[5], 2), "squares around the mean: sd sqrt(12), over sqrt(3)");
    code = dsep_study_summarise_groups(d, cells, &error, &levels);
    tap_ok(code == DSEP_OK && levels->n_rows == 4 && levels->count[0] == 6 && levels->count[1] == 4,
           "a row for each level");
    tap_ok(near(levels->mean[0], 3.5) && near(levels->mean[2], 5.5) && near(levels->mean[4], 3) &&
               near(levels->mean[6], 6),
           "means of the cells' means");
    tap_ok(near(levels->mcse[0], sqrt(1. / 3) / 2), "a grid: errors of the cells, put together");
    const uint8_t nothing[12] = {0};
    double empty[24];
    for (int i = 0; i < 24; i++)
        empty[i] = NAN;
    code = dsep_study_summarise_cells(d, 2, empty, nothing, &error, &none);
    tap_ok(code == DSEP_OK && none->count[0] == 0 && isnan(none->mean[0]) && isnan(none->mcse[0]),
           "nothing done, nothing known");
    dsep_study_summary_destroy(&cells);
    dsep_study_summary_destroy(&levels);
    dsep_study_summary_destroy(&none);
    dsep_study_design_destroy(&d);
}

/* Cells that were drawn: the spread between them is the error. */
static void test_random_summary(void) {
    const double range[] = {0, 1};
    const dsep_factor one = {"a", DSEP_FACTOR_REAL, NULL, 2, range};
    enum { CELLS = 40 };
    double values[CELLS];
    uint8_t done[CELLS];
    dsep_study_design *d = NULL;
    dsep_study_summary *cells = NULL, *levels = NULL;
    dsep_study_design_create(&one, 1, CELLS, 1, 3, &error, &d);
    double sum = 0, squares = 0;
    int64_t low = 0;
    for (int64_t c = 0; c < CELLS; c++) {
        done[c] = 1;
        values[c] = 10 * d->value[c];
        low += d->value[c] < 0.5;
        sum += d->value[c] < 0.5 ? values[c] : 0;
    }
    for (int64_t c = 0; c < CELLS; c++)
        squares += d->value[c] < 0.5 ? pow(values[c] - sum / (double)low, 2) : 0;
    dsep_study_summarise_cells(d, 1, values, done, &error, &cells);
    dsep_study_summarise_groups(d, cells, &error, &levels);
    tap_ok(levels->n_rows == 2 && levels->count[0] == low && low > 5 && low < 35 &&
               near(levels->mean[0], sum / (double)low),
           "the lower half");
    tap_ok(fabs(levels->mcse[0] - sqrt(squares / (double)(low - 1) / (double)low)) < 1e-14,
           "its error is the spread of its cells");
    dsep_study_summary_destroy(&cells);
    dsep_study_summary_destroy(&levels);
    dsep_study_design_destroy(&d);
}

/* truth 0 -> 1 <- 2, 2 - 3; learned 0 -> 1, 1 - 2 */
static void test_values(void) {
    const dsep_mark t = DSEP_MARK_TAIL, a = DSEP_MARK_ARROW;
    const dsep_edge truth_edges[] = {{0, 1, t, a}, {2, 1, t, a}, {2, 3, t, t}};
    const dsep_edge learned_edges[] = {{0, 1, t, a}, {1, 2, t, t}};
    const double wanted[DSEP_STUDY_VALUES] = {2, 1, 3, 2, 1, 2. / 3, 0.8, 1, 0.5, 2. / 3};
    double values[DSEP_STUDY_VALUES];
    dsep_graph *truth = NULL, *learned = NULL;
    dsep_graph_create(4, 3, truth_edges, DSEP_GRAPH_CPDAG, &error, &truth);
    dsep_graph_create(4, 2, learned_edges, DSEP_GRAPH_CPDAG, &error, &learned);
    int right = dsep_study_values(learned, truth, &error, values) == DSEP_OK;
    for (int v = 0; v < DSEP_STUDY_VALUES; v++)
        right &= near(values[v], wanted[v]);
    tap_ok(right, "figures of a graph beside the truth");
    tap_ok(strcmp(dsep_study_value_name(2, 1), "n_edges_truth") == 0 &&
               strcmp(dsep_study_value_name(2, 0), "n_edges_reference") == 0 &&
               strcmp(dsep_study_value_name(9, 1), "arrowhead_f1") == 0,
           "and their names");
    dsep_graph_destroy(&truth);
    dsep_graph_destroy(&learned);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_grid();
    test_effects();
    test_refusals();
    test_random();
    test_seeds();
    test_keep();
    test_summary();
    test_random_summary();
    test_values();
    return tap_end();
}
