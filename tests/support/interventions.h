/* Random models with one perfect intervention on each factor, as in the simulation of Squires et
 * al. 2023: written for tests, plain loops. */
#ifndef DSEP_TESTS_SUPPORT_INTERVENTIONS_H
#define DSEP_TESTS_SUPPORT_INTERVENTIONS_H

#include <stdint.h>

enum { MODEL_FACTORS = 8, MODEL_VARIABLES = 40 };

typedef struct {
    int64_t d, p;
    double h[MODEL_FACTORS][MODEL_VARIABLES];                  /* largest entry of a row: 1 */
    double b[MODEL_FACTORS + 1][MODEL_FACTORS][MODEL_FACTORS]; /* of environment k, 0 first: upper
                                                                * triangular, causes come later */
    int64_t target[MODEL_FACTORS + 1];                         /* of environment k; -1 first */
} model;

/* A model from (seed, number): arcs with chance density, weights +-[.25, 1], noise precision roots
 * [2, 4], of interventions [6, 8], mixing [-2, 2]. Not
 * collective, as all of these. */
void model_draw(uint64_t seed, uint32_t number, int64_t d, int64_t p, double density, model *m);

/* Theta_k = H' B_k' B_k H [p x p]. Not collective. */
void model_precision(const model *m, int64_t k, double *theta);

/* The pseudo-inverse of H [p x d], row after row. Not collective. */
void model_decoder(const model *m, double *g);

/* Covariance of n draws of the factors of environment k with known mean, through Bartlett's
 * decomposition of a Wishart matrix: [d x d]. Not collective. */
void model_covariance(const model *m, int64_t k, int64_t n, uint64_t seed, uint32_t number,
                      double *covariance);

/* Draws of the factors themselves: z [n x d] column after column. Not
 * collective. */
void model_factors(const model *m, int64_t k, int64_t n, uint64_t seed, uint32_t number, double *z);

/* Whether an order (place [d] of each factor of the model) has causes before effects. Not
 * collective. */
int model_order_holds(const model *m, const int64_t *place);

/* A standard normal number. Not collective. */
double model_normal(uint64_t seed, uint32_t number, uint64_t index);

#endif
