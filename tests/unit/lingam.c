/* The parts of the LiNGAM family: entropies against libm in long double, adaptive lasso against
 * coordinate descent over a fine grid of penalties, triangles against every order, and what no
 * order can be found for.
 * ranks: 1 3 */
#include "solvers/lingam.h"
#include "mpi/random.h"
#include "solvers/adaptive_lasso.h"
#include "solvers/ica_lingam.h"
#include "solvers/inner_product.h"
#include "solvers/lingam_kernel.h"
#include "solvers/standardise.h"
#include "solvers/var_lingam.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;

static double uniform(uint32_t stream, uint64_t index) {
    return dsep_random_uniform((dsep_random){17, 1600 + stream, 0}, index);
}

/* --- kernels -----------------------------------------------------------------------------------
 */

static void test_exp(void) {
    enum { N = 8000 };
    static double a[N], e[N];
    double worst = 0;
    for (int k = 0; k < N; k++)
        a[k] = k < 800 ? k * 708. / 799 : k < 801 ? 0 : 10 * uniform(0, (uint64_t)k);
    dsep_lingam_exp(N, a, e);
    for (int k = 0; k < N; k++)
        worst = fmax(worst, (double)fabsl(e[k] / expl(-(long double)a[k]) - 1));
    tap_ok(worst < 1e-15 && e[800] == 1, "exp(-a) is off by %.1e of its value at most", worst);
}

/* A column with zeros behind it; tail: how far out its few largest values are. */
static double *draw_column(int64_t n, uint32_t stream, double tail) {
    double *x = calloc((size_t)dsep_inner_stride(n), sizeof *x), mean, sd;
    for (int64_t k = 0; k < n; k++)
        x[k] = pow(uniform(stream, (uint64_t)k) - .3, 3) * (k % 97 == 5 ? tail : 1);
    dsep_standardise(x, n, x, &mean, &sd);
    return x;
}

/* H of (x - r y) / sqrt(1 - r^2), or of x where there is no y. */
static long double slow_entropy(int64_t n, const double *x, const double *y, double r) {
    long double log_cosh = 0, weighted = 0;
    const long double scale = sqrtl(n / (1 - (long double)r * r));
    for (int64_t k = 0; k < n; k++) {
        const long double u = scale * (x[k] - (y ? (long double)r * y[k] : 0)), a = fabsl(u);
        log_cosh += (a - logl(2) + log1pl(expl(-2 * a))) / n;
        weighted += u * expl(-u * u / 2) / n;
    }
    return (1 + logl(2 * M_PIl)) / 2 - 79.047L * powl(log_cosh - .37457L, 2) -
           7.4129L * powl(weighted, 2);
}

static void test_entropies(void) {
    static const int64_t sizes[] = {2, 7, 8, 9, 100, 4095, 4096, 4097, 9000};
    double worst = 0;
    int mirrored = 1;
    for (uint32_t s = 0; s < 9; s++)
        for (int far = 0; far < 2; far++) {
            const int64_t n = sizes[s], stride = dsep_inner_stride(n);
            double *x = draw_column(n, 10 + s, far ? 1e4 : 1), *y = draw_column(n, 30 + s, 3);
            double r = 0;
            for (int64_t k = 0; k < n; k++)
                r += x[k] * y[k];
            r = n == 2 ? .5 : r;
            const double h = dsep_lingam_entropy(n, stride, x);
            const double d = dsep_lingam_difference(n, stride, x, y, r);
            worst = fmax(worst, (double)fabsl(h - slow_entropy(n, x, NULL, 0)));
            worst =
                fmax(worst, (double)fabsl(d - slow_entropy(n, x, y, r) + slow_entropy(n, y, x, r)));
            mirrored &= d == -dsep_lingam_difference(n, stride, y, x, r);
            free(x);
            free(y);
        }
    tap_ok(worst < 2e-12, "entropies are off by %.1e at most", worst);
    tap_ok(mirrored, "exchanging two columns changes the sign alone");
}

