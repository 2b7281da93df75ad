/* Orders of rows in hierarchical component analysis: judged as a slow reading of the paper judges
 * them; all of them tried; grown and improved; the same on any number of ranks.
 * ranks: 1 3 */
#include "solvers/hca_search.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 3, K = 3, Q = 5, ROWS = D * K };

static double uniform(uint32_t trial, uint64_t index) {
    return 2 * dsep_random_uniform((dsep_random){9, DSEP_STREAM_NOISE, trial}, index) - 1;
}

/* M_k = B_k H and noise, rows of environment k turned by k places: rows [k d x q]. */
static void make_rows(uint32_t trial, int d, int k, int q, double noise, double *m) {
    uint64_t index = 0;
    double *h = malloc((size_t)(d * q) * sizeof *h);
    for (int i = 0; i < d * q; i++)
        h[i] = uniform(trial, index++);
    memset(m, 0, (size_t)(d * k * q) * sizeof *m);
    for (int e = 0; e < k; e++)
        for (int i = 0; i < d; i++) {
            double *row = m + (e * d + (i + e) % d) * q;
            for (int j = 0; j <= i; j++) {
                const double u = uniform(trial, index++), b = j == i ? 1.5 + u : u;
                for (int c = 0; c < q; c++)
                    row[c] += b * h[j * q + c];
            }
            for (int c = 0; c < q; c++)
                row[c] += noise * uniform(trial, index++);
        }
    free(h);
}

static double dot(int n, const double *x, const double *y) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static dsep_hca_judge *judge_of(int d, int k, int q, const double *m) {
    dsep_hca_judge *judge = NULL;
    double *gram = malloc((size_t)(d * k * d * k) * sizeof *gram);
    for (int i = 0; i < d * k; i++)
        for (int j = 0; j < d * k; j++)
            gram[i * d * k + j] = dot(q, m + i * q, m + j * q);
    dsep_hca_judge_create(d, k, gram, NULL, &judge);
    free(gram);
    return judge;
}

/* --- a slow judge --------------------------------------------------------------------------------
 */

/* The leading right singular vector of rows [K x Q], by power iteration. */
static void slow_leading(double r[K][Q], double *h) {
    for (int c = 0; c < Q; c++)
        h[c] = 1 + .1 * c;
    for (int round = 0; round < 2000; round++) {
        double next[Q] = {0};
        for (int k = 0; k < K; k++)
            for (int c = 0; c < Q; c++)
                next[c] += dot(Q, r[k], h) * r[k][c];
        const double length = sqrt(dot(Q, next, next));
        for (int c = 0; c < Q; c++)
            h[c] = next[c] / length;
    }
}

/* Coefficients of x in rows r [D x Q], least squares by Gauss's elimination of (r r') c = r x. */
static void slow_regression(double r[D][Q], const double *x, double *coefficient) {
    double a[D][D + 1];
    for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++)
            a[i][j] = dot(Q, r[i], r[j]);
        a[i][D] = dot(Q, r[i], x);
    }
    for (int i = 0; i < D; i++)
        for (int h = 0; h < D; h++)
            for (int j = D; h != i && j >= i; j--)
                a[h][j] -= a[h][i] / a[i][i] * a[i][j];
    for (int i = 0; i < D; i++)
        coefficient[i] = a[i][D] / a[i][i];
}

static double slow_ic(double m[D][Q], double h[D][Q]) {
    double sum = 0;
    for (int i = 0; i < D; i++) {
        double model[Q] = {0}, c[D];
        for (int j = 0; j <= i; j++)
            for (int q = 0; q < Q; q++)
                model[q] += dot(Q, m[i], h[j]) * h[j][q];
        slow_regression(m, model, c);
        sum += 1 - c[i] * c[i] / dot(D, c, c);
    }
    return sum / D;
}

static dsep_hca_score slow_judge(const double *rows, const int32_t *row) {
    double m[K][D][Q], h[D][Q];
    dsep_hca_score score = {0, 0};
    for (int k = 0; k < K; k++)
        for (int i = 0; i < D; i++)
            memcpy(m[k][i], rows + (k * D + row[k * D + i]) * Q, sizeof m[k][i]);
    for (int i = 0; i < D; i++) {
        double r[K][Q];
        for (int k = 0; k < K; k++)
            for (int q = 0; q < Q; q++) {
                r[k][q] = m[k][i][q];
                for (int j = 0; j < i; j++)
                    r[k][q] -= dot(Q, m[k][i], h[j]) * h[j][q];
            }
        slow_leading(r, h[i]);
    }
    for (int k = 0; k < K; k++) {
        const double ic = slow_ic(m[k], h);
        score.mic = fmax(score.mic, ic);
        score.sum += ic;
    }
    return score;
}

/* --- tests ---------------------------------------------------------------------------------------
 */

static void test_judge(void) {
    double worst = 0;
    for (uint32_t trial = 0; trial < 10; trial++) {
        double m[ROWS * Q];
        int32_t row[ROWS];
        make_rows(trial, D, K, Q, .5, m);
        dsep_hca_judge *judge = judge_of(D, K, Q, m);
        for (int i = 0; i < ROWS; i++)
            row[i] = (int32_t)((i + (int)trial * (i / D + 1)) % D);
        const dsep_hca_score one = dsep_hca_judge_order(judge, row, 0), two = slow_judge(m, row);
        worst = fmax(worst, fmax(fabs(one.mic - two.mic), fabs(one.sum - two.sum)));
        dsep_hca_judge_destroy(&judge);
    }
    tap_ok(worst < 1e-10, "orders are judged as by the slow judge: %.1e", worst);
}

