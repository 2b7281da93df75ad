/* Rows of replicates: sums, disjoint halves, blocks of neighbours, chances, and nothing but seed
 * and replicate in them. */
#include "solvers/resample.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <math.h>
#include <string.h>

enum { ROWS = 101 };

static dsep_resample of(dsep_resample_scheme scheme, int64_t n) {
    return (dsep_resample){.scheme = scheme, .seed = 11, .n_samples = n, .fraction = .5};
}

static int64_t sum_of(const int32_t *weight, int64_t n) {
    int64_t sum = 0;
    for (int64_t s = 0; s < n; s++)
        sum += weight[s];
    return sum;
}

static int within(const int32_t *weight, int64_t n, int32_t least, int32_t most) {
    for (int64_t s = 0; s < n; s++)
        if (weight[s] < least || weight[s] > most)
            return 0;
    return 1;
}

static void test_sums(void) {
    int32_t weight[ROWS];
    dsep_resample how = of(DSEP_RESAMPLE_BOOTSTRAP, ROWS);
    int good = 1;
    for (int64_t r = 0; r < 50; r++)
        good &= dsep_resample_weights(&how, r, weight) == ROWS && sum_of(weight, ROWS) == ROWS &&
                within(weight, ROWS, 0, ROWS);
    tap_ok(good && !within(weight, ROWS, 0, 1),
           "bootstrap: as many rows as there are, repeats too");
    how.scheme = DSEP_RESAMPLE_SUBSAMPLE;
    for (int64_t r = 0; r < 50; r++)
        good &= dsep_resample_weights(&how, r, weight) == 50 && sum_of(weight, ROWS) == 50 &&
                within(weight, ROWS, 0, 1);
    tap_ok(good, "subsample: half of 101 rows are 50, each once");
    how.n_samples = 100;
    how.fraction = .29; /* .29 * 100 is a little under 29 */
    tap_ok(dsep_resample_weights(&how, 3, weight) == 29 && sum_of(weight, 100) == 29,
           "29 percent of 100 rows are 29");
    how.scheme = DSEP_RESAMPLE_PERMUTATION;
    tap_ok(dsep_resample_weights(&how, 3, weight) == 100 && within(weight, 100, 1, 1),
           "permutation: every row once");
}

static void test_halves(void) {
    int good = 1, differ = 0;
    for (int64_t n = 8; n <= ROWS; n += 31)
        for (int64_t k = 0; k < 30; k++) {
            const dsep_resample how = of(DSEP_RESAMPLE_HALVES, n);
            int32_t one[ROWS], two[ROWS];
            good &= dsep_resample_weights(&how, 2 * k, one) == n / 2 &&
                    dsep_resample_weights(&how, 2 * k + 1, two) == n / 2;
            int64_t both = 0, none = 0;
            for (int64_t s = 0; s < n; s++) {
                both += one[s] && two[s];
                none += !one[s] && !two[s];
            }
            good &= both == 0 && none == n % 2 && sum_of(one, n) == n / 2 && within(one, n, 0, 1) &&
                    sum_of(two, n) == n / 2 && within(two, n, 0, 1);
            dsep_resample_weights(&how, 2 * k + 2, two);
            differ += memcmp(one, two, (size_t)n * sizeof *one) != 0;
        }
    tap_ok(good, "halves: disjoint, and together all rows but one of an odd number");
    tap_ok(differ > 100, "the next two are another shuffle's: %d of 120", differ);
}

/* Every row is met by ceil(n / block) blocks at most; the rows of one block are neighbours, so
 * at most that many rows begin a run. */
