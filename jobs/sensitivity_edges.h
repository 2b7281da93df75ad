/* How each analysis choice moves each edge. */
#ifndef DSEP_JOBS_SENSITIVITY_EDGES_H
#define DSEP_JOBS_SENSITIVITY_EDGES_H

#include "io/h5write.h"
#include "jobs/study_design.h"
#include "solvers/tally.h"

/* Shares of the runs that joined a pair, of those that had both of its variables. */
typedef struct {
    int64_t n_edges;
    int64_t n_effects;                  /* dsep_study_effects() */
    const dsep_tally *tally;            /* of all runs; lent: x and y of each edge */
    double *share, *forward, *backward; /* [n_edges] joined; x -> y; y -> x */
    int8_t *reference;                  /* [n_edges] whether the reference joins the pair */
    double *by_effect;                  /* [n_edges x n_effects] joined, in each group; NaN where no
                                         * run had both */
} dsep_sensitivity_edges;

/* Makes shares of counts. Not collective. tally: [1 + n_effects] of all runs and of each group,
 * sorted. done: [n_units]. n_variables: of the table. reference: over all of them. Errors:
 * DSEP_ERROR_RESOURCES. Cost: where runs drop variables, n_units bits a variable and a pass over
 * them an edge and group. Owner of what it holds: the caller, dsep_sensitivity_edges_release().
 * Reproducibility: class A. */
int dsep_sensitivity_edges_create(const dsep_study_design *design, const uint8_t *done,
                                  int64_t n_variables, const dsep_graph *reference,
                                  dsep_tally *const *tally, dsep_error *error,
                                  dsep_sensitivity_edges *edges);

/* Frees it; accepts zeros. Not collective. */
void dsep_sensitivity_edges_release(dsep_sensitivity_edges *edges);

/* Writes /sensitivity/edges: source, target, reference, share, share_forward, share_backward and,
 * for each factor that varies, FACTOR_least and FACTOR_greatest. Collective. Errors:
 * DSEP_ERROR_RESOURCES, those of h5write.h; agreed. */
int dsep_sensitivity_edges_write(dsep_context *ctx, dsep_h5write *file,
                                 const dsep_study_design *design,
                                 const dsep_sensitivity_edges *edges);

#endif
