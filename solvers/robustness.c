#include "solvers/robustness.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

double dsep_robustness_dof(int64_t n_samples, int64_t order) {
    return (double)(n_samples - order - 2);
}

/* |t| / sqrt(dof): Cohen's f */
static double effect(double r) {
    return fabs(r) < 1 ? fabs(r) / sqrt((1 - r) * (1 + r)) : fabs(r) >= 1 ? INFINITY : NAN;
}

/* t of the regression; infinite for |r| = 1. */
static double t_of(double r, double dof) {
    return copysign(effect(r) * sqrt(dof), r);
}

double dsep_robustness_critical(double alpha, double dof) {
    if (!(dof >= 2))
        return NAN;
    /* GSL loses all digits far out where one degree of freedom is left; that is Cauchy's law */
    const double t = dof == 2 ? 1 / tan(M_PI * alpha / 2) : gsl_cdf_tdist_Qinv(alpha / 2, dof - 1);
    return t / sqrt(dof - 1);
}

/* The x in [0, 1) with x / sqrt(1 - x) = f, without cancellation for large f. */
static double common_strength(double f) {
    return f > 0 ? 2 / (1 + sqrt(1 + 4 / (f * f))) : 0;
}

/* Among causes that explain at most x of either end, one that explains x of both biases most. But
 * it also explains noise, so that for a strong effect a smaller r2_y hides more: r2_y is then free,
 * and x the extreme robustness value. */
static double until_insignificant(double f, double critical) {
    if (isnan(f) || isnan(critical))
        return NAN;
    if (isinf(f))
        return 1;
    if (f <= critical)
        return 0;
    if (f * critical > 1)
        return (f - critical) * (f + critical) / (1 + f * f);
    return common_strength(f - critical);
}

dsep_robustness dsep_robustness_value(double r, double critical) {
    const double f = effect(r);
    if (isnan(f) || isnan(critical))
        return (dsep_robustness){NAN, NAN, NAN};
    return (dsep_robustness){r * r < 1 ? r * r : 1, common_strength(f),
                             until_insignificant(f, critical)};
}

double dsep_robustness_bias_factor(double r2_y, double r2_d) {
    return sqrt(r2_y * r2_d / (1 - r2_d));
}

double dsep_robustness_estimate(double estimate, double error, double dof, double r2_y,
                                double r2_d) {
    const double bias = dsep_robustness_bias_factor(r2_y, r2_d) * error * sqrt(dof);
    return estimate - copysign(bias, estimate);
}

double dsep_robustness_error(double error, double dof, double r2_y, double r2_d) {
    return error * sqrt((1 - r2_y) / (1 - r2_d) * (dof / (dof - 1)));
}

/* t is an estimate with standard error 1. */
double dsep_robustness_adjust(double r, double dof, double r2_y, double r2_d, int direction) {
    const double t = t_of(r, dof);
    if (isinf(t))
        return copysign(1, r);
    const double reduced = dsep_robustness_estimate(t, 1, dof, r2_y, r2_d);
    const double estimate = direction > 0 ? reduced : 2 * t - reduced;
    const double adjusted = estimate / dsep_robustness_error(1, dof, r2_y, r2_d);
    return adjusted / sqrt(adjusted * adjusted + dof - 1);
}
