/* BGe scores of more variables than one task has: determinants of all sets against elimination in
 * another order, score equivalence, and what is refused.
 * ranks: 1 3 */
#include "solvers/bge.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <math.h>
#include <string.h>

enum { P = 9, N = 50 };

/* Correlations of rows that share a factor; the last two columns are one. */
static void correlate(double *c) {
    static double x[N][P];
    for (int s = 0; s < N; s++)
        for (int j = 0; j < P; j++)
            x[s][j] = dsep_random_uniform((dsep_random){3, 1703, 0}, (uint64_t)(s * P + j)) +
                      (j % 3) * dsep_random_uniform((dsep_random){3, 1704, 0}, (uint64_t)s);
    for (int s = 0; s < N; s++)
        x[s][P - 1] = x[s][P - 2];
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++) {
            double m[2] = {0}, ii = 0, ij = 0, jj = 0;
            for (int s = 0; s < N; s++) {
                m[0] += x[s][i] / N;
                m[1] += x[s][j] / N;
            }
            for (int s = 0; s < N; s++) {
                ii += (x[s][i] - m[0]) * (x[s][i] - m[0]);
                ij += (x[s][i] - m[0]) * (x[s][j] - m[1]);
                jj += (x[s][j] - m[1]) * (x[s][j] - m[1]);
            }
            c[i * P + j] = i == j ? 1 : ij / sqrt(ii * jj);
        }
}

/* log determinant of R on a set, lowest variable first. */
static long double log_determinant(const double *c, unsigned set) {
    long double r[P][P], sum = 0;
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++)
            r[i][j] = (N - 1) * (long double)c[i * P + j] + (i == j ? .5L : 0);
    for (int k = 0; k < P; k++) {
        if (!(set >> k & 1))
            continue;
        sum += logl(r[k][k]);
        for (int i = k + 1; i < P; i++)
            for (int j = P - 1; j >= k; j--)
                r[i][j] -= r[i][k] / r[k][k] * r[k][j];
    }
    return sum;
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    double c[P * P];
    long double off = 0, uneven = 0;
    dsep_bge *bge = NULL;
    correlate(c);
    if (tap_ok(!dsep_bge_create(ctx, N, P, c, &bge), "scores are made")) {
        for (unsigned set = 0; set < 1U << P; set++)
            off = fmaxl(off, fabsl(bge->log_minor[set] - log_determinant(c, set)));
        tap_ok(off < 1e-15L, "determinants of all sets, off by %.1Lg", off);
        for (unsigned set = 0; set < 1U << P; set++)
            for (int i = 0; i < P; i++)
                for (int j = 0; j < P; j++) {
                    const unsigned a = 1U << i, b = 1U << j;
                    if (i == j || set & (a | b))
                        continue;
                    const long double one =
                        dsep_bge_score(bge, i, set) + dsep_bge_score(bge, j, set | a);
                    const long double two =
                        dsep_bge_score(bge, j, set) + dsep_bge_score(bge, i, set | b);
                    uneven = fmaxl(uneven, fabsl(one - two));
                }
        tap_ok(uneven < 1e-14L, "equivalent graphs score the same, within %.1Lg", uneven);
    }
    dsep_bge_destroy(&bge);
    c[3 * P + 2] = 1.5;
    tap_ok(dsep_bge_create(ctx, N, P, c, &bge) == DSEP_ERROR_DATA && !bge &&
               strstr(dsep_context_error(ctx)->text, "not positive definite"),
           "correlations that are none are refused");
    return tap_end();
}
