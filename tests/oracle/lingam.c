/* The order of DirectLiNGAM is that of its definition, in long double with arrays that are really
 * residuals, for one group of rows and for several, on any ranks and nodes; sparing evaluations
 * changes nothing; coefficients leave residuals that their causes explain no further; and orders of
 * simulated data are orders of the model. So it is with drawn times of a series, really copied. */
#include "solvers/lingam.h"
#include "mpi/random.h"
#include "solvers/random_dag.h"
#include "solvers/standardise.h"
#include "solvers/var_lingam.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40 };

static dsep_context *world;

typedef struct {
    int64_t n, p, groups;
    dsep_linear_model *model;
    double *values;       /* [n x p] column after column */
    int32_t *environment; /* [n] */
} sample;

/* --- made-up data ------------------------------------------------------------------------------
 */

static sample draw(int64_t n, int64_t p, int64_t groups, dsep_noise noise, uint64_t seed) {
    sample s = {.n = n, .p = p, .groups = groups};
    dsep_error error;
    const dsep_random_dag_settings settings = {.kind = DSEP_RANDOM_DAG_ER,
                                               .n_nodes = p,
                                               .degree = p > 4 ? 3 : (double)(p - 1) / 2,
                                               .weight_low = .5,
                                               .weight_high = 1.5,
                                               .seed = seed};
    if (dsep_random_dag_create(&settings, &error, &s.model))
        tap_note("%s", error.text);
    double *rows = malloc((size_t)(n * p) * sizeof *rows);
    s.values = malloc((size_t)(n * p) * sizeof *s.values);
    s.environment = malloc((size_t)n * sizeof *s.environment);
    dsep_simulate_rows(s.model, noise, seed, 0, n, rows);
    for (int64_t k = 0; k < n; k++) {
        s.environment[k] =
            (int32_t)dsep_random_below((dsep_random){seed, 1500, 0}, (uint64_t)k, (uint64_t)groups);
        for (int64_t j = 0; j < p; j++) /* environments differ in scale and mean */
            s.values[j * n + k] = rows[k * p + j] * (1 + s.environment[k]) + s.environment[k];
    }
    free(rows);
    return s;
}

static void release(sample *s) {
    dsep_linear_model_destroy(&s->model);
    free(s->values);
    free(s->environment);
}

static dsep_table *hand_out(dsep_context *ctx, const sample *s) {
    dsep_table *table = NULL;
    if (dsep_table_create(ctx, s->n, s->p, &table))
        return NULL;
    if (table->mine.count > 0)
        memcpy(table->values, s->values + table->mine.first * s->n,
               (size_t)(table->mine.count * s->n) * sizeof *table->values);
    for (int64_t j = 0; j < s->p; j++)
        table->names[j] = strdup("a variable");
    if (s->groups > 1) {
        table->n_environments = s->groups;
        table->environment = malloc((size_t)s->n * sizeof *table->environment);
        memcpy(table->environment, s->environment, (size_t)s->n * sizeof *table->environment);
        table->environment_names = malloc((size_t)s->groups * sizeof(char *));
        for (int64_t g = 0; g < s->groups; g++)
            table->environment_names[g] = strdup("an environment");
    }
    return table;
}

static dsep_lingam *learn(dsep_context *ctx, const sample *s, dsep_lingam_pruning pruning) {
    dsep_lingam *made = NULL;
    dsep_table *table = hand_out(ctx, s);
    if (!table || dsep_lingam_direct(ctx, table, pruning, &made))
        tap_note("%s", dsep_context_error(ctx)->text);
    dsep_table_destroy(&table);
    return made;
}

/* --- the definition ----------------------------------------------------------------------------
 */

static void scale(int64_t n, long double *x) {
    long double mean = 0, squares = 0;
    for (int64_t k = 0; k < n; k++)
        mean += x[k] / n;
    for (int64_t k = 0; k < n; k++)
        squares += (x[k] - mean) * (x[k] - mean);
    for (int64_t k = 0; k < n; k++)
        x[k] = (x[k] - mean) / sqrtl(squares / n);
}

