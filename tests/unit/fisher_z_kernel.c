/* Fisher's z test: the kernels give the bits of a plain loop, decisions are those of the formula
 * with logarithm and root in long double, degenerate rows are singular and never independent, and
 * the test behind citest.h measures what inverting the submatrix measures. */
#include "solvers/fisher_z_kernel.h"
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

enum { LONGEST = 200, SHIFTS = 4, P = 12, MOST = 7 };

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
    double ij[LONGEST + SHIFTS], jj[LONGEST + SHIFTS], kj[LONGEST + SHIFTS];
} arrays;

/* Now and then a target that the pivot determines, or one without any variance. */
static dsep_fisher_z_row draw_row(arrays *a, int64_t n, int shift) {
    dsep_fisher_z_row row = {.ii = between(.01, 1), .kk = between(.01, 1), .n = n};
    row.ik = between(-1, 1) * sqrt(row.ii * row.kk);
    row.threshold = between(0, .3);
    for (int64_t m = shift; m < n + shift; m++) {
        const double kind = uniform();
        a->jj[m] = kind < .1 ? 0 : between(.01, 1);
        a->kj[m] = (kind > .9 ? 1 : between(-1, 1)) * sqrt(row.kk * a->jj[m]);
        a->ij[m] = between(-1, 1) * sqrt(row.ii * a->jj[m]);
    }
    row.ij = a->ij + shift;
    row.jj = a->jj + shift;
    row.kj = a->kj + shift;
    return row;
}

static dsep_citest_row plain_decide(const dsep_fisher_z_row *row, int64_t *independent) {
    dsep_citest_row result = {0, 0};
    const double i_left = row->ii * row->kk - row->ik * row->ik;
    const int none = !(row->kk > 1e-10) || !(i_left > 1e-10 * row->kk);
    for (int64_t m = 0; m < row->n; m++) {
        const double joint = row->ij[m] * row->kk - row->ik * row->kj[m];
        const double j_left = row->jj[m] * row->kk - row->kj[m] * row->kj[m];
        const int exists = !none && j_left > 1e-10 * row->kk;
        independent[m] = exists && joint * joint <= row->threshold * i_left * j_left;
        result.separated += independent[m];
        result.singular += !exists;
    }
    return result;
}

static int same_decisions(const dsep_fisher_z_row *row, int64_t *separated) {
    int64_t plain[LONGEST + 1], fast[LONGEST + 1];
    memset(plain, 9, sizeof plain);
    memset(fast, 9, sizeof fast);
    const dsep_citest_row wanted = plain_decide(row, plain);
    const dsep_citest_row found = dsep_fisher_z_decide(row, fast);
    *separated += wanted.separated;
    return wanted.separated == found.separated && wanted.singular == found.singular &&
           (found.separated == 0 || memcmp(plain, fast, sizeof plain) == 0);
}

static void test_decide(void) {
    arrays a;
    int good = 1;
    int64_t separated = 0;
    for (int64_t n = 0; n <= LONGEST; n++) {
        const dsep_fisher_z_row row = draw_row(&a, n, (int)(n % SHIFTS));
        good &= same_decisions(&row, &separated);
    }
    tap_ok(good, "decide: rows of 0 to 200 targets as a plain loop does, nothing past the end");
    good = 1;
    for (int i = 0; i < 1000; i++) {
        const dsep_fisher_z_row row = draw_row(&a, below(LONGEST + 1), below(SHIFTS));
        good &= same_decisions(&row, &separated);
    }
    tap_ok(good && separated > 1000, "decide: 1,000 random rows (%lld targets separated)",
           (long long)separated);
}

