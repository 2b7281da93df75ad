/* Bounds of stability selection against published figures and arithmetic by hand; Wilson's
 * interval against its definition. */
#include "solvers/stability.h"
#include "solvers/share.h"
#include "tests/support/tap.h"

#include <math.h>

static int near(double value, double wanted, double tolerance) {
    if (fabs(value - wanted) <= tolerance * fabs(wanted))
        return 1;
    tap_note("%.10g instead of %.10g", value, wanted);
    return 0;
}

/* B = 50, theta = .1: tau must exceed min(.51, .5175). By hand. */
static void test_unimodal(void) {
    const double theta = .1;
    tap_ok(near(dsep_stability_unimodal(theta, 60, 50), 1 / .38, 1e-12), "C(.6, 50) is 1 / .38");
    tap_ok(near(dsep_stability_unimodal(theta, 75, 50), 1 / .98, 1e-12), "C(.75, 50) is 1 / .98");
    tap_ok(near(dsep_stability_unimodal(theta, 76, 50), 1 / 1.02, 1e-12),
           "C(.76, 50) is 4 * .25 / 1.02");
    tap_ok(near(dsep_stability_unimodal(theta, 90, 50), .44 / 1.02, 1e-12),
           "C(.9, 50) is 4 * .11 / 1.02");
    tap_ok(near(dsep_stability_unimodal(theta, 100, 50), .04 / 1.02, 1e-12),
           "C(1, 50) is 4 * .01 / 1.02");
    tap_ok(near(dsep_stability_unimodal(theta, 52, 50), 1 / .06, 1e-12),
           "1/2 + 1/B is the least threshold: 1 / .06");
    tap_ok(isnan(dsep_stability_unimodal(theta, 51, 50)), "1/2 + 1/(2B) is too low");
    tap_ok(isnan(dsep_stability_unimodal(theta, 101, 50)), "1 + 1/(2B) is too high");
    /* theta = .3: min(.59, .5775) */
    tap_ok(isnan(dsep_stability_unimodal(.3, 57, 50)) &&
               near(dsep_stability_unimodal(.3, 58, 50), 1 / .3, 1e-12),
           "theta of .3 needs more than .5775");
    tap_ok(!isnan(dsep_stability_unimodal(.577, 90, 50)) &&
               isnan(dsep_stability_unimodal(.578, 90, 50)),
           "theta is at most 1 / sqrt(3)");
    tap_ok(isnan(dsep_stability_unimodal(.1, 0, 0)), "no pairs of halves, no bound");
}

/* Mean and tail from t on of the uniform distribution on a .. b. */
typedef struct {
    double mean, tail;
} uniform;

static uniform uniform_on(int a, int b, int t) {
    const int beyond = b - (a > t ? a : t) + 1;
    return (uniform){(a + b) / 2., beyond > 0 ? (double)beyond / (b - a + 1) : 0};
}

/* The largest tail of a unimodal distribution on 0 .. B with a mean of `mean` at most: it is a
 * mixture of two uniform ones that have the mode in common. */
static double largest_unimodal_tail(double mean, int t, int pairs) {
    double best = 0;
    for (int mode = 0; mode <= pairs; mode++)
        for (int a = 0; a <= mode; a++)
            for (int b = mode; b <= pairs; b++)
                for (int c = 0; c <= mode; c++)
                    for (int d = mode; d <= pairs; d++) {
                        const uniform x = uniform_on(a, b, t), y = uniform_on(c, d, t);
                        const double part = x.mean <= mean && y.mean > mean
                                                ? (mean - x.mean) / (y.mean - x.mean)
                                                : 0;
                        if (x.mean <= mean)
                            best = fmax(best, (1 - part) * x.tail + part * y.tail);
                    }
    return best;
}

/* Both halves join a pair with a mean share of theta^2 at most, and with one of 2 tau - 1 where
 * tau is reached: C theta^2 is the largest tail, wherever there is a C. */