/* --- adaptive lasso ----------------------------------------------------------------------------
 */

enum { MOST = 6 };

typedef struct {
    int64_t k, n;
    double gram[MOST * MOST], cross[MOST];
} problem;

/* Correlations of predictors and a target that share some factors. */
static problem draw_problem(uint32_t number) {
    enum { FACTORS = 5 };
    problem q = {.k = 1 + number % MOST, .n = 60 + 40 * (number % 7)};
    double loading[MOST + 1][FACTORS], s[MOST + 1][MOST + 1];
    uint64_t at = 0;
    for (int64_t j = 0; j <= q.k; j++)
        for (int f = 0; f < FACTORS; f++) {
            loading[j][f] = uniform(50 + number, at) + uniform(50 + number, at + 1) - 1;
            at += 2;
        }
    for (int64_t i = 0; i <= q.k; i++)
        for (int64_t j = 0; j <= q.k; j++) {
            s[i][j] = i == j ? .01 + .05 * uniform(50 + number, at++) : 0;
            for (int f = 0; f < FACTORS; f++)
                s[i][j] += loading[i][f] * loading[j][f];
        }
    for (int64_t i = 0; i < q.k; i++)
        for (int64_t j = 0; j <= q.k; j++)
            *(j < q.k ? &q.gram[i * q.k + j] : &q.cross[i]) = s[i][j] / sqrt(s[i][i] * s[j][j]);
    return q;
}

/* One minimum of 1/2 b'Gb - c'b + penalty sum |b_j| / w_j, from where b is. */
static void descend(const problem *q, const double *w, double penalty, double *b) {
    double moved = 1;
    for (int sweep = 0; sweep < 10000 && moved > 1e-13; sweep++) {
        moved = 0;
        for (int64_t j = 0; j < q->k; j++) {
            double left = q->cross[j];
            for (int64_t i = 0; i < q->k; i++)
                left -= i == j ? 0 : q->gram[j * q->k + i] * b[i];
            const double shrunk = fmax(0, fabs(left) - penalty / w[j]);
            const double now = copysign(shrunk, left) / q->gram[j * q->k + j];
            moved = fmax(moved, fabs(now - b[j]));
            b[j] = now;
        }
    }
}

static double slow_rss(const problem *q, const double *b) {
    double rss = 1;
    for (int64_t i = 0; i < q->k; i++) {
        rss -= 2 * b[i] * q->cross[i];
        for (int64_t j = 0; j < q->k; j++)
            rss += b[i] * q->gram[i * q->k + j] * b[j];
    }
    return rss;
}

/* The predictors with the least BIC over the grid, a bit each. */
static unsigned slow_choice(const problem *q) {
    enum { GRID = 3000 };
    double full[MOST], b[MOST] = {0}, w[MOST], best = INFINITY, start = 0;
    unsigned choice = 0;
    dsep_least_squares(q->k, q->gram, q->cross, full, NULL);
    const double noise = slow_rss(q, full) / (double)(q->n - q->k - 1);
    for (int64_t j = 0; j < q->k; j++) {
        w[j] = fabs(full[j]);
        start = fmax(start, w[j] * fabs(q->cross[j]));
    }
    for (int g = 0; g <= GRID; g++) {
        unsigned set = 0;
        descend(q, w, start * 1.01 * exp(-14. * g / GRID), b);
        for (int64_t j = 0; j < q->k; j++)
            set |= (b[j] != 0) << j;
        const double bic = slow_rss(q, b) / noise + log((double)q->n) * __builtin_popcount(set);
        if (bic < best) {
            best = bic;
            choice = set;
        }
    }
    return choice;
}

