/* Score-based causal representation for linear mixing, one intervention a factor (LSCALE-I), in its
 * linear-Gaussian form.
 *
 * Varici, Acarturk, Shanmugam, Kumar & Tajer 2025, "Score-based Causal Representation Learning:
 * Linear and General Transformations", Journal of Machine Learning Research 26,
 * doi:10.48550/arXiv.2402.00849. */
#ifndef DSEP_SOLVERS_LSCALE_H
#define DSEP_SOLVERS_LSCALE_H

#include "solvers/intervened.h"

/* The representation from an observational environment and exactly one intervention on each factor.
 * Not collective. hard: whether interventions cut their target from its causes: then rows of H are
 * freed of ancestors; else a factor stays mixed with them, and edges are those of ancestors.
 * Errors: DSEP_ERROR_DATA where the number of environments is not d + 1; DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL (LAPACK). Numerical outcomes are reasons of the fit. Cost: d^6 flops a pass
 * over the order, few passes. Reproducibility: class B. */
int dsep_lscale(const dsep_precisions *precisions, int hard, dsep_error *error,
                dsep_intervened **fit);

#endif