static void test_unimodal_search(void) {
    enum { B = 9 };
    const double theta[] = {.02, .1, .25, .33, .45, .577};
    int same = 1, defined = 0;
    for (int i = 0; i < 6; i++)
        for (int step = B + 1; step <= 2 * B; step++) {
            const double constant = dsep_stability_unimodal(theta[i], step, B);
            const double tail = largest_unimodal_tail(theta[i] * theta[i] * B, step - B, B);
            defined += !isnan(constant);
            same &= isnan(constant) || near(constant * theta[i] * theta[i], tail, 1e-9);
        }
    tap_ok(same, "C theta^2 is the largest tail of a unimodal distribution");
    /* by hand: 8 steps for each theta up to .33, 6 for .45 (min is .7025), 5 for .577 (.8053) */
    tap_ok(defined == 43, "%d of 54 thresholds have a C", defined);
}

/* P = 100, tau = .6, B = 50: bounds as printed by the R package stabs 0.6
 * (tests/regtest-inference.Rout.save). For q up to 3 the worst distribution is the one with no mass
 * cut off, which stabs, searching between such points, comes near to but does not try. */
static void test_r_concave(void) {
    const double printed[] = {.006971364, .03342845, .08691176, .1637231, .2605329,
                              .3820466,   .5295188,  .7042719,  .9077127, 1.141338};
    for (int q = 1; q <= 10; q++) {
        const double got = 100 * dsep_stability_r_concave(q / 100., 60, 50);
        tap_ok(q > 3 ? near(got, printed[q - 1], 1e-5)
                     : got > printed[q - 1] && got < printed[q - 1] + 2.3e-5,
               "q = %d: the r-concave bound is %.7g, and %.7g in stabs", q, got, printed[q - 1]);
    }
    tap_ok(near(200 * dsep_stability_r_concave(7 / 200., 62, 50), .196, .003) &&
               near(200 * dsep_stability_r_concave(7 / 200., 61, 50), .219, .003),
           "P = 200, q = 7: .196 at .62, .219 at .61");
    tap_ok(dsep_stability_r_concave(.4, 55, 50) == 1, "1 where it says nothing");
    tap_ok(dsep_stability_r_concave(0, 60, 50) == 0, "0 where no pair is ever joined");
    int falls = 1;
    for (int64_t step = 22; step <= 100; step++)
        falls &=
            dsep_stability_r_concave(.1, step, 50) <= dsep_stability_r_concave(.1, step - 1, 50);
    tap_ok(falls && dsep_stability_r_concave(.1, 22, 50) < 1 &&
               dsep_stability_r_concave(.1, 100, 50) > 0,
           "a higher threshold never has a larger bound");
}

/* The distribution on 0 .. 100 with these masses, up to a factor: the bound for its mean at t. */
static double bound_of(const double *mass, int t, double *tail) {
    double sum = 0, moment = 0, beyond = 0;
    for (int i = 0; i <= 100; i++) {
        sum += mass[i];
        moment += i * mass[i];
        beyond += i >= t ? mass[i] : 0;
    }
    *tail = beyond / sum;
    return dsep_stability_r_concave(moment / sum / 100, t, 50);
}

/* Up to 1/2 only D(theta, tau, 2 B, -1/4) speaks: it is above the tail of any r-concave
 * distribution, of which (a + i)^-4 and geometric ones are two, and is the tail of the first
 * where t is far from the mean. */
static void test_members(void) {
    int above = 1, geometric_above = 1, reached = 1;
    for (int t = 10; t <= 50; t += 10)
        for (double a = .5; a < 100; a *= 1.7) {
            double mass[101], geometric[101], tail, other;
            for (int i = 0; i <= 100; i++) {
                mass[i] = pow(a + i, -4);
                geometric[i] = pow(a / (a + 1), i);
            }
            const double bound = bound_of(mass, t, &tail);
            above &= tail <= bound * (1 + 1e-9);
            reached &= a > 2 || t < 50 || near(bound, tail, 1e-6);
            geometric_above &= bound_of(geometric, t, &other) >= other;
        }
    tap_ok(above, "the bound is above the tails of (a + i)^-4");
    tap_ok(geometric_above, "and above those of geometric distributions");
    tap_ok(reached, "one of them reaches it");
}

