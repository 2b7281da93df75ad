/* Robustness values against a published example, algebra written another way, and search; priors.
 * ranks: 1 */
#include "solvers/robustness.h"
#include "mpi/random.h"
#include "solvers/prior.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

/* Cinelli & Hazlett 2020, section 5: the effect of exposure to violence in Darfur; the digits are
 * those that the authors' program prints, carloscinelli.com/sensemakr. */
static void test_published(void) {
    const double t = 4.18445, dof = 783, r = t / sqrt(t * t + dof);
    const dsep_robustness got = dsep_robustness_value(r, dsep_robustness_critical(.05, dof));
    tap_ok(fabs(got.partial_r2 - .02187) < 5e-6 && fabs(got.robustness - .13878) < 5e-6 &&
               fabs(got.robustness_ci - .07626) < 5e-6,
           "Darfur: partial R2 %.5f, robustness %.5f, at alpha .05 %.5f", got.partial_r2,
           got.robustness, got.robustness_ci);
    /* as printed: estimate .09732, standard error .02326; with the cause .07522, .02187, t 3.43890
     */
    const double estimate = .09732, error = .02326;
    const double r2_y = .12464092303637, r2_d = .00916428667504862;
    const double adjusted = dsep_robustness_estimate(estimate, error, dof, r2_y, r2_d);
    const double its_error = dsep_robustness_error(error, dof, r2_y, r2_d);
    const double its_t =
        dsep_robustness_estimate(t, 1, dof, r2_y, r2_d) / dsep_robustness_error(1, dof, r2_y, r2_d);
    tap_ok(fabs(adjusted - .07522) < 2e-5 && fabs(its_error - .02187) < 1e-5 &&
               fabs(its_t - 3.43890) < 1e-5,
           "with a cause as strong as gender: estimate %.5f, standard error %.5f, t %.5f", adjusted,
           its_error, its_t);
    tap_ok(dsep_robustness_estimate(-estimate, error, dof, r2_y, r2_d) == -adjusted,
           "a negative estimate is mirrored");
}

/* The least t that a cause of at most x in both ends can leave: over r2_y by golden section. */
static double least_t(double t, double dof, double x) {
    const double golden = (sqrt(5) - 1) / 2;
    double low = 0, high = x, least = INFINITY;
    for (int step = 0; step < 120; step++) {
        double value[2];
        const double at[2] = {high - golden * (high - low), low + golden * (high - low)};
        for (int k = 0; k < 2; k++)
            value[k] = (t - sqrt(at[k] * x / (1 - x) * dof)) /
                       sqrt((1 - at[k]) / (1 - x) * dof / (dof - 1));
        if (value[0] < value[1])
            high = at[1];
        else
            low = at[0];
        least = fmin(least, fmin(value[0], value[1]));
    }
    const double end = (t - x / sqrt(1 - x) * sqrt(dof)) / sqrt(dof / (dof - 1));
    return fmin(least, end);
}

