/* Fisher's z test: the kernels give the bits of a plain loop, decisions are those of the formula
 * with logarithm and root in long double, degenerate pivots are singular and never independent,
 * and the test behind citest.h finds what inverting the submatrix finds, on each of its paths. */
#include "solvers/fisher_z_kernel.h"
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* SMALL variables are embedded among LARGE; with WIDE ones all sizes of blocks occur. */
enum { LONGEST = 200, SHIFTS = 4, ROOM = LONGEST + SHIFTS, P = 12, MOST = 5 };
enum { SMALL = 300, LARGE = 1300, WIDE = 1700 };

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

/* Eliminations, gathering and pairs of one row; bits, and the guards around it. Some correlations
 * are at the threshold and some are no numbers. */
static int same_vectors(int n, int shift) {
    double pivot[ROOM], source[ROOM], plain[3][ROOM + 1], fast[3][ROOM + 1];
    uint8_t plain_weak[ROOM + 1], fast_weak[ROOM + 1];
    int32_t places[ROOM];
    const double factor = between(-3, 3), kk = between(1e-9, 2), root = between(.05, .9);
    int64_t count = 0;
    memset(plain, 0x55, sizeof plain);
    memset(fast, 0x55, sizeof fast);
    memset(plain_weak, 9, sizeof plain_weak);
    memset(fast_weak, 9, sizeof fast_weak);
    for (int m = 0; m < ROOM; m++) {
        const double kind = uniform();
        pivot[m] = kind < .05 ? root : kind < .1 ? -root : between(-1, 1);
        source[m] = between(-1, 1);
        places[m] = below(ROOM);
    }
    for (int m = shift; m < n + shift; m++) {
        plain[0][m] = source[m] - factor * pivot[m];
        plain[1][m] = source[m] - pivot[m] * pivot[m] * (1 / kk);
        plain[2][m] = source[places[m]];
    }
    dsep_fisher_z_eliminate(n, factor, pivot + shift, source + shift, fast[0] + shift);
    dsep_fisher_z_eliminate_diagonal(n, kk, pivot + shift, source + shift, fast[1] + shift);
    dsep_fisher_z_gather(n, places + shift, source, fast[2] + shift);
    for (int m = shift; m < n + shift; m++) {
        pivot[m] = uniform() < .05 ? NAN : pivot[m];
        count += plain_weak[m] = pivot[m] * pivot[m] <= root * root;
    }
    return dsep_fisher_z_pairs(n, root * root, pivot + shift, fast_weak + shift) == count &&
           memcmp(plain, fast, sizeof plain) == 0 &&
           memcmp(plain_weak, fast_weak, sizeof plain_weak) == 0;
}

