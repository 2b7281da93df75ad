#include "solvers/replicate.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/fisher_z.h"
#include "solvers/inner_product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dsep_replicator {
    const dsep_correlation *source;
    dsep_correlation *correlation;
    int whole;
    int32_t *row;  /* [n] those that count */
    double *count; /* [n] how often; and its root */
    double *root;
    int32_t *order;  /* [n] of a permutation */
    double *noisy;   /* [n] a column with noise */
    int64_t n_rows;  /* that count */
    int64_t n_total; /* with their repeats */
};

int64_t dsep_replicator_bytes(int64_t n_samples, int64_t n_variables, int whole) {
    const int64_t columns = dsep_bytes(dsep_inner_stride(n_samples), n_variables, sizeof(double));
    const int64_t matrix = whole ? dsep_bytes(n_variables, n_variables, sizeof(double)) : 0;
    int64_t sum = 0;
    return columns < 0 || matrix < 0 || __builtin_add_overflow(columns, matrix, &sum) ? -1 : sum;
}

int dsep_replicator_create(dsep_context *group, const dsep_correlation *source, int whole,
                           dsep_replicator **replicator) {
    int code = DSEP_OK;
    const int64_t n = source->n_samples;
    dsep_replicator *made = dsep_array(1, sizeof *made);
    *replicator = NULL;
    if (made) {
        made->source = source;
        made->whole = whole;
        made->row = dsep_array(n, sizeof *made->row);
        made->count = dsep_array(n, sizeof *made->count);
        made->root = dsep_array(n, sizeof *made->root);
        made->order = dsep_array(n, sizeof *made->order);
        made->noisy = dsep_array(n, sizeof *made->noisy);
    }
    DSEP_AGREE(group, made && made->row && made->count && made->root && made->order && made->noisy
                          ? DSEP_OK
                          : dsep_out_of_memory(dsep_context_error(group), "replicates"));
    DSEP_TRY(dsep_correlation_open(group, n, source->n_variables, whole, &made->correlation));
    *replicator = made;
    made = NULL;
cleanup:
    dsep_replicator_destroy(&made);
    return code;
}

void dsep_replicator_destroy(dsep_replicator **replicator) {
    if (!replicator || !*replicator)
        return;
    dsep_correlation_destroy(&(*replicator)->correlation);
    free((*replicator)->row);
    free((*replicator)->count);
    free((*replicator)->root);
    free((*replicator)->order);
    free((*replicator)->noisy);
    free(*replicator);
    *replicator = NULL;
}

/* --- rows and columns ------------------------------------------------------------------------ */

static void choose_rows(dsep_replicator *r, const int32_t *weight) {
    r->n_rows = r->n_total = 0;
    for (int64_t s = 0; s < r->source->n_samples; s++) {
        const int32_t times = weight ? weight[s] : 1;
        if (times == 0)
            continue;
        r->row[r->n_rows] = (int32_t)s;
        r->count[r->n_rows] = times;
        r->root[r->n_rows++] = sqrt((double)times);
        r->n_total += times;
    }
}

/* Weighted rows of a column, centred, of length 1, with zeros behind them; zeros alone where they
 * are all the same. Returns the length that they had: 0 where they do not vary. */
static double weigh_column(const dsep_replicator *r, const double *column, double *unit) {
    const int64_t m = r->n_rows, stride = r->correlation->stride;
    double low = INFINITY, high = -INFINITY, sum = 0, rest = 0, squares = 0;
    for (int64_t k = 0; k < m; k++) {
        const double x = unit[k] = column[r->row[k]];
        low = x < low ? x : low;
        high = x > high ? x : high;
        sum += r->count[k] * x;
    }
    memset(unit + m, 0, (size_t)(stride - m) * sizeof *unit);
    if (!(low < high)) {
        memset(unit, 0, (size_t)m * sizeof *unit);
        return 0;
    }
    const double centre = sum / (double)r->n_total;
    for (int64_t k = 0; k < m; k++)
        rest += r->count[k] * (unit[k] -= centre);
    const double correction = rest / (double)r->n_total; /* what rounding left of the mean */
    for (int64_t k = 0; k < m; k++) {
        unit[k] = r->root[k] * (unit[k] - correction);
        squares += unit[k] * unit[k];
    }
    const double length = sqrt(squares);
    for (int64_t k = 0; k < m; k++)
        unit[k] /= length;
    return length;
}

