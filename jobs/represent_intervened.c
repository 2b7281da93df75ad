/* represent --method interventional and lscale: factors known by the interventions on them. */
#include "jobs/represent_run.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/intervened.h"
#include "solvers/scalapack.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char STRENGTH[] = "strength: change of the effect, in units of its noise, with one "
                               "standard deviation of the cause";

struct dsep_represent_work {
    dsep_precisions *precisions;
    dsep_intervened *fit;
    dsep_intervened_settings settings;
    dsep_intervened_edges *edges; /* NULL without replicates */
};

static int64_t observational(const dsep_represent_run *run) {
    const char *label = run->settings->interventions.observational;
    return label ? dsep_represent_find(run, label) : 0;
}

static int check(dsep_context *ctx, const dsep_represent_run *run) {
    const int64_t d = run->settings->factors, k = run->n_environments;
    const int exact = run->settings->method == DSEP_REPRESENT_LSCALE;
    if (observational(run) < 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "--observational %s is none of the environments; the first of them is "
                         "'%s'",
                         run->settings->interventions.observational, run->labels[0]);
    if (k < d + 1 || (exact && k > d + 1))
        return dsep_fail(ctx, DSEP_ERROR_DATA,
                         "%" PRId64 " factors need %s%" PRId64
                         " environments, an observational one and one with an intervention on each "
                         "factor, and there are %" PRId64
                         ": choose another --factors, or others with --environments",
                         d, exact ? "" : "at least ", d + 1, k);
    return DSEP_OK;
}

/* --- the fit --------------------------------------------------------------------------------- */

static void tell_reason(dsep_represent_run *run, const struct dsep_represent_work *work) {
    const dsep_intervened *fit = work->fit;
    size_t length = (size_t)snprintf(run->reason, sizeof run->reason, "%s",
                                     dsep_intervened_reason_text(fit->reason));
    for (int i = 0; i < 2 && length < sizeof run->reason; i++)
        if (fit->reason != DSEP_INTERVENED_FOUND && fit->concerned[i] >= 0)
            length += (size_t)snprintf(run->reason + length, sizeof run->reason - length, "%s'%s'",
                                       i ? ", " : ": ", run->labels[fit->concerned[i]]);
}