static void test_blocks(void) {
    int32_t weight[ROWS];
    int good = 1, around = 0;
    const int64_t sizes[] = {0, 1, 7, 50, ROWS};
    for (int i = 0; i < 5; i++)
        for (int64_t r = 0; r < 40; r++) {
            dsep_resample how = of(DSEP_RESAMPLE_BLOCK, ROWS);
            how.block = sizes[i];
            const int64_t block = sizes[i] ? sizes[i] : 5; /* 4^3 < 101 <= 5^3 */
            const int64_t blocks = (ROWS + block - 1) / block;
            int64_t begins = 0;
            good &= dsep_resample_weights(&how, r, weight) == ROWS &&
                    sum_of(weight, ROWS) == ROWS && within(weight, ROWS, 0, (int32_t)blocks);
            for (int64_t s = 0; s < ROWS; s++)
                begins += weight[s] > weight[(s + ROWS - 1) % ROWS]
                              ? weight[s] - weight[(s + ROWS - 1) % ROWS]
                              : 0;
            good &= begins <= blocks;
            around += block == 50 && weight[ROWS - 1] > 0 && weight[0] > 0;
        }
    tap_ok(good, "blocks: as many rows as there are, in runs");
    tap_ok(around > 0, "the first row follows the last");
    tap_ok(within(weight, ROWS, 1, 1), "one block of all rows is all rows");
}

static void test_environments(void) {
    enum { ENVIRONMENTS = 3 };
    int32_t environment[ROWS], weight[ROWS];
    int64_t rows[ENVIRONMENTS] = {0};
    for (int s = 0; s < ROWS; s++)
        rows[environment[s] = s * s % 7 % ENVIRONMENTS]++;
    dsep_resample how = of(DSEP_RESAMPLE_ENVIRONMENT, ROWS);
    how.environment = environment;
    how.n_environments = ENVIRONMENTS;
    int good =
        dsep_resample_check(&how, NULL) == DSEP_OK && dsep_resample_most(&how) == ENVIRONMENTS;
    for (int e = 0; e < ENVIRONMENTS; e++) {
        good &= dsep_resample_weights(&how, e, weight) == ROWS - rows[e];
        for (int s = 0; s < ROWS; s++)
            good &= weight[s] == (environment[s] != e);
    }
    tap_ok(good, "environments: all rows but those of one");
    tap_ok(dsep_resample_most(&(dsep_resample){.n_samples = 9}) == INT64_C(1) << 32,
           "other schemes have 2^32 replicates");
}

static double chi_square(const int64_t *count, int64_t cells, double expected) {
    double sum = 0;
    for (int64_t c = 0; c < cells; c++)
        sum += ((double)count[c] - expected) * ((double)count[c] - expected) / expected;
    return sum;
}

/* Below mean + 4 standard deviations of chi-square; the seed is fixed, so the figure is too.
 * Without replacement a row's count is binomial and all sum to one figure: scale is 1 - share. */
static void test_chances(void) {
    enum { N = 50, REPLICATES = 4000 };
    const double limit = N - 1 + 4 * sqrt(2. * (N - 1));
    const dsep_resample_scheme schemes[] = {DSEP_RESAMPLE_BOOTSTRAP, DSEP_RESAMPLE_SUBSAMPLE,
                                            DSEP_RESAMPLE_HALVES};
    for (int i = 0; i < 3; i++) {
        const dsep_resample how = of(schemes[i], N);
        int64_t count[N] = {0}, drawn = 0;
        int32_t weight[N];
        for (int64_t r = 0; r < REPLICATES; r++) {
            drawn += dsep_resample_weights(&how, r * (1 + (i == 2)), weight);
            for (int s = 0; s < N; s++)
                count[s] += weight[s];
        }
        const double scale = i == 0 ? 1 : .5 * N / (N - 1);
        const double got = chi_square(count, N, (double)drawn / N) / scale;
        tap_ok(got < limit && got > N - 1 - 4 * sqrt(2. * (N - 1)),
               "%s: rows are equally likely, chi-square %.1f of %d", dsep_resample_name(schemes[i]),
               got, N - 1);
    }
}

/* Counts of a row in a bootstrap of n are binomial (n, 1/n): 0 has the chance (1 - 1/n)^n. */
static void test_binomial(void) {
    enum { N = 50, REPLICATES = 4000 };
    const dsep_resample how = of(DSEP_RESAMPLE_BOOTSTRAP, N);
    int64_t seen[4] = {0};
    int32_t weight[N];
    for (int64_t r = 0; r < REPLICATES; r++) {
        dsep_resample_weights(&how, r, weight);
        for (int s = 0; s < N; s++)
            seen[weight[s] < 3 ? weight[s] : 3]++;
    }
    const double none = pow(1 - 1. / N, N), once = none * N / (N - 1.), draws = N * REPLICATES;
    tap_ok(fabs((double)seen[0] / draws - none) < .002 &&
               fabs((double)seen[1] / draws - once) < .003,
           "bootstrap: %.4f of rows are left out, %.4f by theory", (double)seen[0] / draws, none);
}

