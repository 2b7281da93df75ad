/* How strong an unmeasured common cause has to be to undo an edge.
 *
 * The test of an edge x - y given a set is a regression of one end on the other and the set, with
 * an intercept. What leaving out a common cause z of both does to it depends on two numbers alone:
 * the parts of the variance that z explains, given the set, in x (r2_d) and, given x too, in y
 * (r2_y). Linear regression, any distribution; z may stand for several causes together. The values
 * of an edge follow from its partial correlation r, so that it does not matter which end is called
 * x. Source: Cinelli & Hazlett 2020, doi:10.1111/rssb.12348; extreme values: Cinelli & Hazlett
 * 2025, doi:10.1093/biomet/asaf004. Reproducibility: class A. */
#ifndef DSEP_SOLVERS_ROBUSTNESS_H
#define DSEP_SOLVERS_ROBUSTNESS_H

#include <stdint.h>

typedef struct {
    double partial_r2;    /* r^2: a cause of all that is left of y has to explain so much of x */
    double robustness;    /* a cause that explains so much of both brings the estimate to zero */
    double robustness_ci; /* the same until the test no longer rejects */
} dsep_robustness;

/* Degrees of freedom of the regression: n - order - 2. Not collective. */
double dsep_robustness_dof(int64_t n_samples, int64_t order);

/* The least |t| / sqrt(dof) that is significant, two-sided, once z is in the regression and took a
 * degree of freedom: t(1 - alpha / 2; dof - 1) / sqrt(dof - 1). NaN for dof < 2; infinite where no
 * number can be significant. Not collective. alpha in (0, 1). Cost: about 0.4 us. */
double dsep_robustness_critical(double alpha, double dof);

/* All three for one edge. Not collective. critical: from dsep_robustness_critical(). |r| = 1 gives
 * 1 for all; NaN for r or critical gives NaN, so dof < 2 does. robustness_ci is 0 where the test
 * does not reject to begin with: t is a little more careful than Fisher's z, which decides edges.
 */
dsep_robustness dsep_robustness_value(double r, double critical);

/* sqrt(r2_y r2_d / (1 - r2_d)). Not collective. r2_y and r2_d in [0, 1), here and below. */
double dsep_robustness_bias_factor(double r2_y, double r2_d);

/* What an estimate and its standard error would be with z in the regression, if its bias is towards
 * zero (and beyond). Not collective. A negative estimate is mirrored. */
double dsep_robustness_estimate(double estimate, double error, double dof, double r2_y,
                                double r2_d);
double dsep_robustness_error(double error, double dof, double r2_y, double r2_d);

/* The partial correlation given z, too, for a bias towards zero (direction 1) or away from it (-1).
 * Not collective. dof > 1; |r| = 1 stays. */
double dsep_robustness_adjust(double r, double dof, double r2_y, double r2_d, int direction);

#endif