/* One random case of the two eliminations and the gathering; bits and the guard behind the end. */
static int same_eliminations(int64_t n, int shift) {
    double pivot[LONGEST + SHIFTS], source[LONGEST + SHIFTS], plain[LONGEST + 1],
        fast[LONGEST + 1 + SHIFTS];
    int32_t places[LONGEST + SHIFTS];
    const double factor = between(-3, 3), kk = between(1e-9, 2);
    for (int m = 0; m < LONGEST + SHIFTS; m++) {
        pivot[m] = between(-1, 1);
        source[m] = between(-1, 1);
        places[m] = below(LONGEST);
    }
    const size_t bytes = sizeof plain;
    int good = 1;
    for (int kind = 0; kind < 3; kind++) {
        memset(plain, 0x55, sizeof plain);
        memset(fast, 0x55, sizeof fast);
        for (int64_t m = 0; m < n; m++)
            plain[m] = kind == 0 ? source[m + shift] - factor * pivot[m + shift]
                       : kind == 1
                           ? source[m + shift] - pivot[m + shift] * pivot[m + shift] * (1 / kk)
                           : source[places[m + shift]];
        if (kind == 0)
            dsep_fisher_z_eliminate(n, factor, pivot + shift, source + shift, fast + shift);
        else if (kind == 1)
            dsep_fisher_z_eliminate_diagonal(n, kk, pivot + shift, source + shift, fast + shift);
        else
            dsep_fisher_z_gather(n, places + shift, source, fast + shift);
        good &= memcmp(plain, fast + shift, bytes) == 0;
    }
    return good;
}

static void test_eliminate(void) {
    int good = 1;
    for (int64_t n = 0; n <= LONGEST; n++)
        good &= same_eliminations(n, (int)(n % SHIFTS));
    tap_ok(good, "eliminate, diagonal and gather: lengths 0 to 200 to the bit");
    good = 1;
    for (int i = 0; i < 1000; i++)
        good &= same_eliminations(below(LONGEST + 1), below(SHIFTS));
    tap_ok(good, "eliminate, diagonal and gather: 1,000 random rows to the bit");
}

/* --- degenerate rows ------------------------------------------------------------------------- */

static int gives(dsep_fisher_z_row row, int64_t separated, int64_t singular) {
    int64_t independent[3] = {7, 7, 7};
    const dsep_citest_row found = dsep_fisher_z_decide(&row, independent);
    int64_t sum = 0;
    for (int64_t m = 0; m < row.n && found.separated > 0; m++)
        sum += independent[m];
    return found.separated == separated && found.singular == singular && sum == separated;
}

static void test_singular(void) {
    const double zero[] = {0, 0, 0}, one[] = {1, 1, 1};
    const dsep_fisher_z_row plain = {1, 0, 1, .1, 3, zero, one, zero};
    tap_ok(gives(plain, 3, 0), "three targets with nothing in common are independent");
    dsep_fisher_z_row row = plain;
    row.kk = 1e-11;
    tap_ok(gives(row, 0, 3), "a pivot without variance: no test exists");
    row.kk = DSEP_FISHER_Z_SINGULAR;
    tap_ok(gives(row, 0, 3), "at the bound of singularity, none either");
    row.kk = nextafter(DSEP_FISHER_Z_SINGULAR, 1);
    tap_ok(gives(row, 3, 0), "just above it the tests exist");
    row = plain;
    row.ik = 1;
    tap_ok(gives(row, 0, 3), "a node that the pivot determines");
    row.ik = sqrt(1 - .5e-10);
    tap_ok(gives(row, 0, 3), "a node with half of 1e-10 of its variance left");
    row.ik = sqrt(1 - 4e-10);
    tap_ok(gives(row, 3, 0), "a node with 4e-10 of its variance left can be tested");
    const double same[] = {0, 1, -1};
    row = plain;
    row.kj = same;
    tap_ok(gives(row, 1, 2), "a target equal to the pivot, up to its sign, is singular");
    const double half_kk[] = {.25, .25, .25}, at_pivot[] = {.25, 0, 0};
    row = (dsep_fisher_z_row){1, 0, .25, .1, 3, zero, half_kk, at_pivot};
    tap_ok(gives(row, 2, 1), "the pivot itself as a target is singular");
    const double gone[] = {0, 1e-11, 1};
    row = plain;
    row.jj = gone;
    tap_ok(gives(row, 1, 2), "targets that the set determines are singular");
    const double nan_variance[] = {NAN, 1, 1}, nan_covariance[] = {NAN, 0, 0};
    row = plain;
    row.jj = nan_variance;
    tap_ok(gives(row, 2, 1), "a variance that is no number is singular, not independent");
    row = plain;
    row.ij = nan_covariance;
    tap_ok(gives(row, 2, 0), "a covariance that is no number is not independent");
    row.kk = NAN;
    tap_ok(gives(row, 0, 3), "a pivot that is no number has no tests");
}

