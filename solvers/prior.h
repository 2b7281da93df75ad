/* Priors over a part of variance, a number in [0, 1), as users write them: uniform:LO,HI  beta:A,B
 * point:V. */
#ifndef DSEP_SOLVERS_PRIOR_H
#define DSEP_SOLVERS_PRIOR_H

#include "mpi/error.h"

typedef enum { DSEP_PRIOR_UNIFORM, DSEP_PRIOR_BETA, DSEP_PRIOR_POINT } dsep_prior_kind;

typedef struct {
    dsep_prior_kind kind;
    double a, b;        /* LO, HI; A, B; V */
    double log_density; /* of beta: -log B(a, b) */
} dsep_prior;

/* Reads a prior. Not collective. option: how the message calls it. 0 <= LO < HI <= 1; A and B from
 * 0.1 to 10,000; 0 <= V < 1. Errors: DSEP_ERROR_USAGE with what is expected. */
int dsep_prior_parse(const char *text, const char *option, dsep_error *error, dsep_prior *prior);

/* The number that a part u in (0, 1) of the prior lies below: with u uniform, a draw; always below
 * 1. Not collective. Cost: beta about 10 evaluations of its distribution, 4 us. Absolute error
 * under 1e-14. Reproducibility: class A. */
double dsep_prior_quantile(const dsep_prior *prior, double u);

#endif
