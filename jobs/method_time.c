#include "jobs/method_time.h"

#include "jobs/time_sample.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/bge.h"
#include "solvers/continuous.h"
#include "solvers/exact.h"
#include "solvers/ica_lingam.h"
#include "solvers/lingam.h"
#include "solvers/var_lingam.h"

#include <math.h>
#include <stdlib.h>

/* Columns of a sample, and its rows. */
enum { LINGAM = 100, ICA = 32, VAR = 48, EXACT = 15, FEWER = 3, WEIGHTED = 50, ROWS = 1500 };

/* How pairs that DirectLiNGAM evaluates, and regressions on those before and on lags, grow with the
 * number of variables: measured from 50 to 400 of them (docs/performance.md). */
static const double PAIRS = 2.5, REGRESSIONS = 3;

/* How a whole optimisation grows: measured from 50 to 400 variables; beyond, products alone. */
static const double WEIGHTS = 2.7, MANY = 400;

/* The least growth of the posterior with a variable that is believed; what larger tables of sets,
 * which no cache holds, add to it. */
static const double LEAST_GROWTH = 2.4, UNCACHED = 1.06;

/* Seconds to draw and place a value of a replicate's table. */
static const double DRAWN = 5e-9;

typedef struct {
    const dsep_discover_settings *settings;
    const dsep_table *table; /* the whole */
    dsep_method_seconds *seconds;
} timing;

/* How many times more rows and columns the table has. */
static double more_rows(const timing *t, const dsep_table *sample) {
    return (double)t->table->n_samples / (double)sample->n_samples;
}

static double more_columns(const timing *t, const dsep_table *sample) {
    return (double)t->table->n_variables / (double)sample->n_variables;
}

/* --- LiNGAM ---------------------------------------------------------------------------------- */

/* Seconds of the order and of the coefficients. */
static int time_direct(dsep_context *own, const timing *t, const dsep_table *sample, double *order,
                       double *fit) {
    int code = DSEP_OK;
    dsep_lingam *direct = NULL, *again = NULL;
    const dsep_lingam_pruning pruning = (dsep_lingam_pruning)t->settings->lingam.pruning;
    const double began = dsep_clock_worked();
    DSEP_TRY(dsep_lingam_direct(own, sample, pruning, &direct));
    const double found = dsep_clock_worked();
    DSEP_TRY(dsep_lingam_ordered(own, sample, direct->order, pruning, &again));
    *fit = dsep_clock_worked() - found;
    *order = fmax(0, found - began - *fit);
cleanup:
    dsep_lingam_destroy(&direct);
    dsep_lingam_destroy(&again);
    return code;
}

static int time_lingam(dsep_context *own, const timing *t, const dsep_table *sample) {
    double order = 0, fit = 0;
    const double p = more_columns(t, sample);
    const int code = time_direct(own, t, sample, &order, &fit);
    t->seconds->shared = order * pow(p, PAIRS) * more_rows(t, sample) + fit * pow(p, REGRESSIONS);
    return code;
}

/* Rank 0 finds the components: rows times columns squared an iteration and start, as many
 * iterations as in the sample. */
static int time_ica(dsep_context *own, const timing *t, const dsep_table *sample) {
    int code = DSEP_OK;
    dsep_ica_lingam_outcome outcome;
    dsep_lingam *fitted = NULL;
    const double p = more_columns(t, sample);
    int64_t *order = dsep_array(sample->n_variables, sizeof *order);
    if (!order)
        DSEP_TRY(dsep_out_of_memory(dsep_context_error(own), "an order"));
    const double began = dsep_clock_worked();
    DSEP_TRY(
        dsep_ica_lingam_order(own, sample, (uint64_t)t->settings->common.seed, 1, order, &outcome));
    const double found = dsep_clock_worked();
    DSEP_TRY(dsep_lingam_ordered(own, sample, order,
                                 (dsep_lingam_pruning)t->settings->lingam.pruning, &fitted));
    t->seconds->shared = (dsep_clock_worked() - found) * pow(p, REGRESSIONS);
    t->seconds->alone =
        (double)t->settings->lingam.starts * (found - began) * p * p * more_rows(t, sample);
cleanup:
    dsep_lingam_destroy(&fitted);
    free(order);
    return code;
}

/* An order as of DirectLiNGAM, the rest are regressions on lags. */
static int time_var(dsep_context *own, const timing *t, const dsep_table *sample) {
    int code = DSEP_OK;
    double order = 0, fit = 0;
    dsep_var_lingam *fitted = NULL;
    const dsep_lingam_options *options = &t->settings->lingam;
    const double p = more_columns(t, sample), n = more_rows(t, sample);
    const double began = dsep_clock_worked();
    DSEP_TRY(dsep_var_lingam_fit(own, sample, options->lags, options->max_lags,
                                 (dsep_lingam_pruning)options->pruning, &fitted));
    const double all = dsep_clock_worked() - began;
    DSEP_TRY(time_direct(own, t, sample, &order, &fit));
    t->seconds->shared =
        order * pow(p, PAIRS) * n + fmax(0, all - order) * fmax(pow(p, REGRESSIONS), p * p * n);
cleanup:
    dsep_var_lingam_destroy(&fitted);
    return code;
}

/* --- exact ----------------------------------------------------------------------------------- */

