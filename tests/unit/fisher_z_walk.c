/* Fisher's z test behind citest.h finds what inverting the submatrix finds, on each of its paths
 * through the matrix. */
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* SMALL variables are embedded among LARGE; with WIDE ones all sizes of blocks occur. */
enum { P = 12, MOST = 5, SMALL = 300, LARGE = 1300, WIDE = 1700 };

static uint64_t drawn;

static double uniform(void) {
    return dsep_random_uniform((dsep_random){11, 1101, 0}, drawn++);
}

static double between(double low, double high) {
    return low + (high - low) * uniform();
}

static int below(int n) {
    return (int)(uniform() * n);
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
    const double weakest = w->test->weakest(w->test->state, target, next, INFINITY);
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
        const double weak[] = {a->test->weakest(a->test->state, m, (int32_t)next, INFINITY),
                               b->test->weakest(b->test->state, m, (int32_t)next, INFINITY)};
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
               isnan(a.test->weakest(a.test->state, 0, end, INFINITY)),
           "no pivots left: nothing is found");
    dsep_fisher_z_destroy(&a.test);
    dsep_fisher_z_destroy(&b.test);
    free(small.values);
    free(large.values);
}

/* --- figures --------------------------------------------------------------------------------- */

static int pairs_right(const matrix *c, dsep_citest *test, double z) {
    uint64_t dependent[P / 64 + 2];
    const int x = below(c->p), first = below(c->p), count = below(c->p - first + 1);
    const int words = (count + 63) / 64;
    const double *r = c->values + x * c->p;
    memset(dependent, 9, sizeof dependent);
    const uint64_t guard = dependent[words];
    test->pairs(test->state, (dsep_block){x, 1}, (dsep_block){first, count}, dependent);
    int good = dependent[words] == guard;
    for (int j = 0; j < count; j++) {
        const double value =
            sqrt((double)(c->correlation.n_samples - 3)) * atanh(fabs(r[first + j]));
        good &= (dependent[j / 64] >> j % 64 & 1) == (first + j > x && value > z);
        good &= test->marginal(test->state, x, first + j) == r[first + j];
    }
    return good;
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
    test_walks(60, .05);
    test_walks(1000, .3);
    test_blocks(WIDE, WIDE - 1);
    test_blocks(2200, 540);
    test_paths();
    test_figures();
    return tap_end();
}