static int fit(dsep_context *ctx, dsep_represent_run *run) {
    int code = DSEP_OK;
    const dsep_represent_settings *s = run->settings;
    struct dsep_represent_work *work = run->work = dsep_array(1, sizeof *work);
    DSEP_AGREE(ctx, work ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a fit"));
    work->settings = dsep_intervened_defaults(
        s->method == DSEP_REPRESENT_LSCALE ? DSEP_METHOD_LSCALE : DSEP_METHOD_DISENTANGLE);
    work->settings.gamma = s->pruning.threshold;
    work->settings.hard = !s->lscale.soft;
    DSEP_TRY(dsep_precisions_of_environments(ctx, run->environments, observational(run), s->factors,
                                             DSEP_GRID_FROM, &work->precisions));
    DSEP_AGREE(ctx, dsep_intervened_fit(work->precisions, &work->settings, dsep_context_error(ctx),
                                        &work->fit));
    run->fit = work->fit->representation;
    run->n_units = s->replicates;
    run->n_values = dsep_intervened_values(s->factors);
    tell_reason(run, work);
cleanup:
    return code;
}

static void release(dsep_represent_run *run) {
    if (!run->work)
        return;
    dsep_intervened_edges_destroy(&run->work->edges);
    dsep_intervened_destroy(&run->work->fit);
    dsep_precisions_destroy(&run->work->precisions);
    free(run->work);
    run->work = NULL;
}

static int unit(const dsep_represent_run *run, int64_t which, dsep_error *error, double *values) {
    const struct dsep_represent_work *work = run->work;
    return dsep_intervened_replicate(work->precisions, work->fit, &work->settings,
                                     (uint64_t)run->settings->common.seed, which, error, values);
}

/* --- what the replicates say ----------------------------------------------------------------- */

/* Rows of the replicates that are done, one after another; NULL without memory. */
static double *gather_done(const dsep_represent_run *run, int64_t *count) {
    const dsep_campaign *c = run->campaign;
    double *rows = dsep_array(c->n_done * run->n_values, sizeof *rows);
    *count = 0;
    for (int64_t u = 0; u < run->n_units && rows; u++)
        for (int64_t i = 0; i < run->n_values && c->done[u]; i++)
            rows[(*count)++] = c->values[u * run->n_values + i];
    *count /= run->n_values;
    return rows;
}

/* Causes come before their effects in the order of the fit. */
static int put_edges(dsep_represent_run *run, dsep_error *error) {
    const struct dsep_represent_work *work = run->work;
    const dsep_intervened_edges *judged = work->edges;
    const int64_t d = run->fit->n_factors;
    run->edges = dsep_array(d * d, sizeof *run->edges);
    if (!run->edges)
        return dsep_out_of_memory(error, "the edges of factors");
    for (int64_t effect = 0; effect < d; effect++)
        for (int64_t cause = 0; cause < effect; cause++) {
            const int64_t at = effect * d + cause;
            if (judged ? judged->edge[at] : work->fit->ancestor[at])
                run->edges[run->n_edges++] = (dsep_factor_edge){cause,
                                                                effect,
                                                                work->fit->strength[at],
                                                                judged ? judged->low[at] : NAN,
                                                                judged ? judged->high[at] : NAN,
                                                                work->precisions->observational};
        }
    return DSEP_OK;
}

static int judge(dsep_context *ctx, dsep_represent_run *run) {
    int mine = DSEP_OK;
    int64_t count = 0;
    double *rows = NULL;
    dsep_error *error = dsep_context_error(ctx);
    if (run->campaign && run->campaign->n_done > 1) {
        rows = gather_done(run, &count);
        mine = rows ? dsep_intervened_judge(run->work->fit, rows, count, run->settings->confidence,
                                            error, &run->work->edges)
                    : dsep_out_of_memory(error, "the replicates");
    }
    if (!mine)
        mine = put_edges(run, error);
    free(rows);
    return dsep_agree(ctx, mine);
}

/* --- the file -------------------------------------------------------------------------------- */

static int write_factors(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run) {
    int code = DSEP_OK;
    const dsep_block mine = dsep_whole_on_zero(ctx, run->fit->n_factors);
    DSEP_TRY(dsep_h5write_column(file, "rank_one", DSEP_H5_DOUBLE, mine, run->work->fit->rank_one));
    DSEP_TRY(dsep_h5write_column(file, "left", DSEP_H5_DOUBLE, mine, run->work->fit->left));
cleanup:
    return code;
}

static int write_environments(dsep_context *ctx, dsep_h5write *file,
                              const dsep_represent_run *run) {
    (void)ctx, (void)file, (void)run;
    return DSEP_OK;
}

static int write_judged(dsep_context *ctx, dsep_h5write *file, const dsep_intervened_edges *e) {
    static const char *const at = "/representation";
    int code = DSEP_OK;
    const int64_t d = e->n_factors, square[4] = {d, d};
    dsep_h5write_attribute_integer(file, at, "replicates_fitted", e->n_fitted);
    dsep_h5write_attribute_real(file, at, "replicates_agreeing", e->agreeing);
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/strength_threshold", DSEP_H5_DOUBLE,
                              square, e->threshold));
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/strength_share", DSEP_H5_DOUBLE, square,
                              e->share));
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/strength_lowest", DSEP_H5_DOUBLE, square,
                              e->low));
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/strength_highest", DSEP_H5_DOUBLE, square,
                              e->high));
cleanup:
    return code;
}

static int write(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run) {
    static const char *const at = "/representation";
    int code = DSEP_OK;
    const struct dsep_represent_work *work = run->work;
    const int64_t d = run->fit->n_factors;
    dsep_h5write_attribute_text(file, at, "linear_algebra", work->precisions->arithmetic);
    dsep_h5write_attribute_integer(file, at, "replicates",
                                   run->campaign ? run->campaign->n_done : 0);
    dsep_h5write_attribute_text(file, at, "observational",
                                run->labels[work->precisions->observational]);
    dsep_h5write_attribute_real(file, at, "spill", work->fit->spill);
    dsep_h5write_attribute_real(file, at, "kept", work->precisions->kept);
    dsep_h5write_attribute_real(file, at, "gap", work->precisions->gap);
    DSEP_TRY(dsep_whole_array(ctx, file, "/representation/strength", DSEP_H5_DOUBLE,
                              (int64_t[4]){d, d}, work->fit->strength));
    if (work->edges)
        DSEP_TRY(write_judged(ctx, file, work->edges));
cleanup:
    return code;
}

const dsep_represent_method dsep_represent_method_interventional = {
    .name = "interventional",
    .weight = STRENGTH,
    .check = check,
    .fit = fit,
    .unit = unit,
    .judge = judge,
    .write_factors = write_factors,
    .write_environments = write_environments,
    .write = write,
    .release = release,
};

const dsep_represent_method dsep_represent_method_lscale = {
    .name = "lscale",
    .weight = STRENGTH,
    .check = check,
    .fit = fit,
    .unit = unit,
    .judge = judge,
    .write_factors = write_factors,
    .write_environments = write_environments,
    .write = write,
    .release = release,
};
