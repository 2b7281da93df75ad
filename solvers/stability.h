/* Stability selection: how many of the pairs that most subsamples join are joined by chance.
 *
 * Each of R graphs comes from half of the rows and joins q of P pairs in the mean. Selected are the
 * pairs with a joined share of at least tau; theta = q / P is how often a graph joins a pair that
 * it knows nothing about. All bounds are on the expected number of selected pairs whose chance to
 * be joined by one graph is at most theta. Reproducibility: class B; the selection is class A. */
#ifndef DSEP_SOLVERS_STABILITY_H
#define DSEP_SOLVERS_STABILITY_H

#include "solvers/tally.h"

typedef struct {
    double threshold;   /* tau, raised to the next share that R graphs can give */
    int64_t n_selected; /* pairs with that share or more */
    double mean_joined; /* q */
    double theta;       /* q / P */
    /* q^2 / ((2 tau - 1) P): Meinshausen & Buehlmann 2010 (doi:10.1111/j.1467-9868.2010.00740.x),
     * Theorem 1, for any subsamples of half of the rows, if all false pairs are alike and true
     * pairs are no less likely to be joined; for complementary pairs without either assumption:
     * Shah & Samworth 2013, Theorem 1. NaN unless tau > 1/2. */
    double any;
    /* For complementary pairs, if a pair's shares have such a distribution over data sets: */
    double unimodal;  /* dsep_stability_unimodal() */
    double r_concave; /* dsep_stability_r_concave() */
} dsep_stability;

/* What a threshold selects, and the bounds that hold. Not collective.
 * tally: of n_graphs graphs. n_pairs: P, all pairs that could be joined. tau: in (0, 1], met as
 * dsep_share_reaches() says. complementary: whether graphs come in pairs of disjoint halves
 * (DSEP_RESAMPLE_HALVES), an even number of them; else `unimodal` and `r_concave` are NaN, as
 * any figure is whose conditions do not hold. Bounds above q say nothing. Cost: a look at each pair
 * and dsep_stability_r_concave(). */
void dsep_stability_assess(const dsep_tally *tally, int64_t n_graphs, int64_t n_pairs, double tau,
                           int complementary, dsep_stability *stability);

/* C(tau, B) of Shah & Samworth 2013 (doi:10.1111/j.1467-9868.2011.01034.x), Theorem 2, for B splits
 * into halves and tau = step / (2 B); the bound is C theta q. Not collective.
 *
 *     1 / (2 (2 tau - 1 - 1 / (2 B)))         for m < tau <= 3/4,
 *                        m = min(1/2 + theta^2, 1/2 + 1 / (2 B) + 3/4 theta^2)
 *     4 (1 - tau + 1 / (2 B)) / (1 + 1 / B)   for 3/4 < tau <= 1
 *
 * NaN elsewhere, for tau < 1/2 + 1 / B, and for theta > 1 / sqrt(3). C theta^2 is the largest tail
 * of a unimodal distribution, which tests/unit/stability.c finds by search. */
double dsep_stability_unimodal(double theta, int64_t step, int64_t n_splits);

/* min{D(theta^2, 2 tau - 1, B, -1/2), D(theta, tau, 2 B, -1/4)} of the same paper, for
 * tau = step / (2 B); the bound is this times P. Not collective. 1 where neither says anything.
 *
 * D(eta, t, N, r) is the most that the tail from t on can have in an r-concave distribution on
 * 0, 1/N, ..., 1 with mean eta: it is reached by masses (a + i)^(1/r) for i up to some k, and
 * a mass at k + 1 that makes the mean right; k and a are searched, and the ends of each range of
 * a are tried, which the R package stabs leaves out. 1 where t N < ceil(2 eta N) + 1. Cost: B^2;
 * .2 s for B = 800 (2026-11-22, 1 core). */
double dsep_stability_r_concave(double theta, int64_t step, int64_t n_splits);

#endif
