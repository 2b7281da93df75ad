#include "solvers/continuous.h"

#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/petsc.h"
#include "solvers/weight_objective.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Iterations between which the quasi-Newton memory is kept: a unit begins with none, so that a
 * state needs none. */
enum { UNIT = 400, WINDOW = 100 }; /* iterations over which a fall is judged */

/* DAGMA's path (its section 5 and published code). */
static const double path_mu[] = {1, 0.1, 0.01, 0.001}, path_s[] = {1, 0.9, 0.8, 0.7};
enum { PATH = 4 };

/* NOTEARS' multiplier method (its algorithm 1 and published code). */
static const double penalty_grows = 10, h_must_fall = 0.25, h_enough = 1e-8, penalty_most = 1e16;

/* Where the run is: all of it but the weights is the same on every rank. */
typedef struct {
    int64_t n_stages, open; /* begun so far; whether the last is not over */
    double h;               /* NOTEARS: at the last raise of the multiplier; < 0: none yet */
    dsep_continuous_stage stages[DSEP_CONTINUOUS_STAGES];
} progress;

typedef struct {
    dsep_context *ctx;
    const dsep_continuous_settings *settings;
    dsep_weight_objective *objective;
    progress at;
    double *x, *began, *gradient; /* [2 count] now; at the beginning of the unit; scratch */
    double mark;                  /* the value when the window began */
    int settled;                  /* it hardly fell */
    double clock;                 /* seconds of an iteration are measured from here */
    int stopped;
} run;

/* One variable of the state that is not 0. */
typedef struct {
    int32_t row, column;
    double u, v;
} weight;

/* --- state ----------------------------------------------------------------------------------- */

/* x: [2 count] the weights to be kept. */
static int save(run *r, const double *x, dsep_state *state) {
    int code = DSEP_OK;
    const dsep_matrix *w = r->objective->w;
    const int64_t count = r->objective->count;
    dsep_error *error = dsep_context_error(r->ctx);
    int64_t n = 0;
    for (int64_t k = 0; k < count; k++)
        n += x[k] != 0 || x[count + k] != 0;
    weight *list = dsep_array(n, sizeof *list);
    progress *at = dsep_array(1, sizeof *at);
    if (!list || !at) {
        code = dsep_out_of_memory(error, "a checkpoint");
        goto cleanup;
    }
    n = 0;
    for (int64_t k = 0; k < count; k++)
        if (x[k] != 0 || x[count + k] != 0)
            list[n++] = (weight){(int32_t)dsep_matrix_row(w, (int)(k % w->local_rows)),
                                 (int32_t)dsep_matrix_column(w, (int)(k / w->local_rows)), x[k],
                                 x[count + k]};
    *at = r->at;
    code = dsep_state_give(state, "continuous", 0, at, sizeof *at, error);
    at = NULL;
    if (code)
        goto cleanup;
    code = dsep_state_give(state, "weights", sizeof *list, list, n * (int64_t)sizeof *list, error);
    list = NULL;
cleanup:
    free(list);
    free(at);
    return code;
}

/* Every rank takes its own out of all that was kept. */
static int restore(run *r) {
    int code = DSEP_OK, mine = DSEP_OK;
    const dsep_state *state = r->settings->resume;
    const dsep_matrix *w = r->objective->w;
    const dsep_state_block *block = state ? dsep_state_find(state, "weights") : NULL;
    weight *all = NULL;
    int64_t bytes = 0;
    if (!block)
        return DSEP_OK;
    mine = dsep_state_read(state, "continuous", &r->at, sizeof r->at, dsep_context_error(r->ctx));
    if (!mine && (r->at.n_stages < 1 || r->at.n_stages > DSEP_CONTINUOUS_STAGES))
        mine = dsep_fail(r->ctx, DSEP_ERROR_DATA, "the checkpoint's stages are damaged");
    DSEP_AGREE(r->ctx, mine);
    DSEP_TRY(dsep_gather_all(r->ctx, block->data, block->bytes, (void **)&all, &bytes));
    for (int64_t i = 0; i < bytes / (int64_t)sizeof *all; i++) {
        const int64_t row = all[i].row / w->block, column = all[i].column / w->block;
        if (all[i].row < 0 || all[i].row >= w->rows || all[i].column < 0 ||
            all[i].column >= w->rows)
            mine = dsep_fail(r->ctx, DSEP_ERROR_DATA, "the checkpoint's weights are damaged");
        else if (row % w->grid->rows == w->grid->row &&
                 column % w->grid->columns == w->grid->column) {
            const int64_t k =
                (column / w->grid->columns * w->block + all[i].column % w->block) * w->local_rows +
                row / w->grid->rows * w->block + all[i].row % w->block;
            r->x[k] = all[i].u;
            r->x[r->objective->count + k] = all[i].v;
        }
    }
    DSEP_AGREE(r->ctx, mine);
cleanup:
    free(all);
    return code;
}

