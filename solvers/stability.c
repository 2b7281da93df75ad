#include "solvers/stability.h"

#include "solvers/share.h"

#include <math.h>

double dsep_stability_unimodal(double theta, int64_t step, int64_t n_splits) {
    const double splits = (double)n_splits, tau = (double)step / (2 * splits);
    const double first = 0.5 + theta * theta,
                 second = 0.5 + 1 / (2 * splits) + 0.75 * theta * theta;
    if (n_splits < 1 || step > 2 * n_splits || step < n_splits + 2 || !(3 * theta * theta <= 1))
        return NAN;
    if (2 * step > 3 * n_splits)
        return 4 * (1 - tau + 1 / (2 * splits)) / (1 + 1 / splits);
    return tau > fmin(first, second) ? 1 / (2 * (2 * tau - 1 - 1 / (2 * splits))) : NAN;
}

/* --- tails of r-concave distributions --------------------------------------------------------- */

/* The search of D(mean / n, t / n, n, -1 / power). */
typedef struct {
    int64_t n, t;
    double mean; /* in steps of 1/n */
    int power;   /* -1 / r: 2 or 4 */
} tail_problem;

/* (a / (a + i))^power: the mass at i by that at 0. */
static double mass(const tail_problem *problem, double a, int64_t i) {
    const double ratio = a / (a + (double)i), square = ratio * ratio;
    return problem->power == 2 ? square : square * square;
}

/* The mean of the masses up to k. */
static double mean_of(const tail_problem *problem, double a, int64_t k) {
    double sum = 0, moment = 0;
    for (int64_t i = 0; i <= k; i++) {
        const double m = mass(problem, a, i);
        sum += m;
        moment += (double)i * m;
    }
    return moment / sum;
}

/* The logarithm of the a whose masses up to k have the wanted mean; it falls with k. */
static double solve(const tail_problem *problem, int64_t k, double high) {
    double low = log(1e-12);
    for (int step = 0; step < 60; step++) {
        const double middle = (low + high) / 2;
        if (mean_of(problem, exp(middle), k) < problem->mean)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* The tail from t on of the masses up to k with the mass at k + 1 that makes the mean right. */
static double tail_of(const tail_problem *problem, double a, int64_t k) {
    double sum = 0, moment = 0, beyond = 0;
    for (int64_t i = 0; i <= k; i++) {
        const double m = mass(problem, a, i);
        sum += m;
        moment += (double)i * m;
        beyond += i >= problem->t ? m : 0;
    }
    const double last = (problem->mean * sum - moment) / ((double)(k + 1) - problem->mean);
    return (beyond + last) / (sum + last);
}

/* The largest tail for one k, a between two solutions: golden section. */
static double best_tail(const tail_problem *problem, int64_t k, double low, double high) {
    const double golden = 0.6180339887498949;
    double best = fmax(tail_of(problem, exp(low), k), tail_of(problem, exp(high), k));
    double left = high - golden * (high - low), right = low + golden * (high - low);
    double at_left = tail_of(problem, exp(left), k), at_right = tail_of(problem, exp(right), k);
    for (int step = 0; step < 30; step++) {
        best = fmax(best, fmax(at_left, at_right));
        if (at_left > at_right) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - golden * (high - low);
            at_left = tail_of(problem, exp(left), k);
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + golden * (high - low);
            at_right = tail_of(problem, exp(right), k);
        }
    }
    return best;
}

static double largest_tail(double eta, int64_t t, int64_t n, int power) {
    const tail_problem problem = {n, t, eta * (double)n, power};
    const double start = ceil(2 * problem.mean) + 1;
    if (!(problem.mean > 0) || (double)t < start || t > n)
        return problem.mean > 0 ? 1 : 0;
    double best = 0, above = solve(&problem, t - 1, log(1e12));
    for (int64_t k = t - 1; k < n; k++) { /* shorter ones end before t */
        const double below = solve(&problem, k + 1, above);
        best = fmax(best, best_tail(&problem, k, below, above));
        above = below;
    }
    return best;
}

double dsep_stability_r_concave(double theta, int64_t step, int64_t n_splits) {
    if (n_splits < 1 || step > 2 * n_splits)
        return NAN;
    const double both =
        step > n_splits ? largest_tail(theta * theta, step - n_splits, n_splits, 2) : 1;
    return fmin(both, largest_tail(theta, step, 2 * n_splits, 4));
}

/* --- assessment ------------------------------------------------------------------------------- */

void dsep_stability_assess(const dsep_tally *tally, int64_t n_graphs, int64_t n_pairs, double tau,
                           int complementary, dsep_stability *stability) {
    int64_t step = 0;
    while (step < n_graphs && !dsep_share_reaches(step, n_graphs, tau))
        step++;
    const double graphs = (double)n_graphs, raised = (double)step / graphs;
    const double q = (double)dsep_tally_total(tally) / graphs, theta = q / (double)n_pairs;
    const int paired = complementary && n_graphs % 2 == 0;
    *stability = (dsep_stability){
        .threshold = raised,
        .mean_joined = q,
        .theta = theta,
        .any = 2 * step > n_graphs ? theta * q / (2 * raised - 1) : NAN,
        .unimodal = paired ? theta * q * dsep_stability_unimodal(theta, step, n_graphs / 2) : NAN,
        .r_concave =
            paired ? (double)n_pairs * dsep_stability_r_concave(theta, step, n_graphs / 2) : NAN};
    for (int64_t e = 0; e < tally->n_edges; e++)
        stability->n_selected += dsep_tally_joined(&tally->edges[e]) >= step;
}
