#include "solvers/weight_objective.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/scalapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where required edges lead, for the measure. */
static int make_reach(dsep_context *ctx, const dsep_knowledge *knowledge,
                      dsep_weight_objective *o) {
    int code = DSEP_OK;
    uint8_t *reached = dsep_array(o->s->rows, sizeof *reached);
    int32_t *work = dsep_array(o->s->rows, sizeof *work);
    DSEP_AGREE(ctx, reached && work
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "background knowledge"));
    DSEP_TRY(dsep_matrix_create(ctx, o->s->grid, o->s->rows, o->s->rows, &o->reach));
    for (int r = 0; r < o->reach->local_rows; r++) {
        dsep_knowledge_reach(knowledge, dsep_matrix_row(o->reach, r), work, reached);
        for (int c = 0; c < o->reach->local_columns; c++)
            o->reach->values[(int64_t)c * o->reach->local_rows + r] =
                reached[dsep_matrix_column(o->reach, c)];
    }
    o->measure->reach = o->reach;
cleanup:
    free(reached);
    free(work);
    return code;
}

static void apply_knowledge(const dsep_knowledge *knowledge, dsep_weight_objective *o) {
    for (int64_t k = 0; k < o->count; k++) {
        const int64_t i = dsep_matrix_row(o->w, (int)(k % o->w->local_rows));
        const int64_t j = dsep_matrix_column(o->w, (int)(k / o->w->local_rows));
        o->allowed[k] = i != j && !dsep_knowledge_forbids(knowledge, i, j);
        o->required[k] = (uint8_t)dsep_knowledge_requires(knowledge, i, j);
    }
}

int dsep_weight_objective_create(dsep_context *ctx, const dsep_matrix *s, dsep_acyclic_kind kind,
                                 const dsep_knowledge *knowledge,
                                 dsep_weight_objective **objective) {
    int code = DSEP_OK;
    dsep_weight_objective *made = dsep_array(1, sizeof *made);
    *objective = NULL;
    if (made) {
        made->count = (int64_t)s->local_rows * s->local_columns;
        made->allowed = dsep_array(made->count, sizeof *made->allowed);
        made->required = dsep_array(made->count, sizeof *made->required);
    }
    DSEP_AGREE(ctx, made && made->allowed && made->required
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the function to minimise"));
    made->ctx = ctx;
    made->s = s;
    DSEP_TRY(dsep_acyclic_create(ctx, s->grid, kind, s->rows, &made->measure));
    DSEP_TRY(dsep_matrix_create(ctx, s->grid, s->rows, s->rows, &made->w));
    DSEP_TRY(dsep_matrix_create(ctx, s->grid, s->rows, s->rows, &made->residual));
    DSEP_TRY(dsep_matrix_create(ctx, s->grid, s->rows, s->rows, &made->slope));
    apply_knowledge(knowledge, made);
    if (knowledge && knowledge->n_required > 0)
        DSEP_TRY(make_reach(ctx, knowledge, made));
    *objective = made;
    made = NULL;
cleanup:
    dsep_weight_objective_destroy(&made);
    return code;
}

void dsep_weight_objective_destroy(dsep_weight_objective **objective) {
    if (!objective || !*objective)
        return;
    dsep_acyclic_destroy(&(*objective)->measure);
    dsep_matrix_destroy(&(*objective)->w);
    dsep_matrix_destroy(&(*objective)->residual);
    dsep_matrix_destroy(&(*objective)->slope);
    dsep_matrix_destroy(&(*objective)->reach);
    free((*objective)->allowed);
    free((*objective)->required);
    free(*objective);
    *objective = NULL;
}

/* Loss and |W|_1; the residual becomes S (I - W). */
static void fit(dsep_weight_objective *o, const double *x) {
    const double *u = x, *v = x + o->count;
    double part[2] = {0, 0};
    memcpy(o->residual->values, o->s->values, (size_t)o->count * sizeof *x);
    dsep_grid_product(-1, o->s, 0, o->w, 0, 1, o->residual);
    /* tr((I - W)' R) over the entries of I - W: the diagonal of W is not allowed, hence 0. */
    for (int c = 0; c < o->w->local_columns; c++)
        for (int r = 0; r < o->w->local_rows; r++) {
            const int64_t k = (int64_t)c * o->w->local_rows + r;
            const int self = dsep_matrix_row(o->w, r) == dsep_matrix_column(o->w, c);
            part[0] += (self - o->w->values[k]) * o->residual->values[k];
            part[1] += o->required[k] ? 0 : u[k] + v[k];
        }
    dsep_sum_f64(o->ctx, part, 2);
    o->loss = part[0] / 2;
    o->norm = part[1];
}

int dsep_weight_objective_evaluate(dsep_context *ctx, const double *x, double *value,
                                   double *gradient, void *data) {
    int code = DSEP_OK;
    dsep_weight_objective *o = data;
    double h = 0;
    (void)ctx;
    for (int64_t k = 0; k < o->count; k++)
        o->w->values[k] = x[k] - x[o->count + k];
    *value = INFINITY;
    DSEP_TRY(dsep_acyclic_value(o->measure, o->w, o->determinant, &h, o->slope));
    if (!isfinite(h))
        goto cleanup;
    o->h = h;
    fit(o, x);
    *value = o->fit * (o->loss + o->lambda * o->norm) + o->linear * h + o->quadratic * h * h / 2;
    const double outer = o->linear + o->quadratic * h;
    for (int64_t k = 0; k < o->count; k++) {
        const double slope = outer * o->slope->values[k] - o->fit * o->residual->values[k];
        const double penalty = o->required[k] ? 0 : o->fit * o->lambda;
        gradient[k] = o->allowed[k] ? penalty + slope : 0;
        gradient[o->count + k] = o->allowed[k] ? penalty - slope : 0;
    }
cleanup:
    return code;
}