static long double slow_entropy(int64_t n, const long double *u) {
    long double log_cosh = 0, weighted = 0;
    for (int64_t k = 0; k < n; k++) {
        log_cosh += logl(coshl(u[k])) / n;
        weighted += u[k] * expl(-u[k] * u[k] / 2) / n;
    }
    return (1 + logl(2 * M_PIl)) / 2 - 79.047L * powl(log_cosh - .37457L, 2) -
           7.4129L * powl(weighted, 2);
}

/* The residual of x on y, both of variance 1, into r. */
static void residual(int64_t n, const long double *x, const long double *y, long double *r) {
    long double slope = 0;
    for (int64_t k = 0; k < n; k++)
        slope += x[k] * y[k] / n;
    for (int64_t k = 0; k < n; k++)
        r[k] = x[k] - slope * y[k];
    scale(n, r);
}

/* M of variable i in one group whose columns have variance 1. */
static long double slow_m(int64_t n, int64_t p, long double **x, const int *out, int64_t i) {
    long double m = 0, *of_i = malloc((size_t)n * sizeof *of_i),
                *of_j = malloc((size_t)n * sizeof *of_j);
    for (int64_t j = 0; j < p; j++) {
        if (j == i || out[j])
            continue;
        residual(n, x[i], x[j], of_i);
        residual(n, x[j], x[i], of_j);
        const long double d = slow_entropy(n, x[j]) + slow_entropy(n, of_i) -
                              slow_entropy(n, x[i]) - slow_entropy(n, of_j);
        m += d < 0 ? d * d : 0;
    }
    free(of_i);
    free(of_j);
    return m;
}

static void slow_order(const sample *s, int64_t *order) {
    static long double *x[4][MOST];
    int64_t rows[4] = {0};
    int out[MOST] = {0};
    for (int64_t g = 0; g < s->groups; g++)
        for (int64_t j = 0; j < s->p; j++) {
            rows[g] = 0;
            x[g][j] = malloc((size_t)s->n * sizeof **x[g]);
            for (int64_t k = 0; k < s->n; k++)
                if (s->environment[k] == g)
                    x[g][j][rows[g]++] = s->values[j * s->n + k];
            scale(rows[g], x[g][j]);
        }
    for (int64_t place = 0; place < s->p; place++) {
        int64_t best = -1;
        long double least = 0;
        for (int64_t i = 0; i < s->p; i++) {
            long double m = 0;
            for (int64_t g = 0; g < s->groups && !out[i]; g++)
                m += slow_m(rows[g], s->p, x[g], out, i) * rows[g] / s->n;
            if (!out[i] && (best < 0 || m < least)) {
                best = i;
                least = m;
            }
        }
        order[place] = best;
        out[best] = 1;
        for (int64_t g = 0; g < s->groups; g++)
            for (int64_t i = 0; i < s->p; i++)
                if (!out[i])
                    residual(rows[g], x[g][i], x[g][best], x[g][i]);
    }
    for (int64_t g = 0; g < s->groups; g++)
        for (int64_t j = 0; j < s->p; j++)
            free(x[g][j]);
}

/* --- comparisons -------------------------------------------------------------------------------
 */

static int same_order(dsep_context *ctx, const sample *s, const int64_t *order) {
    dsep_lingam *made = learn(ctx, s, DSEP_LINGAM_ADAPTIVE_LASSO);
    const int same = made && memcmp(made->order, order, (size_t)s->p * sizeof *order) == 0;
    dsep_lingam_destroy(&made);
    return same;
}

static int same_with_nodes(const sample *s, const int64_t *order, const char *ranks) {
    dsep_context *nodes = NULL;
    setenv("DSEP_NODE_RANKS", ranks, 1);
    dsep_context_create(MPI_COMM_WORLD, &nodes);
    const int same = same_order(nodes, s, order);
    dsep_context_destroy(&nodes);
    unsetenv("DSEP_NODE_RANKS");
    return same;
}