static void test_orders(void) {
    enum { N = 6, VARIABLES = 7200 };
    const dsep_resample how = of(DSEP_RESAMPLE_PERMUTATION, N);
    int64_t count[N * N] = {0}, pairs[N * N] = {0};
    int32_t row[N], other[N];
    int good = 1, differ = 0;
    for (int64_t v = 0; v < VARIABLES; v++) {
        int32_t seen = 0;
        dsep_resample_order(&how, 3, v, row);
        dsep_resample_order(&how, 4, v, other);
        differ += memcmp(row, other, sizeof row) != 0;
        for (int s = 0; s < N; s++) {
            seen |= 1 << row[s];
            count[s * N + row[s]]++;
        }
        dsep_resample_order(&how, 3, v + 1, other);
        pairs[row[0] * N + other[0]]++;
        good &= seen == (1 << N) - 1;
    }
    tap_ok(good, "permutation: every row stands once");
    tap_ok(chi_square(count, N * N, VARIABLES / (double)N) < 25 + 4 * sqrt(50.),
           "every row is equally likely at every place: %.1f of 25",
           chi_square(count, N * N, VARIABLES / (double)N));
    tap_ok(chi_square(pairs, N * N, VARIABLES / (double)(N * N)) < 35 + 4 * sqrt(70.),
           "orders of neighbouring variables are independent: %.1f of 35",
           chi_square(pairs, N * N, VARIABLES / (double)(N * N)));
    tap_ok(differ > VARIABLES * 99 / 100, "replicates have other orders");
}

/* --- once more, slow and obvious ------------------------------------------------------------- */

static int64_t draw(int64_t replicate, int64_t index, int64_t below) {
    const dsep_random source = {11, DSEP_STREAM_RESAMPLE, (uint32_t)replicate};
    return (int64_t)dsep_random_below(source, (uint64_t)index, (uint64_t)below);
}

/* The row at place i changes places with one as far behind it as drawn. */
static void shuffled(int64_t replicate, int64_t variable, int64_t n, int32_t *row) {
    for (int32_t s = 0; s < n; s++)
        row[s] = s;
    for (int64_t i = 0; i < n; i++) {
        const int64_t other = i + draw(replicate, variable * 4294967296 + i, n - i);
        const int32_t first = row[i], second = row[other];
        row[i] = second;
        row[other] = first;
    }
}

/* How often each of `count` rows stands in a list. */
static int counts(const dsep_resample *how, int64_t replicate, const int32_t *list, int64_t count) {
    int32_t weight[ROWS], wanted[ROWS] = {0};
    for (int64_t i = 0; i < count; i++)
        wanted[list[i]]++;
    return dsep_resample_weights(how, replicate, weight) == count &&
           memcmp(weight, wanted, (size_t)how->n_samples * sizeof *weight) == 0;
}

static void test_draws(void) {
    const int64_t sizes[] = {8, 27, 28, ROWS}, edges[] = {2, 3, 4, 5}; /* cube roots, rounded up */
    int bootstrap = 1, subsample = 1, halves = 1, blocks = 1, orders = 1;
    for (int i = 0; i < 4; i++)
        for (int64_t r = 0; r < 10; r++) {
            const int64_t n = sizes[i];
            int32_t list[ROWS], order[ROWS];
            dsep_resample how = of(DSEP_RESAMPLE_BOOTSTRAP, n);
            for (int64_t s = 0; s < n; s++)
                list[s] = (int32_t)draw(r, s, n);
            bootstrap &= counts(&how, r, list, n);
            how.scheme = DSEP_RESAMPLE_BLOCK;
            for (int64_t s = 0; s < n; s++)
                list[s] = (int32_t)((draw(r, s / edges[i], n) + s % edges[i]) % n);
            blocks &= counts(&how, r, list, n);
            shuffled(r, 0, n, list);
            how.scheme = DSEP_RESAMPLE_SUBSAMPLE;
            subsample &= counts(&how, r, list, n / 2);
            how.scheme = DSEP_RESAMPLE_HALVES;
            halves &=
                counts(&how, 2 * r, list, n / 2) && counts(&how, 2 * r + 1, list + n / 2, n / 2);
            how.scheme = DSEP_RESAMPLE_PERMUTATION;
            shuffled(r, 70000 * r + 1, n, list);
            dsep_resample_order(&how, r, 70000 * r + 1, order);
            orders &= memcmp(list, order, (size_t)n * sizeof *list) == 0;
        }
    tap_ok(bootstrap, "bootstrap: the draws that the header tells");
    tap_ok(blocks, "block: the same, of cube roots");
    tap_ok(subsample, "subsample: the same");
    tap_ok(halves, "halves: the same");
    tap_ok(orders, "permutation: the same");
}

