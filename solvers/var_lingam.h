/* VAR-LiNGAM: a vector autoregression whose disturbances are a linear non-Gaussian acyclic model,
 *   x(t) = B_0 x(t) + B_1 x(t-1) + ... + B_L x(t-L) + constant + e(t).
 *
 * Hyvarinen, Zhang, Shimizu & Hoyer 2010, JMLR 11:1709: M_l by least squares, the order from the
 * residuals, B_l = (I - B_0) M_l; the regression of x(t) on what comes before it in the order and
 * on all lags gives the same B at once, and is what is pruned. */
#ifndef DSEP_SOLVERS_VAR_LINGAM_H
#define DSEP_SOLVERS_VAR_LINGAM_H

#include "solvers/lingam.h"

typedef struct {
    int64_t n_variables, lags;
    int64_t *order;  /* [n_variables] causes before effects at one time */
    const double *b; /* [lags + 1 x n_variables x n_variables] row = effect, column = cause;
                      * node-shared */
    double *bic;     /* [most] of 1 .. most lags where the lag was chosen, else NULL */
    int64_t most;
    dsep_shared *memory;
    dsep_lingam_effort effort;
} dsep_var_lingam;

/* Fits a table whose rows are times, oldest first. Collective.
 * lags: how many, or 0 for those with the least BIC of 1 .. most, judged on the rows that all of
 * them have: log det S + log(n) / n (lags p^2 + p), S with divisor n (Lutkepohl 2005, section 4.3).
 * Errors: DSEP_ERROR_DATA for too few rows, environments, rows that were dropped, constant columns
 * and linear combinations; DSEP_ERROR_RESOURCES; agreed. Cost: correlations of (lags + 1) p
 * columns, then as dsep_lingam_direct(). Reproducibility: class B. Owner of *made: the caller.
 * Shown by tests/oracle/lingam_references.sh. */
int dsep_var_lingam_fit(dsep_context *ctx, const dsep_table *table, int64_t lags, int64_t most,
                        dsep_lingam_pruning pruning, dsep_var_lingam **made);

/* The same with given lags, >= 1, on times that were drawn: time[k] [count], 0 .. n_samples - lags
 * - 1, stands for the rows time[k] .. time[k] + lags, so that every time keeps the ones before it;
 * any may come more than once. Collective; the same times on every rank. Errors, cost: as above. */
int dsep_var_lingam_fit_drawn(dsep_context *ctx, const dsep_table *table, int64_t lags,
                              const int32_t *time, int64_t count, dsep_lingam_pruning pruning,
                              dsep_var_lingam **made);

/* Bytes a node needs beside the table. Not collective. */
int64_t dsep_var_lingam_bytes(int64_t n_samples, int64_t n_variables, int64_t lags);

/* Frees it and sets *fitted to NULL; accepts NULL. Collective. */
void dsep_var_lingam_destroy(dsep_var_lingam **fitted);

#endif