/* How much of a value is hardly a fall. */
static double tolerance(const run *r) {
    const int last = r->settings->kind == DSEP_ACYCLIC_LOGDET && r->at.n_stages == PATH;
    return r->settings->tolerance * (last ? 1 : 100);
}

/* Between iterations: whether the value has settled; the state is to be kept, and the run is to
 * stop. */
static int look(dsep_context *ctx, int64_t iteration, double value, void *data, int *stop) {
    int code = DSEP_OK;
    run *r = data;
    const dsep_pauses *pauses = r->settings->pauses;
    dsep_state state = {0};
    double seconds = dsep_clock() - r->clock;
    char phase[32];
    const dsep_continuous_stage *stage = &r->at.stages[r->at.n_stages - 1];
    r->clock += seconds;
    snprintf(phase, sizeof phase, "stage %lld, at most", (long long)r->at.n_stages);
    dsep_log_progress(ctx, phase, (double)(stage->iterations + iteration),
                      (double)r->settings->max_iterations, "iterations");
    if (iteration % WINDOW == 0) {
        *stop = r->settled = r->mark - value <= tolerance(r) * fabs(value);
        r->mark = value;
    }
    if (!pauses || *stop)
        return DSEP_OK;
    dsep_max_f64(ctx, &seconds, 1);
    if (!pauses->due(ctx, seconds, pauses->data))
        return DSEP_OK;
    DSEP_AGREE(ctx, save(r, r->began, &state));
    DSEP_TRY(pauses->keep(ctx, &state, pauses->data, stop));
    r->stopped = *stop;
cleanup:
    dsep_state_clear(&state);
    return code;
}

/* --- stages ---------------------------------------------------------------------------------- */

static void apply(run *r, const dsep_continuous_stage *stage) {
    dsep_weight_objective *o = r->objective;
    o->fit = stage->fit;
    o->determinant = stage->determinant;
    o->linear = stage->linear;
    o->quadratic = stage->quadratic;
}

/* Value and parts where the run is now. */
static int measure(run *r, dsep_continuous_stage *stage) {
    int code = DSEP_OK;
    DSEP_TRY(
        dsep_weight_objective_evaluate(r->ctx, r->x, &stage->value, r->gradient, r->objective));
    stage->evaluations++;
    stage->loss = r->objective->loss;
    stage->norm = r->objective->norm;
    stage->h = r->objective->h;
cleanup:
    return code;
}

/* The next stage, from where the last ended; *more: there is one. */
static int begin_stage(run *r, int *more) {
    int code = DSEP_OK;
    progress *at = &r->at;
    const double widen = 0.1; /* of s where its domain leaves the weights out, as the authors do */
    const dsep_continuous_stage *last = at->n_stages > 0 ? &at->stages[at->n_stages - 1] : NULL;
    dsep_continuous_stage next = {.fit = 1, .quadratic = 1};
    if (r->settings->kind == DSEP_ACYCLIC_LOGDET) {
        *more = at->n_stages < PATH;
        if (*more)
            next = (dsep_continuous_stage){
                .fit = path_mu[at->n_stages], .determinant = path_s[at->n_stages], .linear = 1};
    } else if (last) {
        *more = last->h > h_enough && last->quadratic < penalty_most &&
                at->n_stages < DSEP_CONTINUOUS_STAGES;
        next.linear = last->linear;
        next.quadratic = last->quadratic;
        if (at->h >= 0 && last->h > h_must_fall * at->h)
            next.quadratic *= penalty_grows;
        else {
            next.linear += last->quadratic * last->h;
            at->h = last->h;
        }
    }
    if (!*more)
        return DSEP_OK;
    apply(r, &next);
    DSEP_TRY(measure(r, &next));
    while (!isfinite(next.value)) {
        next.determinant += widen;
        apply(r, &next);
        DSEP_TRY(measure(r, &next));
    }
    at->stages[at->n_stages++] = next;
    at->open = 1;
cleanup:
    return code;
}

/* Whether the stage is over after a unit that lowered the value from `before`. */
static int is_over(const run *r, const dsep_minimum *minimum, double before,
                   dsep_continuous_stage *stage) {
    if (minimum->reason == DSEP_MINIMUM_CONVERGED)
        stage->end = DSEP_STAGE_GRADIENT;
    else if (r->settled || before - stage->value <= tolerance(r) * fabs(stage->value))
        stage->end = DSEP_STAGE_SETTLED;
    else if (stage->iterations >= r->settings->max_iterations)
        stage->end = DSEP_STAGE_ITERATIONS;
    else
        return 0;
    return 1;
}

