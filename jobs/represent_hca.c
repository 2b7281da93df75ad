/* represent --method hca: bootstrap replicates come first among the units, null draws after them.
 */
#include "jobs/represent_run.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/hca.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 5 };
static const double null_levels[LEVELS] = {0.05, 0.25, 0.5, 0.75, 0.95};

struct dsep_represent_work {
    dsep_hca *fit;
    int64_t done, fitted, converged; /* replicates */
    int64_t null_done, null_below;   /* null draws; those with a MIC as low as the fit's */
    double mic_interval[2], mic_null[LEVELS];
    double *interval; /* [K x d x d x 2] of weights; NULL without replicates */
};

static int check(dsep_context *ctx, const dsep_represent_run *run) {
    (void)ctx, (void)run;
    return DSEP_OK;
}

/* --- the fit --------------------------------------------------------------------------------- */

static void tell_convergence(dsep_represent_run *run, const dsep_hca *fit) {
    for (int64_t e = 0; e < fit->n_environments; e++) {
        const size_t length = strlen(run->reason);
        if (!fit->converged[e])
            snprintf(run->reason + length, sizeof run->reason - length, "%s'%.48s'",
                     length ? ", " : "FastICA did not converge in environment ", run->labels[e]);
    }
    const size_t length = strlen(run->reason);
    if (length > 0)
        snprintf(run->reason + length, sizeof run->reason - length,
                 ": raise --max-iterations or --tolerance, or try another --contrast");
}