static void test_lasso(void) {
    /* problems in which predictors come in and go out again */
    static const uint32_t leaving[] = {185, 191, 233, 593, 707, 766, 820, 899, 941, 1055};
    enum { PLAIN = 40, ALL = 50 };
    int same = 0, fitted = 1, several = 0;
    for (uint32_t turn = 0; turn < ALL; turn++) {
        const uint32_t number = turn < PLAIN ? turn : leaving[turn - PLAIN];
        const problem q = draw_problem(number);
        double b[MOST];
        unsigned set = 0;
        dsep_adaptive_lasso(q.k, q.n, q.gram, q.cross, b, NULL);
        for (int64_t j = 0; j < q.k; j++)
            set |= (b[j] != 0) << j;
        same += set == slow_choice(&q);
        several |= set != 0 && set != (1u << q.k) - 1;
        for (int64_t j = 0; j < q.k; j++) { /* least squares of those kept */
            double left = q.cross[j];
            for (int64_t i = 0; i < q.k; i++)
                left -= q.gram[j * q.k + i] * b[i];
            fitted &= b[j] == 0 || fabs(left) < 1e-12;
        }
    }
    tap_ok(same == ALL && several, "adaptive lasso keeps what a grid of penalties keeps: %d of %d",
           same, ALL);
    tap_ok(fitted, "what it keeps is fitted by least squares");
    const double gram[] = {1, 1, 1, 1}, cross[] = {.5, .5};
    double b[2];
    dsep_error error;
    tap_ok(dsep_least_squares(2, gram, cross, b, &error) == DSEP_ERROR_DATA &&
               strstr(error.text, "linear combinations"),
           "equal predictors are an error");
}

/* --- triangles ---------------------------------------------------------------------------------
 */

static double slow_triangle(int64_t p, const double *b, int64_t *order, int64_t place) {
    double least = INFINITY, sum = 0;
    for (int64_t a = 0; a < p && place == p; a++)
        for (int64_t c = a + 1; c < p; c++)
            sum += b[order[a] * p + order[c]] * b[order[a] * p + order[c]];
    for (int64_t k = place; k < p; k++) {
        const int64_t kept = order[place];
        order[place] = order[k];
        order[k] = kept;
        least = fmin(least, slow_triangle(p, b, order, place + 1));
        order[k] = order[place];
        order[place] = kept;
    }
    return place == p ? sum : least;
}

static void test_triangles(void) {
    int right = 1, pruned = 1;
    for (uint32_t number = 0; number < 20; number++) {
        const int64_t p = 1 + number % 7;
        double b[49], above, worse;
        int64_t order[7], start[7];
        for (int64_t k = 0; k < p * p; k++)
            b[k] = k % (p + 1) ? uniform(900 + number, (uint64_t)k) - .5 : 0;
        for (int64_t k = 0; k < p; k++)
            start[k] = k;
        right &= !dsep_ica_lingam_triangle(p, b, order, &above, NULL);
        right &= fabs(above - slow_triangle(p, b, start, 0)) < 1e-12;
        pruned &= !dsep_ica_lingam_prune(p, b, order, &worse, NULL) && worse >= above - 1e-12;
        for (int64_t k = 0; k < p * p; k++) /* effects after causes, but for noise */
            b[k] = k % p < k / p ? 1 + k % 3 : k % (p + 1) ? .01 * b[k] : 0;
        pruned &= !dsep_ica_lingam_prune(p, b, order, &worse, NULL);
        for (int64_t k = 0; k < p; k++)
            pruned &= order[k] == k;
    }
    tap_ok(right, "triangles: the least of every order");
    tap_ok(pruned, "triangles: what is left of the largest entries");
}

/* --- errors ------------------------------------------------------------------------------------
 */

enum { ROWS = 60, VARIABLES = 4 };

/* Noise; change: 1 a sum of others, 2 twins, 3 constant in an environment, 4 too few rows, 5 a
 * variable that repeats another's last time. */