static double search(double t, double dof, double needed) {
    double low = 0, high = 1 - 1e-15;
    if (t * sqrt((dof - 1) / dof) <= needed)
        return 0;
    while (high - low > 1e-15) {
        const double middle = (low + high) / 2;
        if (middle == low || middle == high)
            break;
        if (least_t(t, dof, middle) > needed)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void test_grid(void) {
    const double alphas[] = {.2, .05, .01, 1e-6};
    const int64_t samples[] = {10, 30, 300, 100000};
    double worst[3] = {0};
    int64_t zero = 0, common = 0, extreme = 0;
    for (int i = 0; i < 4 * 4 * 3 * 39; i++) {
        const double r = ((i % 39) - 19) * .05 + .013, alpha = alphas[i / 39 % 4];
        const int64_t n = samples[i / 156 % 4], order = i / 624;
        const double dof = (double)n - (double)order - 2, t = fabs(r) * sqrt(dof / (1 - r * r));
        const double f = t / sqrt(dof), needed = gsl_cdf_tdist_Qinv(alpha / 2, dof - 1);
        const double critical = dsep_robustness_critical(alpha, dsep_robustness_dof(n, order));
        const dsep_robustness got = dsep_robustness_value(r, critical);
        const double found = search(t, dof, needed);
        worst[0] = fmax(worst[0], fabs(got.partial_r2 - t * t / (t * t + dof)));
        worst[1] =
            fmax(worst[1], fabs(got.robustness - .5 * (sqrt(f * f * f * f + 4 * f * f) - f * f)));
        worst[2] = fmax(worst[2], fabs(got.robustness_ci - found));
        zero += found == 0;
        common += found > 0 && f * critical <= 1;
        extreme += f * critical > 1 && f > critical;
    }
    tap_ok(worst[0] < 1e-12, "partial R2 is t^2 / (t^2 + dof) within %.1g", worst[0]);
    tap_ok(worst[1] < 1e-12, "the robustness value is its formula within %.1g", worst[1]);
    tap_ok(worst[2] < 1e-12 && zero > 100 && common > 100 && extreme > 50,
           "at a level it is what a search finds within %.1g (%lld zero, %lld by both ends, %lld "
           "extreme)",
           worst[2], (long long)zero, (long long)common, (long long)extreme);
}

/* z is known here: the partial correlation given z by its own formula. */
static void test_adjusting(void) {
    const dsep_random source = {11, 7000, 0};
    double worst = 0;
    int64_t tried = 0, flipped = 0, towards = 0;
    for (uint64_t i = 0; tried < 2000; i++) {
        double u[2], v[2];
        dsep_random_uniform2(source, 2 * i, u);
        dsep_random_uniform2(source, 2 * i + 1, v);
        const double xy = 1.9 * u[0] - .95, xz = 1.9 * u[1] - .95, yz = 1.9 * v[0] - .95;
        const double dof = 3 + floor(1000 * v[1]);
        if (1 + 2 * xy * xz * yz - xy * xy - xz * xz - yz * yz < 1e-3)
            continue;
        tried++;
        const double given_z = (xy - xz * yz) / sqrt((1 - xz * xz) * (1 - yz * yz));
        const double yz_given_x = (yz - xy * xz) / sqrt((1 - xy * xy) * (1 - xz * xz));
        const int direction = yz_given_x * xz * xy > 0 ? 1 : -1;
        const double got =
            dsep_robustness_adjust(xy, dof, yz_given_x * yz_given_x, xz * xz, direction);
        worst = fmax(worst, fabs(got - given_z));
        flipped += given_z * xy < 0;
        towards += direction > 0;
    }
    tap_ok(worst < 1e-12 && flipped > 100 && towards > 500 && towards < 1500,
           "an adjusted correlation is the one given z within %.1g (%lld of 2000 change sign)",
           worst, (long long)flipped);
}

static int all_are(dsep_robustness got, double wanted) {
    return got.partial_r2 == wanted && got.robustness == wanted && got.robustness_ci == wanted;
}

static void test_ends(void) {
    const double critical = dsep_robustness_critical(.01, 100);
    tap_ok(all_are(dsep_robustness_value(1, critical), 1) &&
               all_are(dsep_robustness_value(-1, critical), 1) &&
               dsep_robustness_adjust(-1, 100, .9, .9, 1) == -1,
           "|r| = 1 has robustness 1, and stays");
    tap_ok(all_are(dsep_robustness_value(0, critical), 0), "r = 0 has none");
    const dsep_robustness unknown = dsep_robustness_value(.5, dsep_robustness_critical(.01, 1));
    tap_ok(isnan(unknown.partial_r2) && isnan(unknown.robustness) && isnan(unknown.robustness_ci) &&
               isnan(dsep_robustness_value(NAN, critical).robustness_ci),
           "less than two degrees of freedom, or no correlation: not known");
    tap_ok(dsep_robustness_value(.5, INFINITY).robustness_ci == 0 &&
               dsep_robustness_value(.5, INFINITY).partial_r2 == .25,
           "where nothing is significant, robustness at the level is 0");
    tap_ok(all_are(dsep_robustness_value(1, INFINITY), 1), "but for |r| = 1");
    const dsep_robustness close = dsep_robustness_value(1 - 1e-15, critical);
    tap_ok(close.robustness < 1 && close.robustness_ci <= close.robustness &&
               close.robustness_ci > 1 - 1e-13,
           "the nearest to 1 are below it");
}

/* Where quantiles of t have a closed form, and where they are those of the normal distribution. */
static void test_quantiles(void) {
    double one = 0, two = 0, normal = 0;
    for (int k = 1; k <= 300; k++) {
        const double alpha = pow(10, -k);
        const double cauchy = dsep_robustness_critical(alpha, 2);
        one = fmax(one, fabs(2 / M_PI * atan(1 / cauchy) / alpha - 1));
        const double t = (1 - alpha) * sqrt(2 / (alpha * (2 - alpha)));
        two = fmax(two, fabs(dsep_robustness_critical(alpha, 3) * sqrt(2) / t - 1));
        const double far = dsep_robustness_critical(alpha, 1e13) * sqrt(1e13 - 1);
        normal = fmax(normal, fabs(far / gsl_cdf_ugaussian_Qinv(alpha / 2) - 1));
    }
    tap_ok(one < 1e-12 && two < 1e-12,
           "alpha from .1 to 1e-300: quantiles of 1 and 2 degrees are exact within %.1g, %.1g", one,
           two);
    tap_ok(normal < 1e-10, "those of 1e13 are normal within %.1g", normal);
    int none = 1;
    for (int dof = 3; dof <= 14; dof++) {
        const double critical = dsep_robustness_critical(1e-300, dof);
        none &= critical > 1e9 && dsep_robustness_value(1 - 0x1p-53, critical).robustness_ci == 0;
    }
    tap_ok(none, "alpha 1e-300 with few degrees of freedom: nothing below |r| = 1 is significant");
}

static void test_priors(void) {
    static const struct {
        const char *text;
        double u, wanted;
    } cases[] = {
        {"uniform:0,0.3", .5, .15}, {"uniform:0.2,1", .25, .4},     {"point:0.25", .9, .25},
        {"point:0", .5, 0},         {"beta:1,1", .3, .3},           {"beta:2,1", .49, .7},
        {"beta:1,4", .5904, .2},    {"beta:0.5,0.5", 1.0 / 3, .25}, {"beta:10000,10000", .5, .5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dsep_prior prior;
        const int code = dsep_prior_parse(cases[i].text, "--prior-y", NULL, &prior);
        const double got = code ? NAN : dsep_prior_quantile(&prior, cases[i].u);
        tap_ok(fabs(got - cases[i].wanted) < 1e-12, "%s at %g: %.15g", cases[i].text, cases[i].u,
               got);
    }
    static const char *const wrong[] = {
        "",          "uniform",   "uniform:0",  "uniform:1,0", "uniform:0,1.1", "uniform:0,.3,1",
        "beta:0,1",  "beta:2",    "beta:2,1e5", "beta:nan,1",  "point:1",       "point:-.1",
        "point:.1x", "normal:0,1"};
    int refused = 0;
    dsep_prior prior;
    dsep_error error = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused += dsep_prior_parse(wrong[i], "--prior-y", &error, &prior) == DSEP_ERROR_USAGE;
    tap_ok(refused == sizeof wrong / sizeof *wrong && strstr(error.text, "--prior-y normal:0,1"),
           "what is no prior is refused: %s", error.text);
}

/* Next to 1 a share of .1 and less lies between two doubles: only what is below counts there. */
static void test_beta(void) {
    const double shapes[] = {.1, .5, 1, 2, 8, 50, 1000, 1e4};
    double worst = 0;
    int inside = 1;
    for (int i = 0; i < 64; i++)
        for (int k = 0; k <= 100; k++) {
            const dsep_prior prior = {.kind = DSEP_PRIOR_BETA,
                                      .a = shapes[i / 8],
                                      .b = shapes[i % 8],
                                      .log_density = lgamma(shapes[i / 8] + shapes[i % 8]) -
                                                     lgamma(shapes[i / 8]) - lgamma(shapes[i % 8])};
            const double u = k == 0 ? 1e-15 : k == 100 ? 1 - 1e-15 : k / 100.0;
            const double x = dsep_prior_quantile(&prior, u), step = 1e-14;
            inside &= x >= 0 && x < 1;
            const double below = x > step ? gsl_cdf_beta_P(x - step, prior.a, prior.b) : 0;
            const double above = x < 1 - step ? gsl_cdf_beta_P(x + step, prior.a, prior.b) : 1;
            worst = fmax(worst, fmax(below - u, u - above));
        }
    tap_ok(inside && worst < 1e-13, "quantiles of beta are within 1e-14, or %.1g of their share",
           worst);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_published();
    test_grid();
    test_adjusting();
    test_ends();
    test_quantiles();
    test_priors();
    test_beta();
    return tap_end();
}