/* Seconds of the scores and of the posterior of the first p variables. */
static int time_first(dsep_context *own, const timing *t, const double *correlation, int p,
                      double *scores, double *posterior) {
    int code = DSEP_OK;
    dsep_bge *bge = NULL;
    dsep_parent_sums *sums = NULL;
    dsep_exact *exact = NULL;
    const double began = dsep_clock_worked();
    DSEP_TRY(dsep_bge_create(own, t->table->n_samples, p, correlation, &bge));
    DSEP_TRY(dsep_parent_sums_create(own, p, dsep_bge_score, bge, &sums));
    const double scored = dsep_clock_worked();
    DSEP_TRY(dsep_exact_create(own, sums, NULL, NULL, &exact));
    *scores = scored - began;
    *posterior = dsep_clock_worked() - scored;
cleanup:
    dsep_exact_destroy(&exact);
    dsep_parent_sums_destroy(&sums);
    dsep_bge_destroy(&bge);
    return code;
}

/* Scores are of each variable and set. Of the posterior's 3^p terms those that are too small are
 * left out, by an ever larger share: how its time grows is seen between two samples. */
static int time_exact(dsep_context *own, const timing *t, const dsep_table *sample) {
    int code = DSEP_OK;
    const int p = (int)sample->n_variables, less = p - FEWER;
    const double more = (double)(t->table->n_variables - p);
    double scores = 0, posterior = 0, before = 0, part[EXACT * EXACT], unused, growth = 3;
    dsep_correlation *correlation = NULL;
    DSEP_TRY(dsep_correlation_create(own, sample, 1, &correlation));
    DSEP_TRY(time_first(own, t, correlation->values, p, &scores, &posterior));
    if (more > 0) {
        for (int i = 0; i < less * less; i++)
            part[i] = correlation->values[i / less * p + i % less];
        DSEP_TRY(time_first(own, t, part, less, &unused, &before));
        growth = fmin(3, fmax(LEAST_GROWTH, UNCACHED * pow(posterior / before, 1. / FEWER)));
    }
    t->seconds->shared =
        scores * pow(2, more) * pow(more_columns(t, sample), 2) + posterior * pow(growth, more);
cleanup:
    dsep_correlation_destroy(&correlation);
    return code;
}

/* --- continuous optimisation ----------------------------------------------------------------- */

/* Iterations grow with the variables, too, by how much is known only when they are over. */
static int time_continuous(dsep_context *own, const timing *t, const dsep_table *sample) {
    int code = DSEP_OK;
    dsep_correlation *correlation = NULL;
    dsep_continuous *result = NULL;
    const dsep_continuous_options *options = &t->settings->continuous;
    const int dagma = t->settings->method == DSEP_METHOD_DAGMA;
    const double p = (double)t->table->n_variables, few = (double)sample->n_variables;
    const dsep_continuous_settings settings = {.kind = dagma ? DSEP_ACYCLIC_LOGDET
                                                             : DSEP_ACYCLIC_EXPONENTIAL,
                                               .raw = options->raw,
                                               .lambda = options->lambda,
                                               .threshold = options->threshold,
                                               .tolerance = 1e-5,
                                               .max_iterations = options->max_iterations};
    DSEP_TRY(dsep_correlation_create(own, sample, 1, &correlation));
    const double began = dsep_clock_worked();
    DSEP_TRY(dsep_continuous_run(own, correlation, &settings, &result));
    t->seconds->shared = (dsep_clock_worked() - began) * pow(fmin(p, MANY) / few, WEIGHTS) *
                         pow(fmax(p / fmax(few, MANY), 1), 3);
cleanup:
    dsep_continuous_destroy(&result);
    dsep_correlation_destroy(&correlation);
    return code;
}

/* --- each method's sample -------------------------------------------------------------------- */

typedef struct {
    int64_t columns, rows; /* of each environment where there are several */
    int (*run)(dsep_context *own, const timing *t, const dsep_table *sample);
} probe;

/* As large as a second or two allow; more rows than regressions have predictors. */
static probe probe_of(const timing *t) {
    const int64_t p = t->table->n_variables, lags = t->settings->lingam.lags;
    const int64_t most = lags ? lags : t->settings->lingam.max_lags;
    probe made = {0};
    switch ((dsep_method)t->settings->method) {
    case DSEP_METHOD_LINGAM:
        made = (probe){LINGAM, LINGAM + 2, time_lingam};
        break;
    case DSEP_METHOD_ICA_LINGAM: /* as many rows a column as in the table */
        made = (probe){ICA, p > ICA ? t->table->n_samples * ICA / p : ROWS, time_ica};
        break;
    case DSEP_METHOD_VAR_LINGAM:
        made = (probe){VAR, VAR * (most + 1) + most + 2, time_var};
        break;
    case DSEP_METHOD_EXACT:
        made = (probe){EXACT, 2, time_exact};
        break;
    case DSEP_METHOD_DAGMA:
    case DSEP_METHOD_NOTEARS:
        made = (probe){WEIGHTED, 4, time_continuous};
        break;
    case DSEP_METHOD_PC:
        break;
    }
    return made;
}

int dsep_method_time(dsep_context *ctx, const dsep_discover_settings *settings,
                     const dsep_table *table, dsep_method_seconds *seconds) {
    int code = DSEP_OK;
    dsep_groups *groups = NULL;
    dsep_table *sample = NULL;
    const timing t = {settings, table, seconds};
    const probe p = probe_of(&t);
    DSEP_TRY(dsep_groups_create(ctx, 1, &groups));
    dsep_context *own = dsep_groups_context(groups);
    DSEP_TRY(dsep_time_sample(ctx, own, table, p.columns, ROWS, p.rows, &sample));
    *seconds = (dsep_method_seconds){0};
    if (p.run(own, &t, sample))
        seconds->shared = INFINITY;
    seconds->unit = seconds->alone + seconds->shared +
                    DRAWN * (double)table->n_samples * (double)table->n_variables;
    dsep_max_f64(ctx, &seconds->alone, 3);
cleanup:
    dsep_table_destroy(&sample);
    dsep_groups_destroy(&groups);
    return code;
}
