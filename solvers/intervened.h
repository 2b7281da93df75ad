/* A representation found through interventions, one for each factor, and how sure its edges are.
 *
 * A factor is known by the environment that intervenes on it, so that fits of replicates need no
 * matching. Factors stand in causal order. */
#ifndef DSEP_SOLVERS_INTERVENED_H
#define DSEP_SOLVERS_INTERVENED_H

#include "solvers/precision.h"
#include "solvers/representation.h"

/* What a reader must know of a fit. */
typedef enum {
    DSEP_INTERVENED_FOUND = 0,
    DSEP_INTERVENED_SAME_TARGET, /* two environments seem to intervene on the same factor */
    DSEP_INTERVENED_SINGULAR,    /* the environments do not tell the factors apart */
    DSEP_INTERVENED_NO_CHANGE /* an environment differs from the observational one by no more than
                               * chance makes it */
} dsep_intervened_reason;

typedef struct {
    dsep_representation *representation; /* order 0 .. d - 1; the largest entry of a row of H is 1;
                                          * B of an environment is that of the observational one but
                                          * for the row of its target; NaN where singular */
    int64_t *environment;                /* [d] who intervenes on factor i */
    double *encoder;   /* [d x d] H in the coordinates of the subspace, row after row */
    double *rank_one;  /* [d] s1^2 / sum s^2 of what the method takes factor i from */
    double *left;      /* [d] its norm, over that before other factors were taken out */
    double *pruning;   /* [d x d] row: factor, column: factor before it, the same ratio with that
                        * one not taken out; NaN elsewhere and for methods without */
    double spill;      /* of all that interventions change, in units of noise squared, the share
                        * that is not their target's mechanism: 0 where the model is exact */
    uint8_t *ancestor; /* [d x d] row = effect: whether the method's own rule keeps the cause;
                        * LSCALE-I has none and keeps all that come before */
    double *strength;  /* [d x d] row = effect, column = cause, as in the observational
                        * environment: change of the effect, in units of its own noise, with one
                        * standard deviation of the cause; signed where the method tells */
    int64_t width;     /* numbers behind a strength: 1, or d, one a factor */
    double *evidence;  /* [d x d x width] strength is their norm */
    dsep_intervened_reason reason;
    int64_t concerned[2]; /* the environments that the reason is about; -1 without */
} dsep_intervened;

/* The reason in words; "" where nothing is wrong. Not collective. */
const char *dsep_intervened_reason_text(dsep_intervened_reason reason);

typedef enum { DSEP_METHOD_DISENTANGLE, DSEP_METHOD_LSCALE } dsep_intervened_method;

typedef struct {
    dsep_intervened_method method;
    double gamma; /* of disentanglement: rank-one ratio from which on an ancestor is pruned */
    int hard;     /* of LSCALE-I: interventions cut the target from its causes */
} dsep_intervened_settings;

/* gamma .99 as published, hard interventions. Not collective. */
dsep_intervened_settings dsep_intervened_defaults(dsep_intervened_method method);

/* Fits by dsep_disentangle() or dsep_lscale(). Not collective. Errors: theirs. */
int dsep_intervened_fit(const dsep_precisions *precisions, const dsep_intervened_settings *settings,
                        dsep_error *error, dsep_intervened **fit);

/* Frees it and sets *fit to NULL; accepts NULL. Not collective. */
void dsep_intervened_destroy(dsep_intervened **fit);

/* How many numbers a replicate gives: 1 + d + 2 d^2. Not collective. */
int64_t dsep_intervened_values(int64_t n_factors);

/* One bootstrap replicate, aligned to the fit. Not collective. values [1 + d + 2 d^2]: 1, or 0
 * where it could not be fitted or has not one environment for each factor of the fit, and then NaN;
 * the place of each factor of the fit in its order; strengths [d x d]; distances of the evidence
 * from the fit's [d x d]. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL. Cost: n d^2 flops and
 * a fit. */
int dsep_intervened_replicate(const dsep_precisions *precisions, const dsep_intervened *fit,
                              const dsep_intervened_settings *settings, uint64_t seed,
                              int64_t replicate, dsep_error *error, double *values);

/* What replicates say, for each ordered pair [d x d], row = effect. */
typedef struct {
    int64_t n_factors, n_replicates, n_fitted; /* of those asked for, those that could be fitted */
    double agreeing;    /* share of the fitted whose order agrees with the fit */
    double level;       /* of thresholds and intervals */
    double *threshold;  /* the level's quantile of the distance from the fit: what noise alone makes
                         * of a strength */
    double *share;      /* of fitted replicates whose strength passes it */
    double *low, *high; /* interval of the strength: quantiles (1 -+ level) / 2 */
    uint8_t *edge;      /* |strength| of the fit passes the threshold */
} dsep_intervened_edges;

/* Turns rows of replicates [n_replicates x dsep_intervened_values()] into thresholds, shares and
 * intervals; NaN and no edges where fewer than two could be fitted. Not collective. Quantiles are
 * order statistics, linearly interpolated. Errors: DSEP_ERROR_RESOURCES. Owner of *edges: the
 * caller. */
int dsep_intervened_judge(const dsep_intervened *fit, const double *values, int64_t n_replicates,
                          double level, dsep_error *error, dsep_intervened_edges **edges);

/* Frees it and sets *edges to NULL; accepts NULL. Not collective. */
void dsep_intervened_edges_destroy(dsep_intervened_edges **edges);

/* --- for the methods ------------------------------------------------------------------------ */

/* An empty fit. Not collective. Errors: DSEP_ERROR_RESOURCES. Owner of *fit: the caller. */
int dsep_intervened_create(const dsep_precisions *precisions, int64_t width, dsep_error *error,
                           dsep_intervened **fit);

/* E M E' [d x d] for E row after row and a symmetric M; work [d x d]. Not collective. */
void dsep_intervened_congruence(int64_t d, const double *e, const double *m, double *work,
                                double *out);

/* Fills representation and encoder, reason and concerned. Not collective. fit->environment is
 * filled. rows: [d x d] unit vectors in the subspace, in causal order, such that factor i is in the
 * span of the first i + 1. hard: row i is freed of those before it: in the environment that
 * intervenes on it what is left of it by regression is the factor. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL. Cost: K d^3 flops. */
int dsep_intervened_complete(const dsep_precisions *precisions, const double *rows, int hard,
                             dsep_error *error, dsep_intervened *fit);

/* What interventions change in mechanisms that are not their target's: the sum over environments
 * and rows i but that of the target of |row i of B_k B_0^-1 - I|^2; infinite where singular. Not
 * collective. rows, environment: as of dsep_intervened_complete(); work: [4 d x d]; share: of all
 * that they change, NaN where singular; may be NULL. Cost: d^4 flops. */
double dsep_intervened_spill(const dsep_precisions *precisions, const double *rows,
                             const int64_t *environment, double *work, double *share);

/* strength from evidence. Not collective. */
void dsep_intervened_measure(dsep_intervened *fit);

#endif