static void test_vectors(void) {
    int good = 1;
    for (int i = 0; i <= LONGEST + 1000; i++)
        good &= same_vectors(length_of(i), i % SHIFTS);
    tap_ok(good, "eliminate, diagonal, gather and pairs are a plain loop's to the bit");
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

/* --- behind citest.h, against the inverse ---------------------------------------------------- */

typedef struct {
    int p;
    double *values; /* [p x p]; freed by free() */
    dsep_correlation correlation;
} matrix;

static matrix make_matrix(int p, int64_t n_samples) {
    double *values = calloc((size_t)p * p, sizeof *values);
    for (int x = 0; x < p; x++)
        values[x * p + x] = 1;
    return (matrix){p, values, {.n_samples = n_samples, .n_variables = p, .values = values}};
}

static void relate(matrix *c, int x, int y, double r) {
    c->values[x * c->p + y] = c->values[y * c->p + x] = r;
}

/* Correlations of random data; with `twin`, 1 or -1, variable 7 is so many times variable 3. */
static matrix draw_matrix(int p, int rows, int64_t n_samples, int twin) {
    matrix c = make_matrix(p, n_samples);
    double *data = malloc((size_t)p * rows * sizeof *data);
    for (int x = 0; x < p; x++)
        for (int f = 0; f < rows; f++)
            data[x * rows + f] =
                twin && x == 7 ? twin * data[3 * rows + f] : between(-1, 1) + (f == 0) * .5;
    for (int x = 0; x < p; x++)
        for (int y = 0; y < x; y++) {
            const double *a = data + x * rows, *b = data + y * rows;
            long double ab = 0, aa = 0, bb = 0;
            for (int f = 0; f < rows; f++) {
                ab += (long double)a[f] * b[f];
                aa += (long double)a[f] * a[f];
                bb += (long double)b[f] * b[f];
            }
            relate(&c, x, y, (double)(ab / sqrtl(aa * bb)));
        }
    free(data);
    return c;
}

/* Inverts m [k x k] in place; 0 when it has no inverse. */
static int invert(long double m[MOST][MOST], int k) {
    for (int i = 0; i < k; i++) {
        const long double pivot = m[i][i];
        if (fabsl(pivot) < 1e-12L)
            return 0;
        m[i][i] = 1;
        for (int j = 0; j < k; j++)
            m[i][j] /= pivot;
        for (int r = 0; r < k; r++) {
            const long double factor = m[r][i];
            if (r == i)
                continue;
            m[r][i] = 0;
            for (int j = 0; j < k; j++)
                m[r][j] -= factor * m[i][j];
        }
    }
    return 1;
}

/* What is left of the covariance of x and y given the set, from the inverse of the set's. */
static long double left_of(const matrix *c, int x, int y, const int *set, int l,
                           long double inverse[MOST][MOST]) {
    long double left = c->values[x * c->p + y];
    for (int i = 0; i < l; i++)
        for (int j = 0; j < l; j++)
            left -= c->values[x * c->p + set[i]] * inverse[i][j] * c->values[y * c->p + set[j]];
    return left;
}

/* Partial correlation; NAN where there is none. */
static double slow_partial(const matrix *c, int x, int y, const int *set, int l) {
    long double m[MOST][MOST];
    for (int i = 0; i < l; i++)
        for (int j = 0; j < l; j++)
            m[i][j] = c->values[set[i] * c->p + set[j]];
    if (!invert(m, l))
        return NAN;
    const long double xx = left_of(c, x, x, set, l, m), yy = left_of(c, y, y, set, l, m);
    const long double r = left_of(c, x, y, set, l, m) / sqrtl(xx * yy);
    return xx < 1e-11L || yy < 1e-11L ? NAN : (double)fmaxl(-1, fminl(1, r));
}

/* A node with its adjacent variables, and the state that the test should be in. */
typedef struct {
    const matrix *c;
    dsep_citest *test;
    int node, order, depth, set[MOST]; /* the variables that were pushed */
    int32_t adjacent[WIDE], targets[WIDE];
    int32_t next[MOST]; /* position behind the last pushed one, at each depth */
    int64_t n_adjacent, n_targets;
    double z;
    int64_t found, none, singular, refused; /* so that the test can be seen to have looked */
} walk;

static void start(walk *w, int order) {
    w->order = order;
    w->depth = 0;
    if (w->test->reserve(w->test->state, w->n_adjacent, order, NULL))
        tap_note("no memory");
    w->test->begin(w->test->state, w->node, w->adjacent, w->n_adjacent, w->targets, w->n_targets,
                   order);
}

/* Neighbours are drawn from all variables but the node; some of them become targets. */
static void draw_node(walk *w, int n_adjacent, double share) {
    int open = w->c->p - 1;
    w->node = below(w->c->p);
    w->n_adjacent = w->n_targets = 0;
    for (int x = 0; x < w->c->p; x++)
        if (x != w->node && below(open--) < n_adjacent - w->n_adjacent)
            w->adjacent[w->n_adjacent++] = x;
    for (int m = 0; m < w->n_adjacent; m++)
        if (uniform() < share)
            w->targets[w->n_targets++] = m;
}

/* Compares one scan and the weakest from `next` on with the partial correlations r[n_adjacent];
 * gives the pivot. */
static int scan_right(walk *w, int64_t target, int32_t next, const double *r, int64_t *pivot) {
    const double root_n = sqrt((double)(w->c->correlation.n_samples - w->order - 3));
    dsep_citest_scan wanted = {-1, 0};
    double least = NAN;
    for (int32_t k = next; k < w->n_adjacent; k++) {
        wanted.singular += wanted.pivot < 0 && isnan(r[k]);
        if (wanted.pivot < 0 && root_n * atanh(fabs(r[k])) <= w->z)
            wanted.pivot = k;
        if (!isnan(r[k]) && !(fabs(r[k]) >= fabs(least)))
            least = r[k];
    }
    const dsep_citest_scan found = w->test->scan(w->test->state, target, next);
    const double weakest = w->test->weakest(w->test->state, target, next);
    *pivot = found.pivot;
    *(wanted.pivot < 0 ? &w->none : &w->found) += 1;
    w->singular += wanted.singular;
    return found.pivot == wanted.pivot && found.singular == wanted.singular &&
           (isnan(least) ? isnan(weakest) : fabs(weakest - least) < 1e-11);
}

/* All that scans of a target find, one continued behind the other. */
static int target_right(walk *w, int64_t target) {
    static double r[WIDE];
    const int y = w->adjacent[w->targets[target]];
    for (int32_t k = w->next[w->depth]; k < w->n_adjacent; k++) {
        w->set[w->depth] = w->adjacent[k];
        r[k] = slow_partial(w->c, w->node, y, w->set, w->depth + 1);
    }
    int good = 1;
    int64_t pivot = 0;
    for (int64_t next = w->next[w->depth]; next < w->n_adjacent && pivot >= 0; next = pivot + 1)
        good &= scan_right(w, target, (int32_t)next, r, &pivot);
    return good;
}

static int is_member(const walk *w, int32_t position) {
    int found = 0;
    for (int d = 0; d < w->depth; d++)
        found |= w->set[d] == w->adjacent[position];
    return found;
}

static int push_right(walk *w, int32_t pivot) {
    const int x = w->adjacent[pivot];
    const int determined = isnan(slow_partial(w->c, x, x, w->set, w->depth));
    if (!w->test->push(w->test->state, pivot)) {
        w->refused++;
        return determined;
    }
    w->set[w->depth++] = x;
    w->next[w->depth] = pivot + 1;
    return !determined;
}

static void drop_one(dsep_citest *test, int32_t *targets, int64_t *n_targets, int64_t target) {
    targets[target] = targets[--*n_targets];
    test->drop(test->state, target);
}

/* One random step; 0 when something was wrong. */
static int step(walk *w) {
    const int left = (int)w->n_adjacent - w->next[w->depth];
    const double kind = uniform();
    int good = 1;
    if (kind < .08 && w->n_targets > 0)
        drop_one(w->test, w->targets, &w->n_targets, below((int)w->n_targets));
    else if ((kind < .3 || left == 0) && w->depth > 0)
        w->test->pop(w->test->state), w->depth--;
    else if (w->depth < w->order - 1 && left > 0)
        good &= push_right(w, w->next[w->depth] + below((left + 1) / 2));
    for (int64_t m = 0; m < w->n_targets && w->depth == w->order - 1; m++)
        if (!is_member(w, w->targets[m]))
            good &= target_right(w, m);
    return good;
}

static void test_walks(int64_t n_samples, double alpha) {
    static walk w;
    w = (walk){.z = gsl_cdf_ugaussian_Qinv(alpha / 2)};
    int good = 1;
    for (int i = 0; i < 90; i++) {
        matrix c = draw_matrix(P, P + 4, n_samples, i % 3 - 1);
        w.c = &c;
        good &= dsep_fisher_z_create(&c.correlation, alpha, NULL, &w.test) == DSEP_OK;
        for (int k = 0; k < MOST; k++) {
            draw_node(&w, 2 + below(P - 2), .7);
            start(&w, 1 + (i + 2 * k) % MOST);
            for (int s = 0; s < 40 && good; s++)
                good &= step(&w);
        }
        dsep_fisher_z_destroy(&w.test);
        free(c.values);
    }
    tap_ok(good && w.found > 5000 && w.none > 1000 && w.singular > 5000 && w.refused > 20,
           "random walks at orders 1 to 5 with %lld samples find what the inverse finds: %lld "
           "pivots, %lld times none, %lld singular, %lld pushes refused",
           (long long)n_samples, (long long)w.found, (long long)w.none, (long long)w.singular,
           (long long)w.refused);
}

/* --- paths through the matrix ---------------------------------------------------------------- */

/* Blocks of every size: all targets are held near the threshold, so that they separate late. */
static void test_blocks(int p, int n_adjacent) {
    static walk w;
    matrix c = make_matrix(p, 50);
    w = (walk){.c = &c, .z = gsl_cdf_ugaussian_Qinv(.05)};
    draw_node(&w, n_adjacent, 20. / n_adjacent);
    for (int k = 0; k < w.n_adjacent; k++)
        for (int64_t m = -1; m < w.n_targets; m++) {
            const int x = m < 0 ? w.node : w.adjacent[w.targets[m]];
            if (x != w.adjacent[k])
                relate(&c, x, w.adjacent[k], between(-.25, .25));
        }
    for (int64_t m = 0; m < w.n_targets; m++)
        relate(&c, w.node, w.adjacent[w.targets[m]], between(.24, .3));
    int good = dsep_fisher_z_create(&c.correlation, .1, NULL, &w.test) == DSEP_OK;
    start(&w, 1);
    for (int64_t m = 0; m < w.n_targets; m++)
        good &= target_right(&w, m);
    tap_ok(good && w.found > 50 && w.none > 5,
           "%d neighbours among %d variables: scans of many blocks find what the inverse finds",
           n_adjacent, p);
    dsep_fisher_z_destroy(&w.test);
    free(c.values);
}

/* The small matrix among other variables. place[SMALL], ascending: where its own are. */
static matrix embed(const matrix *small, int *place) {
    matrix c = make_matrix(LARGE, small->correlation.n_samples);
    int count = 0;
    for (int x = 0; x < LARGE; x++) {
        if (below(LARGE - x) < SMALL - count)
            place[count++] = x;
        for (int y = 0; y < x; y++)
            relate(&c, x, y, between(-.3, .3));
    }
    for (int x = 0; x < SMALL; x++)
        for (int y = 0; y < x; y++)
            relate(&c, place[x], place[y], small->values[x * SMALL + y]);
    return c;
}

/* Scans and the weakest of a target on both paths, from the front and from later positions. */
static int same_paths(const walk *a, const walk *b, int64_t m, int *late) {
    int good = 1;
    int64_t pivot = 0;
    for (int64_t next = 0; next < a->n_adjacent && pivot >= 0; next = pivot + 1 + below(20)) {
        const dsep_citest_scan one = a->test->scan(a->test->state, m, (int32_t)next);
        const dsep_citest_scan two = b->test->scan(b->test->state, m, (int32_t)next);
        const double weak[] = {a->test->weakest(a->test->state, m, (int32_t)next),
                               b->test->weakest(b->test->state, m, (int32_t)next)};
        good &= one.pivot == two.pivot && one.singular == two.singular;
        good &= memcmp(&weak[0], &weak[1], sizeof weak[0]) == 0;
        pivot = one.pivot;
        *late += pivot - next >= 96;
    }
    return good;
}

static void test_paths(void) {
    static const int degrees[] = {SMALL / 4, 100, 200, SMALL - 1};
    static walk a, b;
    int place[SMALL], good = 1, late = 0;
    matrix small = draw_matrix(SMALL, 50, 50, 1), large = embed(&small, place);
    a = (walk){.c = &small};
    good &= dsep_fisher_z_create(&small.correlation, .2, NULL, &a.test) == DSEP_OK;
    b.c = &large;
    good &= dsep_fisher_z_create(&large.correlation, .2, NULL, &b.test) == DSEP_OK;
    for (int i = 0; i < 20; i++) {
        draw_node(&a, degrees[i % 4], .9);
        b = (walk){.c = &large, .test = b.test, .node = place[a.node]};
        b.n_adjacent = a.n_adjacent;
        b.n_targets = a.n_targets;
        memcpy(b.targets, a.targets, sizeof a.targets);
        for (int64_t k = 0; k < a.n_adjacent; k++)
            b.adjacent[k] = place[a.adjacent[k]];
        start(&a, 1);
        start(&b, 1);
        for (int k = 0; k < 10; k++) {
            const int m = below((int)a.n_targets);
            drop_one(a.test, a.targets, &a.n_targets, m);
            drop_one(b.test, b.targets, &b.n_targets, m);
        }
        for (int64_t m = 0; m < a.n_targets; m++)
            good &= same_paths(&a, &b, m, &late);
    }
    tap_ok(good && late > 50,
           "whole rows and gathered ones: the same bits (%d scans beyond two blocks)", late);
    const int32_t end = (int32_t)a.n_adjacent;
    tap_ok(a.test->scan(a.test->state, 0, end).pivot < 0 &&
               b.test->scan(b.test->state, 0, end).pivot < 0 &&
               isnan(a.test->weakest(a.test->state, 0, end)),
           "no pivots left: nothing is found");
    dsep_fisher_z_destroy(&a.test);
    dsep_fisher_z_destroy(&b.test);
    free(small.values);
    free(large.values);
}

/* --- figures --------------------------------------------------------------------------------- */

static int pairs_right(const matrix *c, dsep_citest *test, double z) {
    uint8_t independent[P + 1];
    const int x = below(c->p), first = below(c->p), count = below(c->p - first + 1);
    const double *r = c->values + x * c->p;
    int64_t weak = 0;
    memset(independent, 9, sizeof independent);
    const int64_t found = test->pairs(test->state, x, first, count, independent);
    int good = independent[count] == 9;
    for (int j = 0; j < count; j++) {
        const double value =
            sqrt((double)(c->correlation.n_samples - 3)) * atanh(fabs(r[first + j]));
        good &= independent[j] == (value <= z);
        good &= test->marginal(test->state, x, first + j) == r[first + j];
        weak += value <= z;
    }
    return good && found == weak;
}

static void test_figures(void) {
    matrix c = draw_matrix(P, P + 4, 50, 0);
    dsep_citest *test = NULL;
    const double z = gsl_cdf_ugaussian_Qinv(.05), root = tanh(z / sqrt(50 - 3));
    for (int x = 1; x < P; x++) /* another order would decide otherwise */
        relate(&c, x, x - 1, (x % 2 ? 1.005 : -.995) * root);
    dsep_fisher_z_create(&c.correlation, .1, NULL, &test);
    tap_ok(test->n_variables == P && test->max_order == 46, "sets of up to n - 4 variables");
    int good = 1;
    for (int i = 0; i < 1000; i++)
        good &= pairs_right(&c, test, z);
    tap_ok(good, "pairs and marginal associations are those of the matrix");
    good = 1;
    for (int i = 0; i < 1000; i++) {
        const double r = between(-1, 1);
        const int64_t order = below(6);
        const double value = test->statistic(test->state, r, order);
        const long double slow = sqrtl((long double)(50 - order - 3)) * atanhl(fabsl(r));
        const double p = test->p_value(test->state, value);
        good &= fabsl(value - slow) < 1e-12L * (1 + slow);
        good &= fabs(p - erfc(value / sqrt(2))) <= 1e-12 * (p + 1e-300) + 1e-16;
    }
    tap_ok(good, "statistic and p-value are those of the formula");
    tap_ok(test->p_value(test->state, test->statistic(test->state, 1, 0)) == 0 &&
               test->p_value(test->state, 0) == 1,
           "p is 0 for a perfect correlation and 1 for none");
    tap_ok(dsep_fisher_z_bytes(100, 3) > dsep_fisher_z_bytes(100, 2) &&
               dsep_fisher_z_bytes(101, 3) > dsep_fisher_z_bytes(100, 3),
           "the workspace grows with order and neighbours");
    dsep_fisher_z_destroy(&test);
    dsep_fisher_z_destroy(&test);
    dsep_fisher_z_destroy(NULL);
    tap_ok(!test, "destroyed, twice and none");
    free(c.values);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_rows(0);
    test_rows(1);
    test_vectors();
    test_singular();
    test_threshold();
    test_walks(60, .05);
    test_walks(1000, .3);
    test_blocks(WIDE, WIDE - 1);
    test_blocks(2200, 540);
    test_paths();
    test_figures();
    return tap_end();
}
