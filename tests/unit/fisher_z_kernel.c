/* Fisher's z test, its arithmetic: the kernels give the bits of a plain loop, decisions are those
 * of the formula with logarithm and root in long double, degenerate pivots are singular and never
 * independent. */
#include "solvers/fisher_z_kernel.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

enum { LONGEST = 200, SHIFTS = 4, ROOM = LONGEST + SHIFTS };

static uint64_t drawn;

static double uniform(void) {
    return dsep_random_uniform((dsep_random){11, 1100, 0}, drawn++);
}

static double between(double low, double high) {
    return low + (high - low) * uniform();
}

static int below(int n) {
    return (int)(uniform() * n);
}

/* --- kernels against plain loops ------------------------------------------------------------- */

typedef struct {
    double ii, threshold;
    double ik[ROOM], kk[ROOM], kj[ROOM], bound[ROOM];
    uint8_t marked[ROOM]; /* places that are no pivots */
    dsep_fisher_z_row row;
} pivots;

/* Now and then a pivot without variance, one that determines node or target, no number at all, or
 * the pivot before once more. */
static void draw_pivot(pivots *a, int64_t m, int again) {
    const double kind = uniform(), jj = a->row.jj;
    a->kk[m] = !a->row.kk ? 1 : kind < .05 ? between(0, 2e-10) : between(.01, 1);
    a->ik[m] = (kind > .95 ? 1 : between(-.99, .99)) * sqrt(a->ii * a->kk[m]);
    a->kj[m] = (kind > .9 && kind < .95 ? 1 : between(-.99, .99)) * sqrt(jj * a->kk[m]);
    if (kind > .05 && kind < .08)
        *(kind < .065 ? &a->ik[m] : &a->kj[m]) = NAN;
    if (kind > .8 && kind < .9 && again)
        a->kk[m] = a->kk[m - 1], a->ik[m] = a->ik[m - 1], a->kj[m] = a->kj[m - 1];
    a->marked[m] = uniform() < .1;
}

/* single: sets of one member, where kk is left out and all variances are 1. */
static void set_row(pivots *a, int64_t n, int shift, int single, double ij) {
    const double jj = single ? 1 : uniform() < .1 ? 0 : between(.1, 1);
    const double *kk = single ? NULL : a->kk + shift;
    a->ii = single ? 1 : between(.1, 1);
    a->row = (dsep_fisher_z_row){ij * sqrt(a->ii * jj), jj, n, a->ik + shift, kk, a->kj + shift,
                                 a->bound + shift};
}

typedef struct {
    double bound[ROOM + 1], squared[ROOM + 1], least;
    int64_t independent[ROOM + 1], pivot, separated, singular;
} results;

static results plain_row(const pivots *a, int shift) {
    results all;
    memset(&all, 0x55, sizeof all);
    all.least = INFINITY;
    all.pivot = -1;
    all.separated = all.singular = 0;
    for (int64_t m = shift; m < shift + a->row.n; m++) {
        const double ik = a->ik[m], kk = a->kk[m], kj = a->kj[m];
        const double joint = a->row.ij * kk - ik * kj;
        const double i_left = a->ii * kk - ik * ik, j_left = a->row.jj * kk - kj * kj;
        const int node_exists = kk > 1e-10 && i_left > 1e-10 * kk;
        const int exists = node_exists && j_left > 1e-10 * kk, marked = a->marked[m];
        all.bound[m] = marked ? -2 : node_exists ? a->threshold * i_left : -1;
        all.independent[m] = !marked && exists && joint * joint <= all.bound[m] * j_left;
        all.separated += all.independent[m];
        all.singular += !marked && !exists;
        all.squared[m] = 0;
        if (!marked && exists && joint * joint / (i_left * j_left) < all.least) {
            all.least = joint * joint / (i_left * j_left);
            all.pivot = m - shift;
        }
    }
    return all;
}