/* --- decisions against the formula ----------------------------------------------------------- */

/* sqrt(n - l - 3) atanh|r| - z in long double. */
static long double margin(const dsep_fisher_z_row *row, int64_t m, int64_t samples, double z) {
    const long double kk = row->kk, ik = row->ik, kj = row->kj[m];
    const long double r =
        (row->ij[m] * kk - ik * kj) / sqrtl((row->ii * kk - ik * ik) * (row->jj[m] * kk - kj * kj));
    return sqrtl((long double)samples) * atanhl(fabsl(r)) - z;
}

/* A row whose targets sit at 1 + delta of the threshold. samples: n - l - 3. */
static void draw_near(arrays *a, dsep_fisher_z_row *row, double root) {
    static const double deltas[] = {.5, 1e-3, 1e-6, 1e-9, 1e-11, 1e-12, 1e-13, 0};
    row->ik = between(-.7, .7) * sqrt(row->ii * row->kk);
    const long double i_left = (long double)row->ii * row->kk - (long double)row->ik * row->ik;
    for (int64_t m = 0; m < row->n; m++) {
        a->jj[m] = between(.1, 1);
        a->kj[m] = between(-.7, .7) * sqrt(row->kk * a->jj[m]);
        const long double kj = a->kj[m], j_left = (long double)a->jj[m] * row->kk - kj * kj;
        const double delta = deltas[m % 8] * (uniform() < .5 ? -1 : 1);
        const long double r = (long double)root * (1 + (long double)delta);
        const long double sign = uniform() < .5 ? -1 : 1;
        a->ij[m] = (double)((sign * r * sqrtl(i_left * j_left) + row->ik * kj) / row->kk);
    }
}

static void test_threshold(void) {
    static const double alphas[] = {.05, .01, .001};
    arrays a;
    int good = 1, near = 0, weak = 0, all = 0;
    for (int i = 0; i < 2000; i++) {
        const int64_t samples = i % 2 ? 20 + below(100) : 1000 + below(100000);
        const double z = gsl_cdf_ugaussian_Qinv(alphas[i % 3] / 2);
        const double root = tanh(z / sqrt((double)samples));
        dsep_fisher_z_row row = {between(.1, 1), 0,   between(.1, 1), root * root, 64, a.ij,
                                 a.jj,           a.kj};
        draw_near(&a, &row, root);
        int64_t independent[64] = {0};
        const dsep_citest_row result = dsep_fisher_z_decide(&row, independent);
        for (int64_t m = 0; m < 64; m++) {
            const long double over = margin(&row, m, samples, z);
            if (fabsl(over) <= 1e-12L)
                continue;
            const int found = result.separated > 0 && independent[m];
            good &= found == (over <= 0);
            near += fabsl(over) < 1e-8L;
            weak += found;
            all++;
        }
    }
    tap_ok(good && near > 10000 && weak > 10000 && all - weak > 10000,
           "%d decisions are those of sqrt(n-l-3) atanh|r| <= z, %d of them within 1e-8 of it", all,
           near);
}

/* --- behind citest.h ------------------------------------------------------------------------- */

typedef struct {
    double values[P * P];
    dsep_correlation correlation;
} matrix;

/* Correlations of random factors; with `twin`, variable 7 is variable 3 again. */
static void draw_matrix(matrix *c, int64_t n_samples, int twin) {
    double factor[P][P + 4];
    for (int x = 0; x < P; x++)
        for (int f = 0; f < P + 4; f++)
            factor[x][f] = twin && x == 7 ? factor[3][f] : between(-1, 1) + (f == 0) * .5;
    for (int x = 0; x < P; x++)
        for (int y = 0; y < P; y++) {
            long double xy = 0, xx = 0, yy = 0;
            for (int f = 0; f < P + 4; f++) {
                xy += (long double)factor[x][f] * factor[y][f];
                xx += (long double)factor[x][f] * factor[x][f];
                yy += (long double)factor[y][f] * factor[y][f];
            }
            c->values[x * P + y] = x == y ? 1 : (double)(xy / sqrtl(xx * yy));
        }
    c->correlation =
        (dsep_correlation){.n_samples = n_samples, .n_variables = P, .values = c->values};
}