static void test_definition(void) {
    static const struct {
        int64_t n, p, groups;
        dsep_noise noise;
    } cases[] = {{200, 1, 1, DSEP_NOISE_UNIFORM}, {150, 2, 1, DSEP_NOISE_LAPLACE},
                 {203, 3, 1, DSEP_NOISE_STUDENT}, {300, 7, 1, DSEP_NOISE_LAPLACE},
                 {64, 8, 1, DSEP_NOISE_GAUSSIAN}, {257, 8, 1, DSEP_NOISE_EXPONENTIAL},
                 {400, 6, 3, DSEP_NOISE_UNIFORM}, {333, 7, 2, DSEP_NOISE_LAPLACE}};
    for (int c = 0; c < (int)(sizeof cases / sizeof *cases); c++) {
        sample s = draw(cases[c].n, cases[c].p, cases[c].groups, cases[c].noise, 40 + (uint64_t)c);
        int64_t order[MOST];
        slow_order(&s, order);
        tap_ok(same_order(world, &s, order), "%lld variables, %lld rows, %lld groups: the order",
               (long long)s.p, (long long)s.n, (long long)s.groups);
        tap_ok(same_with_nodes(&s, order, "1"), "and on nodes of one rank");
        release(&s);
    }
}

static int order_of(const sample *s, int whole, int64_t *order, dsep_lingam_effort *effort) {
    dsep_lingam_columns *columns = NULL;
    dsep_table *table = hand_out(world, s);
    const dsep_lingam_order_settings settings = {.whole = whole};
    double mean, sd;
    int good = table && !dsep_lingam_columns_create(world, s->p, 1, &s->n, &columns);
    for (int64_t j = 0; good && j < table->mine.count; j++)
        dsep_standardise(table->values + j * s->n, s->n,
                         columns->values[0] + (table->mine.first + j) * columns->stride[0], &mean,
                         &sd);
    if (good)
        dsep_shared_unite(world, columns->memory);
    good = good && !dsep_lingam_order(world, columns, table->names, &settings, order, effort);
    dsep_lingam_columns_destroy(&columns);
    dsep_table_destroy(&table);
    return good;
}

/* Gaussian noise, too: there nothing is sure and every guess is bad. */
static void test_sparing(void) {
    for (int64_t p = 5; p <= MOST; p += 35)
        for (int noise = 0; noise < 2; noise++) {
            sample s = draw(500, p, 1, noise ? DSEP_NOISE_LAPLACE : DSEP_NOISE_GAUSSIAN, 71);
            int64_t spared[MOST], whole[MOST];
            dsep_lingam_effort less, all;
            const int good = order_of(&s, 0, spared, &less) && order_of(&s, 1, whole, &all);
            tap_ok(good && memcmp(spared, whole, (size_t)p * sizeof *whole) == 0,
                   "%lld variables: sparing evaluations changes nothing", (long long)p);
            tap_ok(good && all.evaluated == all.pairs && less.evaluated <= all.evaluated &&
                       (p < 10 || 2 * less.evaluated < all.evaluated),
                   "%lld of %lld pairs", (long long)less.evaluated, (long long)all.evaluated);
            release(&s);
        }
}

/* Product of what B leaves of one variable with another, over rows of a group, as a correlation. */
static double left_over(const sample *s, const double *b, int64_t group, int64_t i, int64_t j) {
    long double n = 0, product = 0, mean_e = 0, mean_x = 0, ee = 0, xx = 0;
    for (int64_t k = 0; k < s->n; k++) {
        if (s->groups > 1 && s->environment[k] != group)
            continue;
        long double e = s->values[i * s->n + k], x = s->values[j * s->n + k];
        for (int64_t c = 0; c < s->p; c++)
            e -= b[i * s->p + c] * s->values[c * s->n + k];
        n++;
        mean_e += e;
        mean_x += x;
        product += e * x;
        ee += e * e;
        xx += x * x;
    }
    return (double)((product - mean_e * mean_x / n) /
                    sqrtl((ee - mean_e * mean_e / n) * (xx - mean_x * mean_x / n)));
}

static int coefficients_right(const sample *s, const dsep_lingam *made, int every) {
    int good = 1;
    for (int64_t g = 0; g < s->groups; g++) {
        const double *b = made->b + g * s->p * s->p;
        for (int64_t later = 0; later < s->p; later++)
            for (int64_t earlier = 0; earlier < s->p; earlier++) {
                const int64_t i = made->order[later], j = made->order[earlier];
                const double coefficient = b[i * s->p + j];
                if (earlier >= later)
                    good &= coefficient == 0;
                else if (every || coefficient != 0)
                    good &= fabs(left_over(s, b, g, i, j)) < 1e-10;
                if (every && earlier < later)
                    good &= coefficient != 0;
            }
    }
    return good;
}