static results fast_row(const pivots *a, int shift) {
    results all;
    memset(&all, 0x55, sizeof all);
    dsep_fisher_z_row row = a->row;
    row.bound = all.bound + shift;
    dsep_fisher_z_bounds(row.n, a->ii, a->threshold, row.ik, row.kk, all.bound + shift);
    for (int64_t m = shift; m < shift + row.n; m++)
        if (a->marked[m])
            all.bound[m] = DSEP_FISHER_Z_NO_PIVOT;
    const dsep_fisher_z_block block = dsep_fisher_z_test(&row, all.independent + shift);
    all.separated = block.separated;
    all.singular = block.singular;
    all.least = dsep_fisher_z_least(&row, a->ii, all.squared + shift, &all.pivot);
    memset(all.squared + shift, 0, (size_t)row.n * sizeof *all.squared);
    return all;
}

static int same_row(int64_t n, int shift, int single, int64_t *separated, int64_t *singular) {
    static pivots a;
    set_row(&a, n, shift, single, between(-.9, .9));
    a.threshold = between(0, .3);
    for (int64_t m = shift; m < n + shift; m++)
        draw_pivot(&a, m, m > shift);
    const results plain = plain_row(&a, shift), fast = fast_row(&a, shift);
    *separated += plain.separated;
    *singular += plain.singular;
    return memcmp(&plain, &fast, sizeof plain) == 0;
}

/* Lengths 0 to 200 in turn, then random ones. */
static int length_of(int turn) {
    return turn <= LONGEST ? turn : below(LONGEST + 1);
}

static void test_rows(int single) {
    int64_t separated = 0, singular = 0;
    int good = 1;
    for (int i = 0; i <= LONGEST + 1000; i++)
        good &= same_row(length_of(i), i % SHIFTS, single, &separated, &singular);
    tap_ok(good && separated > 10000 && singular > 10000,
           "bounds, tests and the least of rows %s are those of a plain loop (%lld tests separate, "
           "%lld do not exist)",
           single ? "without kk" : "with kk", (long long)separated, (long long)singular);
}

/* Eliminations and pairs of one row; bits, and the guards around it. Some correlations
 * are at the threshold and some are no numbers. */
static int same_vectors(int n, int shift) {
    double pivot[ROOM], source[ROOM], plain[2][ROOM + 1], fast[2][ROOM + 1];
    uint64_t plain_strong[ROOM / 64 + 2], fast_strong[ROOM / 64 + 2];
    const double factor = between(-3, 3), kk = between(1e-9, 2), root = between(.05, .9);
    memset(plain, 0x55, sizeof plain);
    memset(fast, 0x55, sizeof fast);
    memset(plain_strong, 9, sizeof plain_strong);
    memset(fast_strong, 9, sizeof fast_strong);
    memset(plain_strong, 0, (size_t)(n + 63) / 64 * sizeof *plain_strong);
    for (int m = 0; m < ROOM; m++) {
        const double kind = uniform();
        pivot[m] = kind < .05 ? root : kind < .1 ? -root : between(-1, 1);
        source[m] = between(-1, 1);
    }
    for (int m = shift; m < n + shift; m++) {
        plain[0][m] = source[m] - factor * pivot[m];
        plain[1][m] = source[m] - pivot[m] * pivot[m] * (1 / kk);
    }
    dsep_fisher_z_eliminate(n, factor, pivot + shift, source + shift, fast[0] + shift);
    dsep_fisher_z_eliminate_diagonal(n, kk, pivot + shift, source + shift, fast[1] + shift);
    for (int m = shift; m < n + shift; m++) {
        pivot[m] = uniform() < .05 ? NAN : pivot[m];
        if (!(pivot[m] * pivot[m] <= root * root))
            plain_strong[(m - shift) / 64] |= (uint64_t)1 << (m - shift) % 64;
    }
    dsep_fisher_z_pairs(n, root * root, pivot + shift, fast_strong);
    return memcmp(plain, fast, sizeof plain) == 0 &&
           memcmp(plain_strong, fast_strong, sizeof plain_strong) == 0;
}