/* Inverts m [k x k] in place; 0 when it has no inverse. */
static int invert(long double m[MOST + 2][MOST + 2], int k) {
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

/* Partial correlation from the inverse of C over x, y and the set; NAN where there is none. */
static double slow_partial(const matrix *c, int x, int y, const int *set, int l) {
    long double m[MOST + 2][MOST + 2];
    int v[MOST + 2] = {x, y};
    for (int i = 0; i < l; i++) {
        v[2 + i] = set[i];
        if (set[i] == y)
            return NAN;
    }
    for (int i = 0; i < l + 2; i++)
        for (int j = 0; j < l + 2; j++)
            m[i][j] = c->values[v[i] * P + v[j]];
    return invert(m, l + 2) ? (double)(-m[0][1] / sqrtl(m[0][0] * m[1][1])) : NAN;
}

/* A node with its adjacent variables, and the state that the test should be in. */
typedef struct {
    const matrix *c;
    dsep_citest *test;
    int node, order;
    int32_t adjacent[P], targets[P];
    int64_t n_adjacent, n_targets;
    int32_t set[MOST]; /* positions that were pushed */
    int depth;
    double alpha;
    int64_t measured, singular, separated; /* so that the test can be seen to have looked */
} walk;

static void start(walk *w, int order) {
    w->order = order;
    w->depth = 0;
    w->n_adjacent = w->n_targets = 0;
    w->node = below(P);
    for (int x = 0; x < P; x++)
        if (x != w->node && uniform() < .8)
            w->adjacent[w->n_adjacent++] = x;
    for (int m = 0; m < w->n_adjacent; m++)
        if (uniform() < .7)
            w->targets[w->n_targets++] = m;
    if (w->test->reserve(w->test->state, w->n_adjacent, order, NULL))
        tap_note("no memory");
    w->test->begin(w->test->state, w->node, w->adjacent, w->n_adjacent, w->targets, w->n_targets,
                   order);
}

/* Compares what the test measures given its set and `pivot` with the slow way. */
static int measures_right(walk *w, int32_t pivot) {
    double found[P];
    int set[MOST], l = 0, good = 1;
    for (int d = 0; d < w->depth; d++)
        set[l++] = w->adjacent[w->set[d]];
    if (pivot >= 0)
        set[l++] = w->adjacent[pivot];
    w->test->measure(w->test->state, pivot, found);
    for (int64_t m = 0; m < w->n_targets; m++) {
        const double wanted = slow_partial(w->c, w->node, w->adjacent[w->targets[m]], set, l);
        good &= isnan(wanted) ? isnan(found[m]) : fabs(found[m] - wanted) < 1e-11;
        w->measured++;
    }
    return good;
}

static int decides_as_measured(walk *w, int32_t pivot) {
    double r[P];
    int64_t independent[P] = {0}, separated = 0, singular = 0;
    const dsep_citest_row row = w->test->decide(w->test->state, pivot, independent);
    w->test->measure(w->test->state, pivot, r);
    int good = 1;
    for (int64_t m = 0; m < w->n_targets; m++) {
        const double value = w->test->statistic(w->test->state, r[m], w->order);
        const double p = w->test->p_value(w->test->state, value);
        const int found = row.separated > 0 && independent[m];
        separated += found;
        singular += isnan(r[m]);
        if (isnan(r[m]))
            good &= !found;
        else if (fabs(p - w->alpha) > 1e-10)
            good &= found == (p >= w->alpha);
    }
    w->separated += separated;
    w->singular += singular;
    return good && separated == row.separated && singular == row.singular;
}

static void keep_some(walk *w) {
    int32_t kept[P];
    int64_t count = 0;
    for (int64_t m = 0; m < w->n_targets; m++)
        if (uniform() < .8) {
            w->targets[count] = w->targets[m];
            kept[count++] = (int32_t)m;
        }
    w->n_targets = count;
    w->test->retain(w->test->state, kept, count);
}

/* One random step; 0 when something was wrong. */
static int step(walk *w) {
    const int32_t after = w->depth > 0 ? w->set[w->depth - 1] + 1 : 0;
    const int left = (int)w->n_adjacent - after;
    const double kind = uniform();
    if (kind < .05)
        keep_some(w);
    else if (kind < .3 && w->depth > 0) {
        w->test->pop(w->test->state);
        w->depth--;
    } else if (kind < .6 && w->depth < w->order - 1 && left > 0) {
        const int32_t pivot = after + below(left);
        if (w->test->push(w->test->state, pivot))
            w->set[w->depth++] = pivot;
    }
    if (w->order == 0)
        return measures_right(w, -1) && decides_as_measured(w, -1);
    if (!measures_right(w, -1))
        return 0;
    const int32_t from = w->depth > 0 ? w->set[w->depth - 1] + 1 : 0;
    if (from >= w->n_adjacent)
        return 1;
    const int32_t pivot = from + below((int)w->n_adjacent - from);
    return measures_right(w, pivot) && (w->depth < w->order - 1 || decides_as_measured(w, pivot));
}

static void test_walks(int64_t n_samples, double alpha) {
    matrix c;
    walk w = {.c = &c, .alpha = alpha};
    int good = 1;
    for (int i = 0; i < 120; i++) {
        draw_matrix(&c, n_samples, 0);
        good &= dsep_fisher_z_create(&c.correlation, alpha, NULL, &w.test) == DSEP_OK;
        start(&w, i % 6);
        for (int s = 0; s < 60 && good; s++)
            good &= step(&w);
        dsep_fisher_z_destroy(&w.test);
    }
    tap_ok(good && w.measured > 10000 && w.singular > 100 && w.separated > 100,
           "random walks at orders 0 to 5 with %lld samples: %lld partial correlations right, "
           "decisions agree",
           (long long)n_samples, (long long)w.measured);
}

/* Variables 3 and 7 are the same: with one of them in the set the other is determined. */
static void test_determined(void) {
    matrix c;
    dsep_citest *test = NULL;
    const int32_t adjacent[] = {1, 3, 5, 7, 9}, targets[] = {0, 2, 3, 4};
    double before[4], after[4];
    int64_t independent[4];
    draw_matrix(&c, 100, 1);
    dsep_fisher_z_create(&c.correlation, .05, NULL, &test);
    test->reserve(test->state, 5, 3, NULL);
    test->begin(test->state, 0, adjacent, 5, targets, 4, 3);
    tap_ok(test->push(test->state, 1) == 1, "the first of two equal variables enters the set");
    test->measure(test->state, 2, before);
    tap_ok(test->push(test->state, 3) == 0, "the second is refused");
    test->measure(test->state, 2, after);
    tap_ok(memcmp(before, after, sizeof before) == 0, "and the refusal changes nothing");
    tap_ok(isnan(before[2]) && isnan(before[1]) && !isnan(before[0]) && !isnan(before[3]),
           "no association with a determined target or a member, one with all others");
    test->measure(test->state, 3, after);
    const dsep_citest_row row = test->decide(test->state, 3, independent);
    tap_ok(isnan(after[0]) && isnan(after[3]) && row.singular == 4 && row.separated == 0,
           "a determined pivot has no tests");
    test->begin(test->state, 7, adjacent, 3, targets, 2, 1);
    test->measure(test->state, 1, after);
    tap_ok(isnan(after[0]) && isnan(after[1]), "a determined node has none");
    dsep_fisher_z_destroy(&test);
    dsep_fisher_z_destroy(&test);
    dsep_fisher_z_destroy(NULL);
    tap_ok(!test, "destroyed, twice and none");
}

static void test_figures(void) {
    matrix c;
    dsep_citest *test = NULL;
    draw_matrix(&c, 50, 0);
    dsep_fisher_z_create(&c.correlation, .01, NULL, &test);
    tap_ok(test->n_variables == P && test->max_order == 46, "sets of up to n - 4 variables");
    int good = 1;
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
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_decide();
    test_eliminate();
    test_singular();
    test_threshold();
    test_walks(60, .05);
    test_walks(1000, .3);
    test_determined();
    test_figures();
    return tap_end();
}