static dsep_table *make_table(int change) {
    dsep_table *table = NULL;
    const int64_t n = change == 4 ? VARIABLES + 1 : ROWS;
    dsep_table_create(ctx, n, VARIABLES, &table);
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t k = 0; k < n; k++) {
            const int64_t v = table->mine.first + j;
            const uint64_t at = (uint64_t)k * VARIABLES;
            double x = uniform(990, at + (uint64_t)v);
            if (v == 3 && change == 1)
                x = uniform(990, at) - 2 * uniform(990, at + 1) + uniform(990, at + 2);
            if (v == 3 && change == 2)
                x = 7 - 3 * uniform(990, at + 1);
            if (v == 3 && change == 3 && k % 2)
                x = 1;
            if (v == 3 && change == 5)
                x = uniform(990, k ? at - VARIABLES : at + 3);
            table->values[j * n + k] = x;
        }
    for (int64_t v = 0; v < VARIABLES; v++)
        table->names[v] = strdup((const char *[]){"a", "b", "c", "d"}[v]);
    if (change == 3) {
        table->n_environments = 2;
        table->environment = calloc((size_t)n, sizeof *table->environment);
        table->environment_names = calloc(2, sizeof *table->environment_names);
        for (int64_t k = 0; k < n; k++)
            table->environment[k] = k % 2;
        table->environment_names[0] = strdup("wet");
        table->environment_names[1] = strdup("dry");
    }
    return table;
}

static int says(int code, const char *text) {
    const int good = code == DSEP_ERROR_DATA && strstr(dsep_context_error(ctx)->text, text);
    if (!good)
        tap_note("code %d: %s", code, code ? dsep_context_error(ctx)->text : "no error");
    return good;
}

static void test_direct_errors(void) {
    static const char *const texts[] = {"", "linear combination", "linear combination",
                                        "'d' is constant in dry", "at least 6 rows"};
    for (int change = 0; change < 5; change++) {
        dsep_lingam *made = NULL;
        dsep_table *table = make_table(change);
        const int code = dsep_lingam_direct(ctx, table, DSEP_LINGAM_ADAPTIVE_LASSO, &made);
        if (change == 0)
            tap_ok(!code && made, "noise has an order");
        else
            tap_ok(says(code, texts[change]) && !made, "an error: %s", texts[change]);
        dsep_lingam_destroy(&made);
        dsep_table_destroy(&table);
    }
}

static void test_other_errors(void) {
    int64_t order[VARIABLES];
    dsep_ica_lingam_outcome outcome;
    dsep_var_lingam *made = NULL;
    dsep_table *sum = make_table(1), *groups = make_table(3), *late = make_table(5);
    dsep_table *good = make_table(0);
    tap_ok(says(dsep_ica_lingam_order(ctx, sum, 1, 1, order, &outcome), "linear combinations"),
           "ICA: a sum of others is an error");
    tap_ok(says(dsep_ica_lingam_order(ctx, groups, 1, 1, order, &outcome), "one environment"),
           "ICA: several environments are an error");
    tap_ok(says(dsep_var_lingam_fit(ctx, groups, 1, 1, DSEP_LINGAM_KEEP, &made), "one series") &&
               !made,
           "VAR: several environments are an error");
    tap_ok(says(dsep_var_lingam_fit(ctx, late, 2, 2, DSEP_LINGAM_KEEP, &made), "linear combin"),
           "VAR: a variable that repeats another is an error");
    tap_ok(says(dsep_var_lingam_fit(ctx, good, 12, 12, DSEP_LINGAM_KEEP, &made), "too few"),
           "VAR: too few rows are an error");
    tap_ok(!dsep_var_lingam_fit(ctx, good, 0, 50, DSEP_LINGAM_KEEP, &made) && made &&
               made->lags == 1 && made->most == 10,
           "VAR: as many lags are judged as the rows allow");
    dsep_var_lingam_destroy(&made);
    good->n_missing[2] = 1;
    tap_ok(says(dsep_var_lingam_fit(ctx, good, 1, 1, DSEP_LINGAM_KEEP, &made), "every time"),
           "VAR: missing times are an error");
    dsep_table_destroy(&sum);
    dsep_table_destroy(&groups);
    dsep_table_destroy(&late);
    dsep_table_destroy(&good);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    test_exp();
    test_entropies();
    test_lasso();
    test_triangles();
    test_direct_errors();
    test_other_errors();
    return tap_end();
}