static void test_vectors(void) {
    int good = 1;
    for (int i = 0; i <= LONGEST + 1000; i++)
        good &= same_vectors(length_of(i), i % SHIFTS);
    tap_ok(good, "eliminate, diagonal and pairs are a plain loop's to the bit");
}

/* --- degenerate pivots ----------------------------------------------------------------------- */

/* Three pivots, of which the one in the middle is special. */
typedef struct {
    const char *what;
    double ii, ij, jj, ik, kk, kj; /* of that pivot */
    int marked;                    /* it is none at all */
    int64_t separated, singular;
} special;

static int gives(const special *s, int single) {
    const double ik[] = {0, s->ik, 0}, kk[] = {1, s->kk, 1}, kj[] = {0, s->kj, 0};
    double bound[3];
    int64_t independent[3] = {7, 7, 7};
    dsep_fisher_z_bounds(3, s->ii, .1, ik, single ? NULL : kk, bound);
    if (s->marked)
        bound[1] = DSEP_FISHER_Z_NO_PIVOT;
    const dsep_fisher_z_row row = {s->ij, s->jj, 3, ik, single ? NULL : kk, kj, bound};
    const dsep_fisher_z_block found = dsep_fisher_z_test(&row, independent);
    return found.separated == s->separated && found.singular == s->singular &&
           independent[0] == (s->separated >= 2) && independent[2] == independent[0] &&
           independent[1] == (s->separated == 3);
}