/* Ten pairs possible of five variables; four graphs: pair (0, 1) in all, (0, 2) in three,
 * (1, 2) in two, (3, 4) in one. */
static void test_assess(void) {
    const int64_t joined[] = {4, 3, 2, 1};
    const int32_t pair[][2] = {{0, 1}, {0, 2}, {1, 2}, {3, 4}};
    dsep_tally *tally = NULL;
    dsep_stability got;
    dsep_tally_create(NULL, &tally);
    for (int e = 0; e < 4; e++) {
        dsep_tally_edge edge = {.x = pair[e][0], .y = pair[e][1]};
        edge.count[e] = (int32_t)joined[e] - (e < 2);
        edge.count[8] = e < 2;
        dsep_tally_add_edge(tally, &edge, NULL);
    }
    dsep_stability_assess(tally, 4, 10, .7, 1, &got);
    tap_ok(got.threshold == .75 && got.n_selected == 2, ".7 of four graphs is .75: two pairs");
    tap_ok(got.mean_joined == 2.5 && got.theta == .25, "2.5 pairs a graph, a quarter of all");
    tap_ok(near(got.any, 1.25, 1e-12), "bound without a shape: .25 * 2.5 / .5");
    /* B = 2, tau = .75 = 1/2 + 1/(2B): too low */
    tap_ok(isnan(got.unimodal), "two pairs of halves need a threshold of 1");
    dsep_stability_assess(tally, 4, 10, .76, 1, &got);
    tap_ok(got.threshold == 1 && got.n_selected == 1 && near(got.any, .625, 1e-12),
           "above .75 all four graphs are needed");
    tap_ok(near(got.unimodal, .625 * 4 * .25 / 1.5, 1e-12), "4 (1/4) / (3/2) of theta q");
    dsep_stability_assess(tally, 4, 10, .5, 1, &got);
    tap_ok(isnan(got.any) && got.n_selected == 3, "no bound at 1/2");
    dsep_stability_assess(tally, 4, 10, 1, 0, &got);
    tap_ok(near(got.any, .625, 1e-12) && isnan(got.unimodal) && isnan(got.r_concave),
           "other subsamples have the first bound only");
    dsep_stability_assess(tally, 5, 10, 1, 1, &got);
    tap_ok(isnan(got.unimodal) && isnan(got.r_concave) && got.n_selected == 0,
           "nor has an odd number of halves");
    dsep_tally_destroy(&tally);
}

/* Ends of the interval solve (share - p)^2 = z^2 p (1 - p) / n. */
static void test_wilson(void) {
    int same = 1;
    for (int64_t n = 1; n <= 400; n += 57)
        for (int64_t k = 0; k <= n; k++) {
            const double z = 1.96, share = (double)k / (double)n;
            const double a = 1 + z * z / (double)n, b = -(2 * share + z * z / (double)n);
            const double wanted = sqrt(b * b - 4 * a * share * share) / (2 * a);
            same &= fabs(dsep_share_half_width(k, n, z) - wanted) < 1e-12;
        }
    tap_ok(same, "half the distance of the roots");
    tap_ok(near(dsep_share_half_width(81, 263, 1.959963984540054), .0554, .002),
           "81 of 263 (Newcombe 1998): .2553 to .3662");
    tap_ok(dsep_share_half_width(0, 0, 1.96) == .5, "nothing counted, nothing known");
    tap_ok(dsep_share_half_width(0, 1000, 1.96) > 0, "a share of 0 is not known exactly");
    int exact = 1;
    for (int n = 1; n <= 1000; n++)
        exact &= dsep_share_reaches(n, n, 1) && !dsep_share_reaches(n - 1, n, 1);
    tap_ok(exact && dsep_share_reaches(3, 5, .6) && dsep_share_reaches(29, 100, .29) &&
               dsep_share_reaches(7, 10, .7) && !dsep_share_reaches(69, 100, .7) &&
               !dsep_share_reaches(0, 0, 0),
           "shares are met exactly");
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_unimodal();
    test_unimodal_search();
    test_r_concave();
    test_members();
    test_assess();
    test_wilson();
    return tap_end();
}