/* Whatever was drawn before, and on whichever rank, a replicate is the same. */
static void test_repeatable(dsep_context *ctx) {
    int same = 1, differ = 1;
    for (int scheme = DSEP_RESAMPLE_BOOTSTRAP; scheme <= DSEP_RESAMPLE_BLOCK; scheme++) {
        dsep_resample how = of((dsep_resample_scheme)scheme, ROWS);
        int32_t forth[20][ROWS], back[ROWS];
        for (int64_t r = 0; r < 20; r++)
            dsep_resample_weights(&how, r, forth[r]);
        for (int64_t r = 19 - dsep_rank(ctx); r >= 0; r -= 1 + dsep_rank(ctx)) {
            memset(back, 99, sizeof back);
            dsep_resample_weights(&how, r, back);
            same &= memcmp(forth[r], back, sizeof back) == 0;
            differ &= r == 0 || memcmp(forth[r - 1], back, sizeof back) != 0;
        }
        how.seed++;
        dsep_resample_weights(&how, 5, back);
        differ &= memcmp(forth[5], back, sizeof back) != 0;
    }
    tap_ok(same, "a replicate is the same whenever and wherever it is drawn");
    tap_ok(differ, "replicates and seeds differ");
}

static int refused(const dsep_resample *how, const char *remedy) {
    dsep_error error = {0};
    const int code = dsep_resample_check(how, &error);
    if (code != DSEP_ERROR_USAGE || !strstr(error.text, remedy)) {
        tap_note("code %d: %s", code, error.text);
        return 0;
    }
    return 1;
}

static void test_checks(void) {
    static const int32_t environment[] = {0, 0, 1, 0, 0, 0, 2, 0};
    dsep_resample how = of(DSEP_RESAMPLE_SUBSAMPLE, 8);
    tap_ok(dsep_resample_check(&how, NULL) == DSEP_OK, "half of eight rows is enough");
    const double wrong[] = {0, 1, -1, NAN};
    for (int i = 0; i < 4; i++) {
        how.fraction = wrong[i];
        tap_ok(refused(&how, "fraction above 0 and below 1"), "fraction %g is refused", wrong[i]);
    }
    how.fraction = .49;
    tap_ok(refused(&how, "leaves 3 of 8 rows") && refused(&how, "take a larger fraction"),
           "a subsample of three rows is refused");
    how = of(DSEP_RESAMPLE_HALVES, 7);
    tap_ok(refused(&how, "give more rows"), "halves of seven rows are refused");
    how = of(DSEP_RESAMPLE_BOOTSTRAP, 3);
    tap_ok(refused(&how, "at least 4"), "three rows are refused");
    how = of(DSEP_RESAMPLE_BLOCK, 8);
    tap_ok(dsep_resample_check(&how, NULL) == DSEP_OK, "blocks by default");
    how.block = 9;
    tap_ok(refused(&how, "give 1 to 8"), "a block longer than the data is refused");
    how = of(DSEP_RESAMPLE_ENVIRONMENT, 8);
    tap_ok(refused(&how, "--environment"), "environments must be told");
    how.environment = environment;
    how.n_environments = 2;
    tap_ok(refused(&how, "row 6 is of environment 2"), "and lie within their number");
    how.n_environments = 3;
    tap_ok(refused(&how, "leaves 2 of 8 rows"), "and each leaves four rows");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_sums();
    test_halves();
    test_blocks();
    test_environments();
    test_chances();
    test_binomial();
    test_orders();
    test_draws();
    test_repeatable(ctx);
    test_checks();
    return tap_end();
}