/* Box & Muller 1958, doi:10.1214/aoms/1177706645. */
static double draw_normal(dsep_random source, uint64_t index) {
    double u[2];
    dsep_random_uniform2(source, index, u);
    return sqrt(-2 * log(u[0])) * cos(6.283185307179586 * u[1]);
}

/* The column of a variable as the variation has it, before rows are weighted. */
static const double *vary_column(dsep_replicator *r, const dsep_variation *v, int64_t variable) {
    const int64_t n = r->source->n_samples, p = r->source->n_variables;
    const double *column = r->source->columns + variable * r->source->stride;
    if (!v->permutation && v->noise <= 0)
        return column;
    if (v->permutation) {
        dsep_resample_order(v->permutation, v->permuted, variable, r->order);
        for (int64_t s = 0; s < n; s++)
            r->noisy[s] = column[r->order[s]];
    } else {
        memcpy(r->noisy, column, (size_t)n * sizeof *column);
    }
    const double scale = v->noise / sqrt((double)(n - 1)); /* the column's length is 1 */
    for (int64_t s = 0; s < n && v->noise > 0; s++)
        r->noisy[s] += scale * draw_normal(v->noise_source, (uint64_t)(s * p + variable));
    return r->noisy;
}

/* deviation: of this rank's variables, zeros elsewhere; or NULL. */
static int64_t fill(dsep_context *group, dsep_replicator *r, const dsep_variation *v,
                    double *deviation) {
    choose_rows(r, v->weight);
    int64_t constant = 0;
    const double unit = sqrt((double)(r->source->n_samples - 1) / (double)(r->n_total - 1));
    const int64_t p = v->variables ? v->n_variables : r->source->n_variables;
    double *columns = dsep_correlation_begin(group, r->correlation, r->n_rows, r->n_total, p);
    const dsep_block mine = r->correlation->mine;
    for (int64_t j = mine.first; j < mine.first + mine.count; j++) {
        const int64_t variable = v->variables ? v->variables[j] : j;
        const double length =
            weigh_column(r, vary_column(r, v, variable), columns + j * r->correlation->stride);
        constant += length == 0;
        if (deviation)
            deviation[j] = length * unit;
    }
    dsep_correlation_finish(group, r->correlation);
    return constant;
}

/* --- a replicate ----------------------------------------------------------------------------- */

const dsep_correlation *dsep_replicator_correlate(dsep_context *group, dsep_replicator *r,
                                                  const dsep_variation *v, double *deviation,
                                                  int64_t *constant) {
    const int64_t p = v->variables ? v->n_variables : r->source->n_variables;
    if (deviation)
        memset(deviation, 0, (size_t)p * sizeof *deviation);
    *constant = fill(group, r, v, deviation);
    dsep_sum_i64(group, constant, 1);
    if (deviation)
        dsep_sum_f64(group, deviation, p); /* each is one rank's, else 0 */
    return r->correlation;
}

int dsep_replicator_run(dsep_context *group, dsep_replicator *replicator,
                        const dsep_variation *variation, const dsep_knowledge *knowledge,
                        const dsep_pc_settings *settings, dsep_replicate *replicate) {
    int code = DSEP_OK;
    dsep_citest *test = NULL;
    dsep_pc *pc = NULL;
    dsep_pc_settings alone = *settings;
    alone.graph_alone = 1;
    alone.search.listed = !replicator->whole;
    *replicate = (dsep_replicate){0};
    dsep_replicator_correlate(group, replicator, variation, NULL, &replicate->constant);
    DSEP_AGREE(group, dsep_fisher_z_create(replicator->correlation, variation->alpha,
                                           dsep_context_error(group), &test));
    DSEP_TRY(dsep_pc_run(group, test, knowledge, &alone, &pc));
    replicate->n_levels = pc->skeleton->n_levels;
    for (int64_t l = 0; l < pc->skeleton->n_levels; l++)
        replicate->tests += pc->skeleton->levels[l].tests;
    replicate->graph = pc->graph;
    pc->graph = NULL;
cleanup:
    dsep_pc_destroy(&pc);
    dsep_fisher_z_destroy(&test);
    return code;
}
