#include "tests/support/slow_pc.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

/* Partial correlation by Gaussian elimination of the set out of the matrix. */
static double partial(const slow_pc *s, int x, int y, const int *set, int l) {
    int v[SLOW_P] = {x, y};
    long double m[SLOW_P][SLOW_P];
    for (int i = 0; i < l; i++)
        v[2 + i] = set[i];
    for (int i = 0; i < l + 2; i++)
        for (int j = 0; j < l + 2; j++)
            m[i][j] = s->c[v[i]][v[j]];
    for (int k = l + 1; k >= 2; k--)
        for (int i = 0; i < k; i++)
            for (int j = 0; j < k; j++)
                m[i][j] -= m[i][k] * m[k][j] / m[k][k];
    return (double)(m[0][1] / sqrtl(m[0][0] * m[1][1]));
}

static double p_value(const slow_pc *s, double r, int l) {
    return 2 * gsl_cdf_ugaussian_Q(sqrt((double)(s->n - l - 3)) * atanh(fabs(r)));
}

/* Next subset of {0 .. m - 1} in lexicographic order; 0 after the last. */
static int next_subset(int *set, int l, int m) {
    int i = l - 1;
    while (i >= 0 && set[i] == m - l + i)
        i--;
    if (i < 0)
        return 0;
    set[i]++;
    for (int j = i + 1; j < l; j++)
        set[j] = set[j - 1] + 1;
    return 1;
}

/* Sets from x's frozen neighbours without y, in order, until one separates. With `all` none stops
 * it and the weakest test is remembered. Returns whether one separated. */
static int try_sets(slow_pc *s, int frozen[SLOW_P][SLOW_P], int x, int y, int l, int all) {
    int candidates[SLOW_P], m = 0, index[SLOW_P], set[SLOW_P];
    for (int z = 0; z < SLOW_P; z++)
        if (frozen[x][z] && z != y)
            candidates[m++] = z;
    if (m < l)
        return 0;
    for (int i = 0; i < l; i++)
        index[i] = i;
    do {
        for (int i = 0; i < l; i++)
            set[i] = candidates[index[i]];
        const double r = partial(s, x, y, set, l), p = p_value(s, r, l);
        if (all) {
            if (p > s->p_max[x][y]) {
                s->p_max[x][y] = s->p_max[y][x] = p;
                s->r[x][y] = s->r[y][x] = r;
            }
            continue;
        }
        s->tests[l]++;
        if (p >= s->alpha) {
            for (int i = 0; i < l; i++)
                s->sepset[x][y][set[i]] = s->sepset[y][x][set[i]] = 1;
            return 1;
        }
    } while (next_subset(index, l, m));
    return 0;
}

static void one_order(slow_pc *s, int l) {
    int frozen[SLOW_P][SLOW_P];
    memcpy(frozen, s->adjacent, sizeof frozen);
    for (int half = 0; half < 2; half++)
        for (int x = 0; x < SLOW_P; x++)
            for (int y = x + 1; y < SLOW_P; y++) {
                const int from = half ? y : x, other = half ? x : y;
                if (!s->adjacent[x][y] || (l == 0 && half))
                    continue;
                if (try_sets(s, frozen, from, other, l, 0)) {
                    s->adjacent[x][y] = s->adjacent[y][x] = 0;
                    s->removed_at[x][y] = l;
                }
            }
}

static int degree_reaches(const slow_pc *s, int l) {
    for (int x = 0; x < SLOW_P; x++) {
        int degree = 0;
        for (int y = 0; y < SLOW_P; y++)
            degree += s->adjacent[x][y];
        if (degree - 1 >= l)
            return 1;
    }
    return 0;
}

void slow_pc_search(slow_pc *s) {
    for (int x = 0; x < SLOW_P; x++)
        for (int y = 0; y < SLOW_P; y++) {
            s->adjacent[x][y] = x != y;
            s->removed_at[x][y] = -1;
        }
    for (int l = 0; l < SLOW_ORDERS && (l == 0 || degree_reaches(s, l)); l++) {
        memcpy(s->history[l], s->adjacent, sizeof s->history[l]);
        one_order(s, l);
        s->orders = l + 1;
    }
}

void slow_pc_measure(slow_pc *s) {
    for (int x = 0; x < SLOW_P; x++)
        for (int y = 0; y < SLOW_P; y++)
            s->p_max[x][y] = -1;
    for (int l = 0; l < s->orders; l++)
        for (int x = 0; x < SLOW_P; x++)
            for (int y = 0; y < SLOW_P; y++)
                if (s->adjacent[x][y])
                    try_sets(s, s->history[l], x, y, l, 1);
}