static void test_singular(void) {
    const double at = DSEP_FISHER_Z_SINGULAR, above = nextafter(at, 1);
    const double half = sqrt(1 - .5e-10), more = sqrt(1 - 4e-10);
    const special cases[] = {
        {"three pivots of two variables with nothing in common", 1, 0, 1, 0, 1, 0, 0, 3, 0},
        {"a pivot without variance", 1, 0, 1, 0, 0, 0, 0, 2, 1},
        {"a pivot at the bound of singularity", 1, 0, 1, 0, at, 0, 0, 2, 1},
        {"a pivot just above it", 1, 0, 1, 0, above, 0, 0, 3, 0},
        {"a pivot equal to the node", 1, 0, 1, 1, 1, 0, 0, 2, 1},
        {"a node with half of the bound left", 1, 0, 1, half, 1, 0, 0, 2, 1},
        {"a node with four times the bound left", 1, 0, 1, more, 1, 0, 0, 3, 0},
        {"a node at the bound", at, 0, 1, 0, 1, 0, 0, 0, 3},
        {"a node just above it", above, 0, 1, 0, 1, 0, 0, 3, 0},
        {"a pivot equal to the target", 1, 0, 1, 0, 1, 1, 0, 2, 1},
        {"a pivot equal to minus the target", 1, 0, 1, 0, 1, -1, 0, 2, 1},
        {"the target itself, of which a set left a quarter", 1, 0, .25, 0, .25, .25, 0, 2, 1},
        {"a target with half of the bound left", 1, 0, 1, 0, 1, half, 0, 2, 1},
        {"a target without variance", 1, 0, 0, 0, 1, 0, 0, 0, 3},
        {"a target at the bound", 1, 0, at, 0, 1, 0, 0, 0, 3},
        {"a target just above it", 1, 0, above, 0, 1, 0, 0, 3, 0},
        {"a node's variance is no number", NAN, 0, 1, 0, 1, 0, 0, 0, 3},
        {"a target's is none", 1, 0, NAN, 0, 1, 0, 0, 0, 3},
        {"a pivot's is none", 1, 0, 1, 0, NAN, 0, 0, 2, 1},
        {"a covariance of node and target is no number", 1, NAN, 1, 0, 1, 0, 0, 0, 0},
        {"one of node and pivot", 1, 0, 1, NAN, 1, 0, 0, 2, 1},
        {"one of pivot and target", 1, 0, 1, 0, 1, NAN, 0, 2, 1},
        {"a place that is no pivot", 1, 0, 1, 0, 1, 0, 1, 2, 0},
        {"no pivot, equal to the target", 1, 0, 1, 0, 1, 1, 1, 2, 0},
        {"no pivot, and no number", 1, 0, 1, NAN, NAN, NAN, 1, 2, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const special *s = &cases[i];
        const int single = s->ii == 1 && s->jj == 1 && s->kk == 1;
        tap_ok(gives(s, 0) && (!single || gives(s, 1)), "%s: %d separate, %d singular", s->what,
               (int)s->separated, (int)s->singular);
    }
}

/* --- decisions against the formula ----------------------------------------------------------- */

/* sqrt(samples) atanh|r| - z in long double; samples: n - l - 3. */
static long double margin(const pivots *a, int64_t m, int64_t samples, double z) {
    const long double kk = a->kk[m], ik = a->ik[m], kj = a->kj[m];
    const long double r =
        (a->row.ij * kk - ik * kj) / sqrtl((a->ii * kk - ik * ik) * (a->row.jj * kk - kj * kj));
    return sqrtl((long double)samples) * atanhl(fabsl(r)) - z;
}

/* Draws a pivot until one exists with which the partial correlation is r: with correlations a, b
 * of the node with target and pivot, c solves a - b c = r sqrt((1 - b^2) (1 - c^2)). */
static void draw_near(pivots *a, int64_t m, long double r) {
    const long double ij = a->row.ij / sqrtl((long double)a->ii * a->row.jj);
    for (int tries = 0; tries < 1000; tries++) {
        a->kk[m] = a->row.kk ? between(.1, 1) : 1;
        a->ik[m] = between(-.7, .7) * sqrt(a->ii * a->kk[m]);
        const long double b = a->ik[m] / sqrtl((long double)a->ii * a->kk[m]);
        const long double sine = r * sqrtl(1 - b * b), length = hypotl(b, sine);
        if (fabsl(ij) > .99L * length)
            continue;
        const long double angle = atan2l(sine, b) + (uniform() < .5 ? -1 : 1) * acosl(ij / length);
        a->kj[m] = (double)(cosl(angle) * sqrtl((long double)a->row.jj * a->kk[m]));
        if (sinl(angle) > .3L)
            return;
    }
}

/* A row whose tests sit at 1 + delta of the threshold. */
static void draw_near_row(pivots *a, double root, int single) {
    static const double deltas[] = {.3, 1e-3, 1e-6, 1e-9, 1e-11, 1e-12, 1e-13, 0};
    do
        set_row(a, 64, 0, single, between(-.4, .4));
    while (a->row.jj == 0);
    for (int64_t m = 0; m < a->row.n; m++) {
        const long double over = (long double)deltas[m % 8] * (uniform() < .5 ? -1 : 1);
        draw_near(a, m, (uniform() < .5 ? -1 : 1) * (root * (1 + over)));
    }
    dsep_fisher_z_bounds(a->row.n, a->ii, root * root, a->row.ik, a->row.kk, a->bound);
}

static void test_threshold(void) {
    static const double alphas[] = {.05, .01, .001};
    static pivots a;
    int good = 1, near = 0, weak = 0, all = 0;
    for (int i = 0; i < 2000; i++) {
        const int64_t samples = i % 2 ? 20 + below(100) : 1000 + below(100000);
        const double z = gsl_cdf_ugaussian_Qinv(alphas[i % 3] / 2);
        int64_t independent[64] = {0};
        draw_near_row(&a, tanh(z / sqrt((double)samples)), i / 2 % 2);
        dsep_fisher_z_test(&a.row, independent);
        for (int64_t m = 0; m < a.row.n; m++) {
            const long double over = margin(&a, m, samples, z);
            if (fabsl(over) <= 1e-12L)
                continue;
            good &= independent[m] == (over <= 0);
            near += fabsl(over) < 1e-8L;
            weak += over <= 0;
            all++;
        }
    }
    tap_ok(good && near > 10000 && weak > 10000 && all - weak > 10000,
           "%d decisions are those of sqrt(n-l-3) atanh|r| <= z, %d of them within 1e-8 of it", all,
           near);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_rows(0);
    test_rows(1);
    test_vectors();
    test_singular();
    test_threshold();
    return tap_end();
}
