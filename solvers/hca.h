/* Hierarchical component analysis: a few factors, shared by environments, that cause each other in
 * one order.
 *
 * Jin, Syrgkanis, Kakade & Zhang 2025, "Discovering Hierarchical Latent Capabilities of Language
 * Models via Causal Representation Learning", arXiv:2506.10378. In environment k the d factors are
 * z = H x (x centred there) and B_k z has independent parts, H shared, B_k lower triangular:
 * factor 0 is the first cause. FastICA in each environment gives the rows of M_k = B_k H, but in no
 * order; the order of rows is sought for which H and triangular B_k explain all M_k best. What is
 * left is the inexactness coefficient of an environment, IC_k in [0, 1), and MIC, the largest.
 *
 * A small MIC alone is weak evidence: it belongs beside its bootstrap interval and its null, the
 * MIC of random rotations of the same sources (dsep_hca_bootstrap(), dsep_hca_null()).
 * Reproducibility: the same bits on any number of ranks on one kind of CPU; class B where an
 * environment has rows and variables enough for a grid. */
#ifndef DSEP_SOLVERS_HCA_H
#define DSEP_SOLVERS_HCA_H

#include "solvers/environments.h"
#include "solvers/fastica.h"
#include "solvers/hca_search.h"
#include "solvers/representation.h"

typedef struct {
    int64_t n_factors;         /* d, at least 1 */
    int64_t n_min;             /* rows that an environment has at least, beside d + 1 */
    dsep_fastica_settings ica; /* contrast, tolerance, limit of iterations */
    int64_t starts;            /* of FastICA in each environment: dsep_fastica_best() */
    dsep_hca_search search;    /* for the order of rows */
    int64_t grid_from;         /* rows and variables of an environment from which on all ranks find
                                * its principal directions together; below, environments are dealt
                                * to ranks */
    uint64_t seed;             /* of starts, rotations and bootstrap */
} dsep_hca_settings;

typedef struct {
    int64_t n_variables, n_factors, n_environments; /* p, d, K */
    dsep_representation *representation; /* factors in causal order, named as far as they can be:
                                          * rows of H have length 1 and grow with their variable;
                                          * named_r2 is the R^2 of the factor given the variable and
                                          * the factors before it */
    double *named_alone; /* [d] squared correlation of a factor as it stands with its variable */
    double mic, sum_ic;
    double *ic;           /* [K] inexactness of each environment */
    double *diagnostic;   /* [d] 1 - s1^2 / sum s^2: 0 where environments agree on a factor */
    double *screening;    /* [K x K] 1 - mean cosine between principal subspaces */
    double *explained;    /* [K] share of an environment's variance in its principal subspace */
    double *unmixing;     /* [K x d x p] M_k, rows in causal order: sources of variance 1 */
    int64_t *iterations;  /* [K] of FastICA, of the start that was kept */
    uint8_t *converged;   /* [K] whether FastICA reached its tolerance there */
    int64_t judged;       /* orders of rows that were judged */
    int exhaustive;       /* all orders were */
    char arithmetic[128]; /* what decomposed the largest matrices, for results */
    struct dsep_hca_work *work; /* what replicates need */
} dsep_hca;

/* d = 3, n_min = 50, log cosh to 1e-12 within 10,000 iterations, 5 starts, exhaustive 50,000, beam
 * 20, descents 4, a grid from 2,000, seed 0. Not collective. */
void dsep_hca_default_settings(dsep_hca_settings *settings);

/* Fits it. Collective: environments and orders of rows are spread over ranks.
 * environments: lent, must outlive the fit. names: [K] of environments, for messages; NULL: their
 * numbers. Errors: DSEP_ERROR_USAGE for settings; DSEP_ERROR_DATA for fewer than 2 environments, an
 * environment with too few rows or of a rank below d; DSEP_ERROR_RESOURCES; agreed. FastICA that
 * does not converge is a reason in the result. Memory on a rank: 3 K d p numbers; once a node the
 * products of rows where there are fewer rows than variables. Owner of *fit: the caller. */
int dsep_hca_fit(dsep_context *ctx, const dsep_environments *environments, const char *const *names,
                 const dsep_hca_settings *settings, dsep_hca **fit);

/* Frees it and sets *fit to NULL; accepts NULL. Collective. */
void dsep_hca_destroy(dsep_hca **fit);

/* Where things stand in the numbers of a replicate or a null draw. `converged` is 1 where FastICA
 * did in every environment. */
enum { DSEP_HCA_MIC, DSEP_HCA_SUM_IC, DSEP_HCA_CONVERGED, DSEP_HCA_IC };

/* How many numbers a null draw gives, the above with ic [K]. Not collective. */
int64_t dsep_hca_null_values(const dsep_hca *fit);

/* How many a replicate gives: the same and then weights [K x d x d], row = effect, column = cause.
 * Factors are those of the fit: a replicate that finds another order has weights above the
 * diagonal. Its factors are turned, within what the method leaves open, as near to the fit's as can
 * be. Not collective. */
int64_t dsep_hca_values(const dsep_hca *fit);

/* One bootstrap replicate: rows drawn within each environment, as dsep_resample_weights() does with
 * a seed of the environment's own. Not collective: any rank makes any replicate. FastICA starts
 * from the fit's sources, its sources are matched to them, and the order of rows descends from the
 * fit's. values: [dsep_hca_values()]; all NaN but `converged`, 0, where the drawn rows of an
 * environment have a rank below d. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL. */
int dsep_hca_bootstrap(const dsep_hca *fit, int64_t replicate, dsep_error *error, double *values);

/* One draw of the null: the sources of each environment are rotated at random within their
 * subspace, and orders are searched as in the fit. Not collective. values:
 * [dsep_hca_null_values()]. Errors: DSEP_ERROR_RESOURCES. */
int dsep_hca_null(const dsep_hca *fit, int64_t draw, dsep_error *error, double *values);

#endif
