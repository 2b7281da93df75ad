/* Random linear causal representations, and rows of data drawn from them.
 *
 * x = G z + observation noise, B_k z = independent noise of variance 1 in environment k. The order
 * of the factors is random, and so is a graph over it that all environments share. */
#ifndef DSEP_SOLVERS_LATENT_MODEL_H
#define DSEP_SOLVERS_LATENT_MODEL_H

#include "solvers/representation.h"
#include "solvers/simulation.h"

/* How environments differ. */
typedef enum {
    DSEP_SHIFT_HCA,  /* all weights and noises are drawn anew; H has orthonormal rows, as HCA finds
                      */
    DSEP_SHIFT_SOFT, /* environment 0 is observational; in k the weights and the noise of one factor
                      * are drawn anew: the factors in a random order, again from the first on */
    DSEP_SHIFT_HARD  /* so, but that factor loses its causes */
} dsep_shift;

typedef struct {
    int64_t n_variables, n_factors, n_environments;
    dsep_shift shift;
    double
        degree; /* expected number of neighbours of a factor; from d - 1 on all pairs are joined */
    double weight_low, weight_high; /* range of the size of weights; signs are random */
    uint64_t seed;
} dsep_latent_settings;

/* Refuses what makes no sense, with a remedy. Not collective. Errors: DSEP_ERROR_USAGE. */
int dsep_latent_check(const dsep_latent_settings *settings, dsep_error *error);

/* Draws a model. Not collective. Noise has a standard deviation in 0.5 .. 2. Under soft and hard
 * shifts G has normal entries and H = pinv(G) rows scaled so that the largest entry is 1. Errors:
 * DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL. Reproducibility: class B for H and G, A else. Owner of
 * *model: the caller. Shown by tests/unit/latent_model.c. */
int dsep_latent_create(const dsep_latent_settings *settings, dsep_error *error,
                       dsep_representation **model);

/* Draws rows first .. first + count - 1 of n_environments times `samples`, one environment after
 * another, into rows [count x (n_variables + 1)]: the variables, then the number of the
 * environment. Not collective. observed: standard deviation of the normal noise on each variable.
 * factor: [n_factors] room. A row is a function of the seed and its number. Cost: n_variables x
 * n_factors multiplications a row. Reproducibility: class A given the model. */
void dsep_latent_rows(const dsep_representation *model, dsep_noise noise, double observed,
                      uint64_t seed, int64_t samples, int64_t first, int64_t count, double *factor,
                      double *rows);

#endif