static int run_unit(run *r) {
    int code = DSEP_OK;
    dsep_continuous_stage *stage = &r->at.stages[r->at.n_stages - 1];
    const dsep_continuous_stage before = *stage;
    const double smallest = 1e-4; /* of the gradient a variable, root mean square over p of them */
    const int64_t left = r->settings->max_iterations - stage->iterations;
    const double root = sqrt((double)r->objective->s->rows);
    const dsep_minimisation problem = {.count = 2 * r->objective->count,
                                       .max_iterations = left < UNIT ? left : UNIT,
                                       .tolerance = smallest * stage->fit * root,
                                       .evaluate = dsep_weight_objective_evaluate,
                                       .evaluate_data = r->objective,
                                       .look = look,
                                       .look_data = r};
    dsep_minimum minimum;
    apply(r, stage);
    memcpy(r->began, r->x, (size_t)problem.count * sizeof *r->x);
    r->clock = dsep_clock();
    r->mark = before.value;
    r->settled = 0;
    DSEP_TRY(dsep_petsc_minimise(r->ctx, &problem, r->x, &minimum));
    if (r->stopped)
        goto cleanup;
    stage->iterations += minimum.iterations;
    stage->evaluations += minimum.evaluations;
    stage->gradient_norm = minimum.gradient_norm;
    DSEP_TRY(measure(r, stage));
    r->at.open = !is_over(r, &minimum, before.value, stage);
cleanup:
    return code;
}

static void tell(const run *r) {
    static const char *const ends[] = {"gradient small", "settled",
                                       "NOT CONVERGED: --max-iterations"};
    const dsep_continuous_stage *s = &r->at.stages[r->at.n_stages - 1];
    if (r->settings->kind == DSEP_ACYCLIC_LOGDET)
        dsep_log_line(r->ctx,
                      "mu %g, s %g: value %.8g, h %.3g, gradient %.2g after %lld iterations, %lld "
                      "evaluations; %s",
                      s->fit, s->determinant, s->value, s->h, s->gradient_norm,
                      (long long)s->iterations, (long long)s->evaluations, ends[s->end]);
    else
        dsep_log_line(r->ctx,
                      "penalty %g: value %.8g, h %.3g, gradient %.2g after %lld iterations, %lld "
                      "evaluations; %s",
                      s->quadratic, s->value, s->h, s->gradient_norm, (long long)s->iterations,
                      (long long)s->evaluations, ends[s->end]);
}