static void test_coefficients(int64_t groups) {
    sample s = draw(600, 9, groups, DSEP_NOISE_UNIFORM, 81);
    dsep_lingam *all = learn(world, &s, DSEP_LINGAM_KEEP);
    dsep_lingam *some = learn(world, &s, DSEP_LINGAM_ADAPTIVE_LASSO);
    int64_t zeros = 0;
    for (int64_t k = 0; some && k < groups * s.p * s.p; k++)
        zeros += some->b[k] == 0;
    tap_ok(all && coefficients_right(&s, all, 1), "%lld groups: least squares", (long long)groups);
    tap_ok(some && coefficients_right(&s, some, 0), "%lld groups: of those that are kept",
           (long long)groups);
    tap_ok(some && zeros > groups * s.p * (s.p + 1) / 2, "%lld groups: some are not",
           (long long)groups);
    dsep_lingam_destroy(&all);
    dsep_lingam_destroy(&some);
    release(&s);
}

/* Every cause before its effect. */
static int is_order_of(const dsep_linear_model *model, const int64_t *order) {
    int64_t place[MOST];
    int good = 1;
    for (int64_t k = 0; k < model->graph->n_nodes; k++)
        place[order[k]] = k;
    for (int64_t e = 0; e < model->graph->n_edges; e++)
        good &= place[model->edges[e].source] < place[model->edges[e].target];
    return good;
}

static void test_recovery(void) {
    for (int64_t p = 10; p <= 30; p += 10)
        for (int noise = 0; noise < 2; noise++) {
            sample s = draw(10000, p, 1, noise ? DSEP_NOISE_LAPLACE : DSEP_NOISE_UNIFORM, 91);
            dsep_lingam *made = learn(world, &s, DSEP_LINGAM_ADAPTIVE_LASSO);
            tap_ok(made && is_order_of(s.model, made->order),
                   "%lld variables, %s noise: an order of the model", (long long)p,
                   noise ? "Laplace" : "uniform");
            dsep_lingam_destroy(&made);
            release(&s);
        }
}

/* --- drawn times of a series --------------------------------------------------------------------
 */

enum { TIMES = 150, SERIES = 4, LAGS = 2, DRAWN = TIMES - LAGS, LAYERS = LAGS + 1 };

static double at[SERIES][TIMES];
static int32_t drawn[DRAWN];
static long double copied[LAYERS * SERIES][DRAWN]; /* column l p + v: variable v, l times before */

static long double dot(const long double *x, const long double *y) {
    long double sum = 0;
    for (int k = 0; k < DRAWN; k++)
        sum += x[k] * y[k];
    return sum;
}

static void centre(long double *x) {
    long double sum = 0;
    for (int k = 0; k < DRAWN; k++)
        sum += x[k];
    for (int k = 0; k < DRAWN; k++)
        x[k] -= sum / DRAWN;
}

static void make_series(void) {
    for (int t = 0; t < TIMES; t++)
        for (int v = 0; v < SERIES; v++) {
            const double u =
                dsep_random_uniform((dsep_random){9, 1501, 0}, (uint64_t)(t * SERIES + v)) - .5;
            at[v][t] = u * u * u * 20 + (v > 0 ? .7 * at[v - 1][t] : 0) +
                       (t > 0 ? .4 * at[v][t - 1] : 0) - (t > 1 ? .3 * at[3 - v][t - 2] : 0);
        }
    for (int k = 0; k < DRAWN; k++)
        drawn[k] = (int32_t)dsep_random_below((dsep_random){9, 1502, 0}, (uint64_t)k, DRAWN);
    for (int l = 0; l < LAYERS; l++)
        for (int v = 0; v < SERIES; v++) {
            for (int k = 0; k < DRAWN; k++)
                copied[l * SERIES + v][k] = at[v][drawn[k] + LAGS - l];
            centre(copied[l * SERIES + v]);
        }
}

