/* The exact posterior against every DAG, one after another: scores from the formula of the marginal
 * likelihood with determinants of their own, and arbitrary scores of any range.
 * ranks: 1 3 */
#include "solvers/exact.h"
#include "mpi/random.h"
#include "solvers/bge.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 5 };

typedef struct {
    int p, n;
    double x[40][MOST];          /* rows of data, standardised */
    long double score[MOST][32]; /* by variable and parents */
} problem;

typedef struct {
    int64_t dags;
    long double largest, weight, edge[MOST][MOST], path[MOST][MOST];
} answer;

/* --- scores ---------------------------------------------------------------------------------- */

/* log p(columns of `set`): t |T|, |R| and multivariate gamma functions, as Kuipers, Moffa and
 * Heckerman write it. */
static long double log_marginal(const problem *q, unsigned set) {
    const int p = q->p, l = __builtin_popcount(set);
    const long double n = q->n, mu = 1, w = p + 2, t = mu * (w - p - 1) / (mu + 1);
    long double r[MOST][MOST] = {{0}}, log_t = l * logl(t), log_r = 0, gammas = 0;
    int list[MOST], k = 0;
    for (int j = 0; j < p; j++)
        if (set >> j & 1)
            list[k++] = j;
    for (int a = 0; a < l; a++)
        for (int b = 0; b < l; b++) {
            r[a][b] = a == b ? t : 0;
            for (int s = 0; s < q->n; s++)
                r[a][b] += (long double)q->x[s][list[a]] * q->x[s][list[b]];
        }
    for (int a = 0; a < l; a++) {
        log_r += logl(r[a][a]);
        for (int b = a + 1; b < l; b++)
            for (int c = l - 1; c >= a; c--)
                r[b][c] -= r[b][a] / r[a][a] * r[a][c];
    }
    for (int i = 1; i <= l; i++)
        gammas += lgammal((n + w - p + l + 1 - i) / 2) - lgammal((w - p + l + 1 - i) / 2);
    return l / 2.0L * logl(mu / (n + mu)) + gammas - l * n / 2 * logl(acosl(-1)) +
           (w - p + l) / 2 * log_t - (n + w - p + l) / 2 * log_r;
}

/* Rows in which each variable depends on those before it. */
static void draw(problem *q, int p, int n, uint64_t seed) {
    const dsep_random noise = {seed, 1700, 0};
    *q = (problem){.p = p, .n = n};
    for (int s = 0; s < n; s++)
        for (int j = 0; j < p; j++) {
            q->x[s][j] = dsep_random_uniform(noise, (uint64_t)(s * p + j)) - .5;
            for (int i = 0; i < j; i++)
                q->x[s][j] += (i + j) % 3 ? .7 * q->x[s][i] : 0;
        }
    for (int j = 0; j < p; j++) {
        double mean = 0, square = 0;
        for (int s = 0; s < n; s++)
            mean += q->x[s][j] / n;
        for (int s = 0; s < n; s++)
            square += (q->x[s][j] - mean) * (q->x[s][j] - mean);
        for (int s = 0; s < n; s++)
            q->x[s][j] = (q->x[s][j] - mean) / sqrt(square / (n - 1));
    }
    for (int j = 0; j < p; j++)
        for (unsigned set = 0; set < 1U << p; set++)
            if (!(set >> j & 1))
                q->score[j][set] = log_marginal(q, set | 1U << j) - log_marginal(q, set);
}

static void correlate(const problem *q, double *c) {
    for (int i = 0; i < q->p; i++)
        for (int j = 0; j < q->p; j++) {
            c[i * q->p + j] = i == j;
            for (int s = 0; s < q->n && i != j; s++)
                c[i * q->p + j] += q->x[s][i] * q->x[s][j] / (q->n - 1);
        }
}

static void draw_scores(problem *q, int p, double range, uint64_t seed) {
    *q = (problem){.p = p};
    for (int j = 0; j < p; j++)
        for (unsigned set = 0; set < 1U << p; set++)
            q->score[j][set] =
                -range * dsep_random_uniform((dsep_random){seed, 1701, (uint32_t)j}, set);
}

static long double lookup(const void *data, int variable, uint32_t parents) {
    return ((const problem *)data)->score[variable][parents];
}

/* --- all DAGs -------------------------------------------------------------------------------- */

