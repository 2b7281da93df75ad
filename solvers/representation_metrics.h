/* How near one linear causal representation is to another.
 *
 * Factors have no natural order, sign or scale: the best assignment of factors to factors comes
 * first, and everything else is told after it. */
#ifndef DSEP_SOLVERS_REPRESENTATION_METRICS_H
#define DSEP_SOLVERS_REPRESENTATION_METRICS_H

#include "mpi/graph.h"
#include "solvers/representation.h"

typedef struct {
    int by_covariance; /* whether correlations are of factors; 0: cosines of the rows of H */
    double mcc;        /* mean |correlation| of assigned factors */
    double h_error;    /* root of the mean of 1 - cosine^2 of assigned rows of H: the relative error
                        * when the truth's rows have length 1 and the others' their best scale */
    int64_t latent_shd; /* pairs of factors whose edge is missing, extra, or has other marks */
    int64_t n_targets;  /* environments of both, in which the truth intervenes on one factor */
    int64_t n_targets_right;
    int64_t *match; /* [d] the learned factor that was assigned to each of the truth */
    double *size;   /* [d] |correlation| of the two */
} dsep_representation_metrics;

/* A side with its graph over the factors. */
typedef struct {
    const dsep_representation *representation;
    const dsep_graph *graph;
} dsep_representation_side;

/* Compares two representations of the same variables and with as many factors. Not collective.
 *
 * Correlations are those of the learned factors z^ = H^ x and the truth's z under the truth's own
 * model: x = G z, and Cov z the mean of (B_k'B_k)^-1 over its environments (noise of variance 1).
 * Where a B_k has no inverse, the cosine of the rows of H stands for them (Hyvarinen & Morioka
 * 2016, NIPS 29, for the mean correlation coefficient after the best assignment). environment:
 * [truth's K] which of the learned ones it is, -1 for none. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_DATA. Owner of what *metrics holds: the caller, dsep_representation_metrics_release().
 * Shown by tests/unit/representation_metrics.c. */
int dsep_representation_compare(const dsep_representation_side *learned,
                                const dsep_representation_side *truth, const int64_t *environment,
                                dsep_error *error, dsep_representation_metrics *metrics);

/* Brings what hierarchical component analysis finds to the form in which it is unique but for
 * signs: each factor is known up to multiples of those before it in the order, and those are chosen
 * that make the rows of H orthonormal. H, G, B and weights are changed. Not collective. Errors:
 * DSEP_ERROR_RESOURCES; DSEP_ERROR_DATA where rows of H depend on each other. */
int dsep_representation_straighten(dsep_representation *representation, dsep_error *error);

/* Frees it; accepts zeros. Not collective. */
void dsep_representation_metrics_release(dsep_representation_metrics *metrics);

#endif