static int optimise(run *r) {
    int code = DSEP_OK, more = 1;
    DSEP_TRY(restore(r));
    while (!r->stopped) {
        if (!r->at.open)
            DSEP_TRY(begin_stage(r, &more));
        if (!more)
            break;
        DSEP_TRY(run_unit(r));
        if (!r->at.open && !r->stopped)
            tell(r);
    }
cleanup:
    return code;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* This rank's piece of the correlations or covariances. */
static void fill(const dsep_correlation *correlation, const double *sd, int32_t *rows,
                 dsep_matrix *s) {
    for (int r = 0; r < s->local_rows; r++)
        rows[r] = (int32_t)dsep_matrix_row(s, r);
    for (int c = 0; c < s->local_columns; c++) {
        const int32_t j = (int32_t)dsep_matrix_column(s, c);
        double *column = s->values + (int64_t)c * s->local_rows;
        dsep_correlation_block(correlation, rows, s->local_rows, &j, 1, column, 1);
        for (int r = 0; sd && r < s->local_rows; r++)
            column[r] *= sd[rows[r]] * sd[j];
    }
}

static int open_run(run *r, const dsep_correlation *correlation, const double *sd,
                    const dsep_grid *grid, dsep_matrix **s) {
    int code = DSEP_OK;
    int32_t *rows = NULL;
    DSEP_TRY(
        dsep_matrix_create(r->ctx, grid, correlation->n_variables, correlation->n_variables, s));
    DSEP_TRY(dsep_weight_objective_create(r->ctx, *s, r->settings->kind, r->settings->knowledge,
                                          &r->objective));
    r->objective->lambda = r->settings->lambda;
    rows = dsep_array((*s)->local_rows, sizeof *rows);
    r->x = dsep_array(2 * r->objective->count, sizeof *r->x);
    r->began = dsep_array(2 * r->objective->count, sizeof *r->began);
    r->gradient = dsep_array(2 * r->objective->count, sizeof *r->gradient);
    DSEP_AGREE(r->ctx, rows && r->x && r->began && r->gradient
                           ? DSEP_OK
                           : dsep_out_of_memory(dsep_context_error(r->ctx), "the weights"));
    fill(correlation, sd, rows, *s);
cleanup:
    free(rows);
    return code;
}

static int is_converged(const run *r) {
    const progress *at = &r->at;
    for (int64_t i = 0; i < at->n_stages; i++)
        if (at->stages[i].end == DSEP_STAGE_ITERATIONS)
            return 0;
    return r->settings->kind == DSEP_ACYCLIC_LOGDET || at->stages[at->n_stages - 1].h <= h_enough;
}

static double ascending(const dsep_graph *graph, const double *sd) {
    int64_t up = 0;
    for (int64_t i = 0; i < graph->n_nodes; i++)
        for (int64_t e = graph->offset[i]; e < graph->offset[i + 1]; e++)
            up += graph->mark[e] == DSEP_MARK_TAIL && sd[graph->neighbour[e]] > sd[i];
    return (double)up / (double)graph->n_edges;
}

static int answer(run *r, const dsep_correlation *correlation, const double *sd,
                  dsep_continuous *made) {
    int code = DSEP_OK;
    dsep_weight_objective *o = r->objective;
    made->stopped = r->stopped;
    made->n_stages = r->at.n_stages;
    memcpy(made->stages, r->at.stages, sizeof made->stages);
    if (r->stopped)
        return DSEP_OK;
    made->converged = is_converged(r);
    for (int64_t k = 0; k < o->count; k++)
        o->w->values[k] = r->x[k] - r->x[o->count + k];
    const dsep_weight_graph_settings keeping = {.threshold = r->settings->threshold,
                                                .knowledge = r->settings->knowledge,
                                                .sd = r->settings->raw ? sd : NULL};
    DSEP_TRY(dsep_weight_graph_create(r->ctx, o->w, correlation, &keeping, &made->answer));
    made->ascending = ascending(made->answer->graph, sd);
cleanup:
    return code;
}

static int take_deviations(dsep_context *ctx, const dsep_correlation *correlation,
                           const dsep_continuous_settings *settings, double **sd) {
    int code = DSEP_OK;
    int64_t bytes = 0;
    const int64_t p = correlation->n_variables;
    if (!settings->sd)
        return dsep_gather_all(ctx, correlation->sd,
                               correlation->mine.count * (int64_t)sizeof *correlation->sd,
                               (void **)sd, &bytes);
    *sd = dsep_array(p, sizeof **sd);
    DSEP_AGREE(ctx, *sd ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "deviations"));
    memcpy(*sd, settings->sd, (size_t)p * sizeof **sd);
cleanup:
    return code;
}

int dsep_continuous_run(dsep_context *ctx, const dsep_correlation *correlation,
                        const dsep_continuous_settings *settings, dsep_continuous **result) {
    int code = DSEP_OK;
    run r = {.ctx = ctx, .settings = settings, .at = {.h = -1}};
    dsep_grid *grid = NULL;
    dsep_matrix *s = NULL;
    double *sd = NULL;
    dsep_continuous *made = dsep_array(1, sizeof *made);
    *result = NULL;
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the result"));
    DSEP_TRY(take_deviations(ctx, correlation, settings, &sd));
    DSEP_TRY(dsep_grid_create(ctx, &grid));
    DSEP_TRY(open_run(&r, correlation, settings->raw ? sd : NULL, grid, &s));
    DSEP_TRY(optimise(&r));
    if (settings->end && !r.stopped)
        DSEP_AGREE(ctx, save(&r, r.x, settings->end));
    DSEP_TRY(answer(&r, correlation, sd, made));
    *result = made;
    made = NULL;
cleanup:
    dsep_continuous_destroy(&made);
    dsep_weight_objective_destroy(&r.objective);
    dsep_matrix_destroy(&s);
    dsep_grid_destroy(&grid);
    free(r.x);
    free(r.began);
    free(r.gradient);
    free(sd);
    return code;
}

void dsep_continuous_destroy(dsep_continuous **result) {
    if (!result || !*result)
        return;
    dsep_weight_graph_destroy(&(*result)->answer);
    free(*result);
    *result = NULL;
}

int64_t dsep_continuous_bytes(dsep_acyclic_kind kind, int64_t n_variables) {
    const int64_t matrices =
        kind == DSEP_ACYCLIC_LOGDET ? 6 : 11; /* S, W, residual, slope, reach, work */
    const int64_t doubled = 3 + 38;           /* our vectors and TAO's, as measured (PETSc 3.18) */
    return dsep_bytes(n_variables, n_variables, (matrices + 2 * doubled) * (int64_t)sizeof(double));
}
