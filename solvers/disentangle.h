/* Linear causal disentanglement via interventions.
 *
 * Squires, Seigal, Bhate & Uhler 2023, Proceedings of Machine Learning Research 202:32540,
 * doi:10.48550/arXiv.2211.16467. */
#ifndef DSEP_SOLVERS_DISENTANGLE_H
#define DSEP_SOLVERS_DISENTANGLE_H

#include "solvers/intervened.h"

/* The representation from an observational environment and a perfect intervention on each factor.
 * Not collective. More environments than factors are possible; those that are not needed get the
 * target whose row they change most. gamma: an earlier factor is no ancestor where the rank-one
 * ratio without taking it out is above. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL
 * (LAPACK). Numerical outcomes are reasons of the fit. Cost: K d^4 flops. Reproducibility: class
 * B. */
int dsep_disentangle(const dsep_precisions *precisions, double gamma, dsep_error *error,
                     dsep_intervened **fit);

#endif
