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
    DSEP_INTERVENED_SINGULAR     /* an environment tells nothing that others do not tell */
} dsep_intervened_reason;

typedef struct {
    dsep_representation *representation; /* order 0 .. d - 1; the largest entry of a row of H is 1;
                                          * B of environment k is that of the observational one but
                                          * for the row of its target */
    int64_t *environment;                /* [d] who intervenes on factor i */
    double *rank_one;  /* [d] s1^2 / sum s^2 of what the method takes factor i from */
    double *left;      /* [d] its norm, over that before other factors were taken out */
    double *pruning;   /* [d x d] row: factor, column: factor before it, the same ratio with that
                        * one not taken out; NaN elsewhere and for methods without */
    double *strength;  /* [d x d] row = effect, column = cause, as in the observational
                        * environment: change of the effect, in units of its own noise, with one
                        * standard deviation of the cause; signed where the method tells */
    uint8_t *ancestor; /* [d x d] row = effect: whether the method's own rule keeps the cause */
    int64_t width;     /* numbers behind a strength */
    double *evidence;  /* [d x d x width] strength is their norm */
    dsep_intervened_reason reason;
    char text[256]; /* the reason for people; empty where nothing is wrong */
} dsep_intervened;

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

/* An empty one, for methods. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_intervened_create(const dsep_precisions *precisions, int64_t width, dsep_error *error,
                           dsep_intervened **fit);

/* Frees it and sets *fit to NULL; accepts NULL. Not collective. */
void dsep_intervened_destroy(dsep_intervened **fit);

/* How many numbers a replicate gives: 2 + 2 d^2. Not collective. */
int64_t dsep_intervened_values(int64_t n_factors);

/* One bootstrap replicate, aligned to the fit. Not collective. values [2 + 2 d^2]: whether it could
 * be fitted without a reason (the rest is NaN where it could not be fitted at all); whether its
 * order of factors agrees with the fit's ancestors; strengths [d x d]; distances of the evidence
 * from the fit's [d x d]. Errors: DSEP_ERROR_RESOURCES. Cost: n d^2 flops and a fit. */
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

#endif
