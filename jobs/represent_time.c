#include "jobs/method_time.h"
#include "jobs/time_sample.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/whitening.h"

#include <math.h>
#include <stdlib.h>

/* A sample: eigenproblems of this order in so many environments, or smaller ones in more; rows of
 * all of them; what d^4 K^3 of hca's search may be (d factors, K environments). */
enum { ORDER = 256, PROBLEMS = 12, ROWS = 20000, SEARCH = 8 * 8 * 8 * 8 * 12 * 12 * 12 };

/* How hca's search and the descent of a replicate grow with the number of environments: measured
 * from 5 to 20 of them (docs/performance.md). */
static const double SEARCHING = 3, DESCENDING = 2.5;

/* Large eigenproblems run nearer to the processor's rate than a sample's: the power of how many
 * times more work they are, measured at orders of 800 and 1,500. */
static const double CUBIC = .87;

static const dsep_represent_method *const methods[] = {&dsep_represent_method_hca,
                                                       &dsep_represent_method_interventional,
                                                       &dsep_represent_method_lscale};

/* The whole, a sample of it, and by how much the parts of its cost are smaller. */
typedef struct {
    const dsep_represent_run *run;
    dsep_represent_run sample;
    int64_t columns, *rows; /* [environments of the sample] */
    double linear, cubic;   /* rows; principal directions */
} reduced;

/* --- the sample ------------------------------------------------------------------------------ */

static int64_t at_least(double value, int64_t least, int64_t most) {
    const int64_t wanted = (int64_t)ceil(value);
    return wanted >= most || least >= most ? most : wanted < least ? least : wanted;
}

/* Of the principal directions of rows of so many variables, relative: products run some eight times
 * as fast as what follows. */
static double directions(const dsep_represent_run *run, double rows, double columns) {
    const int hca = run->settings->method == DSEP_REPRESENT_HCA;
    const double order = hca && rows < columns ? rows : columns;
    return order * order * fmax(rows, columns) / 8 + order * order * order;
}

static void choose(reduced *r) {
    const dsep_represent_run *run = r->run;
    const dsep_represent_settings *s = run->settings;
    const double d = (double)s->factors, p = (double)run->environments->n_variables;
    const int64_t least = s->factors + 2 > s->min_rows ? s->factors + 2 : s->min_rows;
    int64_t count = run->n_environments;
    double orders = 0, all = 0, part = 0, rows = 0;
    if (s->method == DSEP_REPRESENT_HCA)
        count = at_least(cbrt(SEARCH / (d * d * d * d)), 2, count);
    for (int64_t e = 0; e < count; e++) {
        orders += directions(run, (double)run->rows[e], p);
        rows += (double)run->rows[e];
    }
    const double share = fmin(1, cbrt(PROBLEMS * 9. / 8 * ORDER * ORDER * ORDER / orders));
    r->columns = at_least(share * p, s->factors + 2, run->environments->n_variables);
    r->sample.n_environments = count;
    r->sample.n_rows = 0;
    for (int64_t e = 0; e < count; e++) {
        r->rows[e] = at_least(fmin(share, ROWS / rows) * (double)run->rows[e], least, run->rows[e]);
        r->sample.n_rows += r->rows[e];
        part += directions(run, (double)r->rows[e], (double)r->columns);
    }
    for (int64_t e = 0; e < run->n_environments; e++)
        all += directions(run, (double)run->rows[e], p);
    r->linear = (double)run->n_rows / (double)r->sample.n_rows;
    r->cubic = pow(all / part, CUBIC);
}

static int open_sample(dsep_context *own, reduced *r) {
    int code = DSEP_OK;
    const int64_t count = r->run->n_environments;
    int32_t *label = dsep_array(count, sizeof *label);
    r->sample = *r->run;
    r->sample.table = NULL;
    r->sample.environments = NULL;
    r->sample.work = NULL;
    r->sample.rows = r->rows = dsep_array(count, sizeof *r->rows);
    if (!label || !r->rows)
        DSEP_TRY(dsep_out_of_memory(dsep_context_error(own), "a sample"));
    choose(r);
    for (int64_t e = 0; e < count; e++)
        label[e] = (int32_t)e;
    DSEP_TRY(dsep_time_sample_environments(own, r->run->environments, r->sample.n_environments,
                                           r->rows, r->columns, &r->sample.table));
    code = dsep_environments_create(own, r->sample.table, label, r->sample.n_environments,
                                    &r->sample.environments);
cleanup:
    free(label);
    return code;
}

static void close_sample(const dsep_represent_method *method, reduced *r) {
    method->release(&r->sample);
    dsep_environments_destroy(&r->sample.environments);
    dsep_table_destroy(&r->sample.table);
    free(r->rows);
}

/* --- its parts ------------------------------------------------------------------------------- */

/* Seconds of the principal directions of a fit, and of a replicate, which draws two rows of three
 * and has the products of rows made. */