static int fit(dsep_context *ctx, dsep_represent_run *run) {
    int code = DSEP_OK;
    const dsep_represent_settings *s = run->settings;
    dsep_hca_settings settings;
    dsep_hca_default_settings(&settings);
    settings.n_factors = s->factors;
    settings.n_min = s->min_rows;
    settings.ica.contrast = (dsep_contrast)s->hca.contrast;
    settings.ica.tolerance = s->hca.tolerance;
    settings.ica.max_iterations = s->hca.max_iterations;
    settings.starts = s->hca.starts;
    settings.seed = (uint64_t)s->common.seed;
    struct dsep_represent_work *work = run->work = dsep_array(1, sizeof *work);
    DSEP_AGREE(ctx, work ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a fit"));
    DSEP_TRY(dsep_hca_fit(ctx, run->environments, (const char *const *)run->labels, &settings,
                          &work->fit));
    run->fit = work->fit->representation;
    run->n_units = s->replicates + s->hca.null_draws;
    run->n_values = dsep_hca_values(work->fit);
    tell_convergence(run, work->fit);
    dsep_log_line(ctx, "MIC %.6g after %lld orders of rows%s", work->fit->mic,
                  (long long)work->fit->judged, work->fit->exhaustive ? ", all there are" : "");
cleanup:
    return code;
}

static void release(dsep_represent_run *run) {
    if (!run->work)
        return;
    dsep_hca_destroy(&run->work->fit);
    free(run->work->interval);
    free(run->work);
    run->work = NULL;
}

static int unit(const dsep_represent_run *run, int64_t which, dsep_error *error, double *values) {
    const int64_t replicates = run->settings->replicates;
    return which < replicates ? dsep_hca_bootstrap(run->work->fit, which, error, values)
                              : dsep_hca_null(run->work->fit, which - replicates, error, values);
}

/* --- what the units say ---------------------------------------------------------------------- */

static void count_units(const dsep_represent_run *run, struct dsep_represent_work *work) {
    const dsep_campaign *c = run->campaign;
    for (int64_t u = 0; u < run->n_units; u++) {
        const double *values = c->values + u * run->n_values;
        if (!c->done[u])
            continue;
        if (u < run->settings->replicates) {
            work->done++;
            work->fitted += !isnan(values[DSEP_HCA_MIC]);
            work->converged += values[DSEP_HCA_CONVERGED] == 1;
        } else {
            work->null_done++;
            work->null_below += values[DSEP_HCA_MIC] <= work->fit->mic;
        }
    }
}

static void judge_mic(const dsep_represent_run *run, struct dsep_represent_work *work,
                      double *room) {
    const int64_t replicates = run->settings->replicates, n = run->n_values;
    const double tail = (1 - run->settings->confidence) / 2, *values = run->campaign->values;
    for (int side = 0; side < 2; side++)
        work->mic_interval[side] = dsep_represent_quantile(values + DSEP_HCA_MIC, replicates, n,
                                                           side ? 1 - tail : tail, room);
    for (int i = 0; i < LEVELS; i++)
        work->mic_null[i] =
            dsep_represent_quantile(values + replicates * n + DSEP_HCA_MIC,
                                    run->n_units - replicates, n, null_levels[i], room);
}

static void judge_weights(const dsep_represent_run *run, struct dsep_represent_work *work,
                          double *room) {
    const int64_t k = run->fit->n_environments, d = run->fit->n_factors;
    const double tail = (1 - run->settings->confidence) / 2;
    const double *values = run->campaign->values + DSEP_HCA_IC + k;
    for (int64_t i = 0; i < k * d * d; i++)
        for (int side = 0; side < 2; side++)
            work->interval[2 * i + side] = dsep_represent_quantile(
                values + i, run->settings->replicates, run->n_values, side ? 1 - tail : tail, room);
}

/* Of a pair of factors the weight of largest size among the environments whose interval excludes
 * 0; 0 where there is none. */
static dsep_factor_edge judge_pair(const dsep_represent_run *run, const double *interval,
                                   int64_t cause, int64_t effect) {
    const dsep_representation *r = run->fit;
    const int64_t d = r->n_factors;
    dsep_factor_edge edge = {cause, effect, 0, NAN, NAN, 0};
    for (int64_t k = 0; k < r->n_environments; k++) {
        const int64_t at = (k * d + effect) * d + cause;
        const double low = interval[2 * at], high = interval[2 * at + 1];
        if ((low > 0 || high < 0) && fabs(r->weight[at]) > fabs(edge.weight))
            edge = (dsep_factor_edge){cause, effect, r->weight[at], low, high, k};
    }
    return edge;
}

static int judge_edges(dsep_represent_run *run, dsep_error *error) {
    const dsep_representation *r = run->fit;
    const int64_t d = r->n_factors;
    run->edges = dsep_array(d * d, sizeof *run->edges);
    if (!run->edges)
        return dsep_out_of_memory(error, "the edges of factors");
    for (int64_t before = 0; before < d; before++)
        for (int64_t after = before + 1; after < d; after++) {
            const dsep_factor_edge edge =
                judge_pair(run, run->work->interval, r->order[before], r->order[after]);
            if (edge.weight != 0)
                run->edges[run->n_edges++] = edge;
        }
    return DSEP_OK;
}

static int judge(dsep_context *ctx, dsep_represent_run *run) {
    int mine = DSEP_OK;
    struct dsep_represent_work *work = run->work;
    const int64_t k = run->fit->n_environments, d = run->fit->n_factors;
    dsep_error *error = dsep_context_error(ctx);
    double *room = dsep_array(run->n_units, sizeof *room);
    if (run->campaign && room) {
        count_units(run, work);
        judge_mic(run, work, room);
    }
    if (work->fitted > 1)
        work->interval = dsep_array(2 * k * d * d, sizeof *work->interval);
    if (!room || (work->fitted > 1 && !work->interval))
        mine = dsep_out_of_memory(error, "intervals");
    else if (work->interval)
        judge_weights(run, work, room);
    if (!mine)
        mine = work->interval ? judge_edges(run, error)
                              : dsep_factor_edges(run->fit, error, &run->edges, &run->n_edges);
    free(room);
    return dsep_agree(ctx, mine);
}

/* --- the file -------------------------------------------------------------------------------- */

static int write_factors(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run) {
    int code = DSEP_OK;
    const dsep_hca *fit = run->work->fit;
    const dsep_block mine = dsep_whole_on_zero(ctx, fit->n_factors);
    DSEP_TRY(dsep_h5write_column(file, "named_alone", DSEP_H5_DOUBLE, mine, fit->named_alone));
    DSEP_TRY(dsep_h5write_column(file, "diagnostic", DSEP_H5_DOUBLE, mine, fit->diagnostic));
cleanup:
    return code;
}

static int write_environments(dsep_context *ctx, dsep_h5write *file,
                              const dsep_represent_run *run) {
    int code = DSEP_OK;
    const dsep_hca *fit = run->work->fit;
    const dsep_block mine = dsep_whole_on_zero(ctx, fit->n_environments);
    DSEP_TRY(dsep_h5write_column(file, "ic", DSEP_H5_DOUBLE, mine, fit->ic));
    DSEP_TRY(dsep_h5write_column(file, "explained", DSEP_H5_DOUBLE, mine, fit->explained));
    DSEP_TRY(dsep_h5write_column(file, "ica_iterations", DSEP_H5_INT64, mine, fit->iterations));
    DSEP_TRY(dsep_h5write_column(file, "converged", DSEP_H5_INT8, mine, fit->converged));
cleanup:
    return code;
}

static void write_attributes(dsep_h5write *file, const dsep_represent_run *run) {
    static const char *const at = "/representation";
    const struct dsep_represent_work *work = run->work;
    dsep_h5write_attribute_real(file, at, "mic", work->fit->mic);
    dsep_h5write_attribute_real(file, at, "sum_ic", work->fit->sum_ic);
    dsep_h5write_attribute_integer(file, at, "judged", work->fit->judged);
    dsep_h5write_attribute_integer(file, at, "exhaustive", work->fit->exhaustive);
    dsep_h5write_attribute_integer(file, at, "replicates", work->done);
    dsep_h5write_attribute_integer(file, at, "replicates_fitted", work->fitted);
    dsep_h5write_attribute_integer(file, at, "replicates_converged", work->converged);
    dsep_h5write_attribute_integer(file, at, "null_draws", work->null_done);
    if (work->null_done > 0) {
        dsep_h5write_attribute_integer(file, at, "null_as_low", work->null_below);
        dsep_h5write_attribute_real(file, at, "mic_p_value",
                                    (1 + (double)work->null_below) / (1 + (double)work->null_done));
    }
}

static int write(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run) {
    int code = DSEP_OK;
    const struct dsep_represent_work *work = run->work;
    const dsep_hca *fit = work->fit;
    const int64_t k = fit->n_environments, d = fit->n_factors;
    dsep_h5write_attribute_text(file, "/representation", "linear_algebra", fit->arithmetic);
    write_attributes(file, run);
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/screening", DSEP_H5_DOUBLE,
                              (int64_t[4]){k, k}, fit->screening));
    if (work->interval) {
        DSEP_TRY(dsep_whole_array(ctx, file, "/representation/mic_interval", DSEP_H5_DOUBLE,
                                  (int64_t[4]){2}, work->mic_interval));
        DSEP_TRY(dsep_whole_array(ctx, file, "/representation/weights_interval", DSEP_H5_DOUBLE,
                                  (int64_t[4]){k, d, d, 2}, work->interval));
    }
    if (work->null_done > 0) {
        DSEP_TRY(dsep_whole_array(ctx, file, "/representation/mic_null", DSEP_H5_DOUBLE,
                                  (int64_t[4]){LEVELS}, work->mic_null));
        DSEP_TRY(dsep_whole_array(ctx, file, "/representation/mic_null_levels", DSEP_H5_DOUBLE,
                                  (int64_t[4]){LEVELS}, null_levels));
    }
cleanup:
    return code;
}

const dsep_represent_method dsep_represent_method_hca = {
    .name = "hca",
    .weight = "weight: that of largest size over environments",
    .check = check,
    .fit = fit,
    .unit = unit,
    .judge = judge,
    .write_factors = write_factors,
    .write_environments = write_environments,
    .write = write,
    .release = release,
};
