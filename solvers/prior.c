#include "solvers/prior.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEAST_SHAPE = 0.1, MOST_SHAPE = 1e4;

/* One or two finite numbers after the colon, to the end of the text. */
static int read_numbers(const char *text, int count, double value[2]) {
    for (int i = 0; i < count; i++) {
        char *end;
        value[i] = strtod(text, &end);
        if (end == text || !isfinite(value[i]) || *end != (i + 1 < count ? ',' : '\0'))
            return 0;
        text = end + 1;
    }
    return 1;
}

static int in_range(const dsep_prior *prior) {
    const double a = prior->a, b = prior->b;
    if (prior->kind == DSEP_PRIOR_UNIFORM)
        return a >= 0 && a < b && b <= 1;
    if (prior->kind == DSEP_PRIOR_BETA)
        return a >= LEAST_SHAPE && a <= MOST_SHAPE && b >= LEAST_SHAPE && b <= MOST_SHAPE;
    return a >= 0 && a < 1;
}

int dsep_prior_parse(const char *text, const char *option, dsep_error *error, dsep_prior *prior) {
    static const char *const names[] = {"uniform:", "beta:", "point:"};
    for (int kind = DSEP_PRIOR_UNIFORM; kind <= DSEP_PRIOR_POINT; kind++) {
        const size_t length = strlen(names[kind]);
        double value[2] = {0, 0};
        if (strncmp(text, names[kind], length) != 0 ||
            !read_numbers(text + length, kind == DSEP_PRIOR_POINT ? 1 : 2, value))
            continue;
        *prior = (dsep_prior){.kind = kind, .a = value[0], .b = value[1]};
        if (!in_range(prior))
            break;
        prior->log_density = lgamma(prior->a + prior->b) - lgamma(prior->a) - lgamma(prior->b);
        return DSEP_OK;
    }
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "%s %s: expected uniform:LO,HI with 0 <= LO < HI <= 1, beta:A,B with A "
                          "and B from 0.1 to 10000, or point:V with 0 <= V < 1",
                          option, text);
}

/* Newton's method, kept inside the interval that is known to hold the quantile. */
static double beta_quantile(const dsep_prior *prior, double u) {
    const double a = prior->a, b = prior->b;
    double low = 0, high = 1, x = a / (a + b);
    for (int step = 0; step < 200 && high - low > 1e-15; step++) {
        const double excess = gsl_cdf_beta_P(x, a, b) - u;
        if (excess < 0)
            low = x;
        else
            high = x;
        const double density = exp(prior->log_density + (a - 1) * log(x) + (b - 1) * log1p(-x));
        const double next = x - excess / density;
        if (fabs(next - x) <= 1e-16)
            break;
        x = next > low && next < high ? next : (low + high) / 2;
    }
    return x;
}

double dsep_prior_quantile(const dsep_prior *prior, double u) {
    double x = prior->a;
    if (prior->kind == DSEP_PRIOR_UNIFORM)
        x += u * (prior->b - prior->a);
    else if (prior->kind == DSEP_PRIOR_BETA)
        x = beta_quantile(prior, u);
    return fmin(x, 1 - 0x1p-53);
}