/* What the lags leave of the present, by Gram and Schmidt, twice. */
static sample slow_residuals(void) {
    static long double basis[LAYERS * SERIES][DRAWN];
    sample s = {.n = DRAWN, .p = SERIES, .groups = 1};
    s.values = malloc(sizeof(double) * DRAWN * SERIES);
    s.environment = calloc(DRAWN, sizeof *s.environment);
    memcpy(basis, copied, sizeof basis);
    for (int turn = 0; turn < LAYERS * SERIES; turn++) {
        const int c = (turn + SERIES) % (LAYERS * SERIES); /* the present comes last */
        const int end = c < SERIES ? LAYERS * SERIES : c;
        for (int twice = 0; twice < 2; twice++)
            for (int b = SERIES; b < end; b++) {
                const long double f = dot(basis[c], basis[b]) / dot(basis[b], basis[b]);
                for (int k = 0; k < DRAWN; k++)
                    basis[c][k] -= f * basis[b][k];
            }
    }
    for (int v = 0; v < SERIES; v++)
        for (int k = 0; k < DRAWN; k++)
            s.values[v * DRAWN + k] = (double)basis[v][k];
    return s;
}

/* The largest correlation of a variable's residual with what it is regressed on. */
static double left_of_drawn(const dsep_var_lingam *made) {
    static long double rest[DRAWN];
    double worst = 0;
    for (int place = 0; place < SERIES; place++) {
        const int64_t v = made->order[place];
        memcpy(rest, copied[v], sizeof rest);
        for (int c = 0; c < LAYERS * SERIES; c++)
            for (int k = 0; k < DRAWN; k++)
                rest[k] -= (long double)made->b[(c / SERIES * SERIES + v) * SERIES + c % SERIES] *
                           copied[c][k];
        for (int c = 0; c < LAYERS * SERIES; c++) {
            int before = c >= SERIES;
            for (int q = 0; q < place; q++)
                before |= made->order[q] == c;
            if (before)
                worst =
                    fmax(worst, (double)fabsl(dot(rest, copied[c]) /
                                              sqrtl(dot(rest, rest) * dot(copied[c], copied[c]))));
        }
    }
    return worst;
}

static void test_drawn_times(void) {
    dsep_table *table = NULL;
    dsep_var_lingam *made = NULL, *all = NULL, *usual = NULL;
    int64_t order[SERIES];
    int32_t every[DRAWN];
    make_series();
    for (int k = 0; k < DRAWN; k++)
        every[k] = k;
    int good = !dsep_table_create(world, TIMES, SERIES, &table);
    for (int64_t j = 0; good && j < table->mine.count; j++)
        memcpy(table->values + j * TIMES, at[table->mine.first + j], sizeof at[0]);
    sample residuals = slow_residuals();
    slow_order(&residuals, order);
    good = good &&
           !dsep_var_lingam_fit_drawn(world, table, LAGS, drawn, DRAWN, DSEP_LINGAM_KEEP, &made);
    tap_ok(good && memcmp(made->order, order, sizeof order) == 0,
           "drawn times: the order of the definition");
    const double left = good ? left_of_drawn(made) : NAN;
    tap_ok(left < 1e-9, "coefficients leave nothing of the times before and of the causes: %.2g",
           left);
    good = good &&
           !dsep_var_lingam_fit_drawn(world, table, LAGS, every, DRAWN, DSEP_LINGAM_KEEP, &all) &&
           !dsep_var_lingam_fit(world, table, LAGS, 0, DSEP_LINGAM_KEEP, &usual);
    tap_ok(good && memcmp(all->b, usual->b, sizeof(double) * LAYERS * SERIES * SERIES) == 0,
           "every time once: the fit of the series, bit for bit");
    dsep_var_lingam_destroy(&made);
    dsep_var_lingam_destroy(&all);
    dsep_var_lingam_destroy(&usual);
    dsep_table_destroy(&table);
    release(&residuals);
}

int main(int argc, char **argv) {
    world = tap_begin(&argc, &argv);
    test_definition();
    test_sparing();
    test_coefficients(1);
    test_coefficients(2);
    test_recovery();
    test_drawn_times();
    return tap_end();
}