/* All (3!)^3 orders by the slow judge. */
static dsep_hca_score slow_search(const double *m, int32_t *row) {
    static const int32_t p[6][D] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    dsep_hca_score found = {INFINITY, INFINITY};
    for (int o = 0; o < 216; o++) {
        int32_t now[ROWS];
        memcpy(now, p[o / 36], sizeof p[0]);
        memcpy(now + D, p[o / 6 % 6], sizeof p[0]);
        memcpy(now + 2 * D, p[o % 6], sizeof p[0]);
        const dsep_hca_score score = slow_judge(m, now);
        if (dsep_hca_better(score, found)) {
            found = score;
            memcpy(row, now, sizeof now);
        }
    }
    return found;
}

static void test_exhaustive(dsep_context *ctx) {
    const dsep_hca_search search = {.exhaustive = 1000};
    double m[ROWS * Q];
    int32_t row[ROWS], alone[ROWS], slow[ROWS];
    dsep_hca_score score, one;
    int64_t judged = 0, judged_alone = 0;
    make_rows(77, D, K, Q, .4, m);
    dsep_hca_judge *judge = judge_of(D, K, Q, m);
    dsep_hca_search_run(ctx, judge, &search, dsep_context_error(ctx), row, &score, &judged);
    dsep_hca_search_run(NULL, judge, &search, NULL, alone, &one, &judged_alone);
    const dsep_hca_score want = slow_search(m, slow);
    tap_ok(judged == 216 && judged_alone == 216 && fabs(score.mic - want.mic) < 1e-10 &&
               !memcmp(row, slow, sizeof row),
           "all orders are tried: MIC %.4f, the slow search's %.4f", score.mic, want.mic);
    tap_ok(!memcmp(&score, &one, sizeof one) && !memcmp(row, alone, sizeof row),
           "by all ranks as by one");
    dsep_hca_judge_destroy(&judge);
}

/* Exact models: rows stand turned by k places, which the search has to find. */
static void test_exact(dsep_context *ctx, int d, int k, const dsep_hca_search *search) {
    const int q = d + 4;
    double *m = malloc((size_t)(d * k * q) * sizeof *m);
    int32_t *row = malloc((size_t)(d * k) * sizeof *row);
    int found = 1;
    dsep_hca_score score;
    int64_t judged = 0;
    make_rows(5, d, k, q, 0, m);
    dsep_hca_judge *judge = judge_of(d, k, q, m);
    dsep_hca_search_run(ctx, judge, search, dsep_context_error(ctx), row, &score, &judged);
    for (int i = 0; i < d * k; i++)
        found &= row[i] == (i % d + i / d) % d;
    tap_ok(found && score.mic < 1e-10, "an exact model of %d factors, %d environments: MIC %.1e", d,
           k, score.mic);
    dsep_hca_judge_destroy(&judge);
    free(m);
    free(row);
}

/* Grown and improved orders against all of them, with rows that agree in nothing. */
static void test_beam(dsep_context *ctx) {
    enum { TRIALS = 30 };
    const dsep_hca_search all = {.exhaustive = 1296}, grown = {.beam = 20, .descents = 20};
    int equal = 0, same = 1;
    double excess = 0;
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        double m[D * 4 * 6];
        int32_t row[D * 4], alone[D * 4];
        dsep_hca_score want, score, one;
        int64_t judged = 0, judged_alone = 0;
        make_rows(trial, D, 4, 6, trial % 3 ? .2 : .5, m);
        dsep_hca_judge *judge = judge_of(D, 4, 6, m);
        dsep_hca_search_run(NULL, judge, &all, NULL, row, &want, &judged);
        dsep_hca_search_run(ctx, judge, &grown, dsep_context_error(ctx), row, &score, &judged);
        dsep_hca_search_run(NULL, judge, &grown, NULL, alone, &one, &judged_alone);
        same &= !memcmp(&score, &one, sizeof one) && !memcmp(row, alone, sizeof row) &&
                judged == judged_alone;
        equal += score.mic == want.mic;
        excess = fmax(excess, score.mic - want.mic);
        dsep_hca_judge_destroy(&judge);
    }
    tap_ok(equal >= TRIALS * 9 / 10, "grown orders: %d of %d optima, at most %.3f above", equal,
           TRIALS, excess);
    tap_ok(same, "by all ranks as by one");
}

static void test_refused(void) {
    const double gram[] = {1, 1, 1, 1};
    dsep_hca_judge *judge = NULL;
    dsep_error error;
    tap_ok(dsep_hca_judge_create(2, 1, gram, &error, &judge) == DSEP_ERROR_DATA && !judge &&
               strstr(error.text, "environment 0"),
           "dependent sources are refused");
}

int main(int argc, char **argv) {
    const dsep_hca_search all = {.exhaustive = 1296}, grown = {.beam = 20, .descents = 4};
    const dsep_hca_search once = {.beam = 20, .descents = 1};
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_judge();
    test_exhaustive(ctx);
    test_exact(ctx, 3, 4, &all);
    test_exact(ctx, 3, 4, &grown);
    test_exact(ctx, 5, 6, &once);
    test_beam(ctx);
    test_refused();
    return tap_end();
}