static int time_directions(dsep_context *own, const reduced *r, double *fit, double *replicate) {
    int code = DSEP_OK;
    const dsep_environments *e = r->sample.environments;
    dsep_row_products *products = NULL;
    dsep_whitening *white = NULL;
    int32_t *weight = dsep_array(r->sample.n_rows, sizeof *weight);
    if (!weight)
        DSEP_TRY(dsep_out_of_memory(dsep_context_error(own), "weights"));
    for (int64_t s = 0; s < r->sample.n_rows; s++)
        weight[s] = (int32_t)(s % 3);
    double began = dsep_clock_worked();
    DSEP_TRY(dsep_row_products_create(own, e, &products));
    for (int drawn = 0; drawn < 2; drawn++) {
        for (int64_t k = 0; k < e->n_environments; k++) {
            DSEP_TRY(dsep_whitening_create(e->values[k], e->rows[k], e->n_variables,
                                           drawn ? weight : NULL, dsep_row_products_of(products, k),
                                           r->run->settings->factors, dsep_context_error(own),
                                           &white));
            dsep_whitening_destroy(&white);
        }
        *(drawn ? replicate : fit) = dsep_clock_worked() - began;
        began = dsep_clock_worked();
    }
cleanup:
    dsep_row_products_destroy(&products);
    free(weight);
    return code;
}

static int time_unit(dsep_context *own, const dsep_represent_method *method, const reduced *r,
                     int64_t unit, double *values, double *seconds) {
    const double began = dsep_clock_worked();
    const int code = method->unit(&r->sample, unit, dsep_context_error(own), values);
    *seconds = dsep_clock_worked() - began;
    return code;
}

/* The fit has directions, components from several starts and a search; a replicate directions,
 * components from one start and a descent; a null draw a search. */
static int time_hca(dsep_context *own, const dsep_represent_method *method, const reduced *r,
                    double fit, double *values, dsep_method_seconds *seconds) {
    int code = DSEP_OK;
    double white = 0, drawn = 0, replicate = 0, null = 0;
    const dsep_represent_settings *s = r->run->settings;
    const double draws = (double)(s->replicates + s->hca.null_draws);
    const double more = (double)r->run->n_environments / (double)r->sample.n_environments;
    DSEP_TRY(time_directions(own, r, &white, &drawn));
    DSEP_TRY(time_unit(own, method, r, 0, values, &replicate));
    DSEP_TRY(time_unit(own, method, r, s->replicates, values, &null));
    const double search = null * pow(more, SEARCHING);
    const double components = fmax(0, fit - white - null);
    const double once = fmin(components / (double)s->hca.starts, fmax(0, replicate - drawn));
    seconds->shared = white * r->cubic + components * r->linear + search;
    replicate = drawn * r->cubic + once * r->linear +
                fmax(0, replicate - drawn - once) * pow(more, DESCENDING);
    seconds->unit =
        draws > 0 ? (replicate * (double)s->replicates + search * (double)s->hca.null_draws) / draws
                  : 0;
cleanup:
    return code;
}

/* A fit has directions of all variables and what a replicate has: rows in the subspace, and factors
 * from them. */
static int time_intervened(dsep_context *own, const dsep_represent_method *method, const reduced *r,
                           double fit, double *values, dsep_method_seconds *seconds) {
    double replicate = 0;
    const int code = time_unit(own, method, r, 0, values, &replicate);
    seconds->unit = replicate * r->linear;
    seconds->shared = seconds->unit + fmax(0, fit - replicate) * r->cubic;
    return code;
}

static int time_sample(dsep_context *own, const dsep_represent_method *method, reduced *r,
                       dsep_method_seconds *seconds) {
    int code = DSEP_OK;
    double *values = NULL;
    DSEP_TRY(open_sample(own, r));
    const double began = dsep_clock_worked();
    DSEP_TRY(method->fit(own, &r->sample));
    const double fit = dsep_clock_worked() - began;
    values = dsep_array(r->sample.n_values, sizeof *values);
    if (!values)
        DSEP_TRY(dsep_out_of_memory(dsep_context_error(own), "a replicate"));
    code = r->run->settings->method == DSEP_REPRESENT_HCA
               ? time_hca(own, method, r, fit, values, seconds)
               : time_intervened(own, method, r, fit, values, seconds);
cleanup:
    free(values);
    return code;
}

int dsep_represent_time(dsep_context *ctx, const dsep_represent_run *run,
                        dsep_method_seconds *seconds) {
    int code = DSEP_OK;
    dsep_groups *groups = NULL;
    reduced r = {.run = run};
    const dsep_represent_method *method = methods[run->settings->method];
    *seconds = (dsep_method_seconds){0};
    DSEP_TRY(method->check(ctx, run));
    DSEP_TRY(dsep_groups_create(ctx, 1, &groups));
    if (time_sample(dsep_groups_context(groups), method, &r, seconds))
        seconds->shared = INFINITY;
    close_sample(method, &r);
    dsep_max_f64(ctx, &seconds->alone, 3);
cleanup:
    dsep_groups_destroy(&groups);
    return code;
}
