/* The independent components of one environment, for hierarchical component analysis (hca.h). */
#ifndef DSEP_SOLVERS_HCA_SEPARATE_H
#define DSEP_SOLVERS_HCA_SEPARATE_H

#include "solvers/hca.h"
#include "solvers/whitening.h"

/* What a fit keeps for its replicates. */
struct dsep_hca_work {
    const dsep_environments *environments; /* lent */
    dsep_row_products *products;
    dsep_hca_settings settings;
    double *gram; /* [Kd x Kd] inner products of the rows of `unmixing` */
};

/* Random numbers of an environment follow its label, not which others are there. Not collective. */
dsep_random dsep_hca_source(const struct dsep_hca_work *work, dsep_stream stream, int64_t which,
                            int64_t replicate);

typedef struct {
    int64_t rank;     /* below d: the rest means nothing */
    double explained; /* share of the variance in the d principal directions */
    dsep_fastica_outcome outcome;
} dsep_hca_separation;

/* FastICA on the d leading principal directions of an environment's rows. Not collective.
 * weight: [rows] or NULL. start: [d x p] unmixing of which the search starts and to which its
 * sources are then matched, signs and all; NULL: from the settings' random starts. directions:
 * [p x d] orthonormal principal directions, column after column; may be NULL. unmixing: [d x p] row
 * after row, sources of variance 1 (divisor: sum of weights - 1). Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL. */
int dsep_hca_separate(const struct dsep_hca_work *work, int64_t which, const int32_t *weight,
                      const double *start, dsep_whitening *made, dsep_error *error,
                      double *directions, double *unmixing, dsep_hca_separation *separation);

#endif