/* The ancestors of each node, or 0 where there is a cycle. */
static int ancestors(int p, const unsigned *parents, unsigned *above) {
    memcpy(above, parents, (size_t)p * sizeof *above);
    for (int k = 0; k < p; k++)
        for (int j = 0; j < p; j++)
            if (above[j] >> k & 1)
                above[j] |= above[k];
    for (int j = 0; j < p; j++)
        if (above[j] >> j & 1)
            return 0;
    return 1;
}

/* One pass over all graphs: finds the largest score, or adds up weights relative to it. */
static void every_dag(const problem *q, int adding, answer *a) {
    const int p = q->p, arcs = p * (p - 1);
    a->dags = 0;
    for (int64_t g = 0; g < 1L << arcs; g++) {
        unsigned parents[MOST], above[MOST];
        long double score = 0;
        for (int j = 0; j < p; j++) {
            const unsigned others = g >> (j * (p - 1)) & ((1U << (p - 1)) - 1);
            const unsigned low = (1U << j) - 1;
            parents[j] = (others & low) | (others & ~low) << 1;
            score += q->score[j][parents[j]];
        }
        if (!ancestors(p, parents, above))
            continue;
        a->dags++;
        a->largest = a->dags == 1 && !adding ? score : fmaxl(score, a->largest);
        if (!adding)
            continue;
        const long double weight = expl(score - a->largest);
        a->weight += weight;
        for (int j = 0; j < p; j++)
            for (int i = 0; i < p; i++) {
                a->edge[i][j] += parents[j] >> i & 1 ? weight : 0;
                a->path[i][j] += above[j] >> i & 1 ? weight : 0;
            }
    }
}

static answer enumerate(const problem *q) {
    answer a = {0};
    every_dag(q, 0, &a);
    every_dag(q, 1, &a);
    for (int i = 0; i < q->p; i++)
        for (int j = 0; j < q->p; j++) {
            a.edge[i][j] /= a.weight;
            a.path[i][j] /= a.weight;
        }
    return a;
}

/* --- the comparison -------------------------------------------------------------------------- */

static void compare(const problem *q, const dsep_exact *exact, const char *what) {
    const answer a = enumerate(q);
    const long double evidence = a.largest + logl(a.weight);
    double edge = 0, path = 0;
    for (int i = 0; i < q->p; i++)
        for (int j = 0; j < q->p; j++) {
            edge = fmax(edge, fabs(exact->edge[i * q->p + j] - (double)a.edge[i][j]));
            path = fmax(path, fabs(exact->path[i * q->p + j] - (double)a.path[i][j]));
        }
    tap_ok(edge < 1e-12 && path < 1e-12, "%s: marginals of %d variables, off by %.1g and %.1g",
           what, q->p, edge, path);
    tap_ok(fabsl(exact->log_evidence - evidence) < 1e-13L * (1 + fabsl(evidence)),
           "%s: log evidence %.12g", what, exact->log_evidence);
    tap_ok(llroundl(expl(exact->log_dags)) == a.dags, "%s: one of %lld DAGs", what,
           (long long)a.dags);
    tap_ok(exact->complete && exact->digits > 12, "%s: %.1f digits", what, exact->digits);
}

static void try_scores(dsep_context *ctx, const problem *q, dsep_local_score *score,
                       const void *data, const char *what) {
    dsep_parent_sums *sums = NULL;
    dsep_exact *exact = NULL;
    if (tap_ok(!dsep_parent_sums_create(ctx, q->p, score, data, &sums) &&
                   !dsep_exact_create(ctx, sums, NULL, NULL, &exact),
               "%s: made", what))
        compare(q, exact, what);
    dsep_exact_destroy(&exact);
    dsep_parent_sums_destroy(&sums);
}

static void try_data(dsep_context *ctx, int p, int n) {
    problem q;
    double correlation[MOST * MOST];
    dsep_bge *bge = NULL;
    draw(&q, p, n, (uint64_t)p);
    correlate(&q, correlation);
    if (tap_ok(!dsep_bge_create(ctx, n, p, correlation, &bge), "scores of %d variables", p))
        try_scores(ctx, &q, dsep_bge_score, bge, "data");
    dsep_bge_destroy(&bge);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    problem q;
    for (int p = 1; p <= MOST; p++)
        try_data(ctx, p, 12 + 4 * p);
    static const double ranges[] = {0, 1, 50, 5000, 1e6};
    for (int r = 0; r < 5; r++)
        for (int p = 3; p <= 4; p++) {
            draw_scores(&q, p, ranges[r], (uint64_t)r);
            try_scores(ctx, &q, lookup, &q, "any scores");
        }
    return tap_end();
}
