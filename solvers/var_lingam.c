#include "solvers/var_lingam.h"

#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/dense.h"
#include "solvers/inner_product.h"
#include "solvers/standardise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A series with its lags: column l p + v is variable v, l times earlier. */
typedef struct {
    int64_t p, lags, rows;
    const int32_t *time; /* [rows] the first row of each, lent; NULL: all, in their order */
    dsep_correlation *correlation;
    const double *columns; /* [(lags + 1) p x stride] standardised, node-shared */
    double *sd;            /* [(lags + 1) p] */
} series;

static void close_series(series *s) {
    dsep_correlation_destroy(&s->correlation);
    free(s->sd);
    *s = (series){0};
}

static int is_constant(const double *x, int64_t n) {
    for (int64_t t = 1; t < n; t++)
        if (x[t] != x[0])
            return 0;
    return 1;
}

/* This rank's variables with all their lags. */
static int fill(dsep_context *ctx, const dsep_table *table, series *s, double *columns,
                double *sd) {
    const int64_t stride = s->correlation->stride;
    double mean;
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t l = 0; l <= s->lags; l++) {
            const int64_t v = table->mine.first + j;
            const double *x = table->values + j * table->n_samples + s->lags - l;
            double *unit = columns + (l * s->p + v) * stride;
            for (int64_t t = 0; t < s->rows; t++)
                unit[t] = x[s->time ? s->time[t] : t];
            if (is_constant(unit, s->rows))
                return dsep_fail(ctx, DSEP_ERROR_DATA,
                                 "variable '%s' is constant but for its first or last %lld times",
                                 table->names[v], (long long)s->lags);
            dsep_standardise(unit, s->rows, unit, &mean, &sd[j * (s->lags + 1) + l]);
            memset(unit + s->rows, 0, (size_t)(stride - s->rows) * sizeof *unit);
        }
    return DSEP_OK;
}

/* time: [count] of those that were drawn; NULL: all. */
static int open_series(dsep_context *ctx, const dsep_table *table, int64_t lags,
                       const int32_t *time, int64_t count, series *s) {
    int code = DSEP_OK;
    const int64_t p = table->n_variables, layers = lags + 1;
    double *own = dsep_array(table->mine.count * layers, sizeof *own), *all = NULL, *columns;
    int64_t bytes;
    *s = (series){.p = p, .lags = lags, .time = time};
    s->rows = time ? count : table->n_samples - lags;
    s->sd = dsep_array(p * layers, sizeof *s->sd);
    DSEP_AGREE(ctx,
               own && s->sd ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "deviations"));
    DSEP_TRY(dsep_correlation_open(ctx, s->rows, p * layers, 1, &s->correlation));
    s->columns = columns =
        dsep_correlation_begin(ctx, s->correlation, s->rows, s->rows, p * layers);
    DSEP_AGREE(ctx, fill(ctx, table, s, columns, own));
    dsep_correlation_finish(ctx, s->correlation);
    DSEP_TRY(dsep_gather_all(ctx, own, table->mine.count * layers * (int64_t)sizeof *own,
                             (void **)&all, &bytes));
    for (int64_t v = 0; v < p; v++)
        for (int64_t l = 0; l < layers; l++)
            s->sd[l * p + v] = all[v * layers + l];
cleanup:
    free(own);
    free(all);
    if (code)
        close_series(s);
    return code;
}

/* Correlations of the columns first .. first + count - 1, and then of `then` first columns. */
static void take_correlations(const series *s, int64_t first, int64_t count, int64_t then,
                              double *matrix) {
    const double *c = s->correlation->values;
    const int64_t k = count + then, all = s->correlation->n_variables;
    for (int64_t a = 0; a < k; a++)
        for (int64_t b = 0; b < k; b++)
            matrix[a * k + b] =
                c[(a < count ? first + a : a - count) * all + (b < count ? first + b : b - count)];
}

static int dependent(dsep_context *ctx) {
    return dsep_fail(ctx, DSEP_ERROR_DATA,
                     "some variables and their lags are linear combinations of others: drop some, "
                     "or ask for fewer --lags");
}

/* --- how many lags -----------------------------------------------------------------------------
 */

/* BIC of 1 .. most lags, but for a constant; on rank 0. */
static int judge(dsep_context *ctx, const series *s, double *bic) {
    const int64_t p = s->p, k = (s->lags + 1) * p;
    const double n = (double)s->rows;
    double *matrix = dsep_array(k * k, sizeof *matrix);
    int code = matrix ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "correlations");
    for (int64_t lags = 1; lags <= s->lags && !code; lags++) {
        const int64_t size = (lags + 1) * p;
        take_correlations(s, p, lags * p, p, matrix);
        if (dsep_dense_cholesky(size, matrix)) {
            code = dependent(ctx);
            break;
        }
        bic[lags - 1] = log(n) / n * (double)(lags * p * p + p);
        for (int64_t a = lags * p; a < size; a++)
            bic[lags - 1] += 2 * log(matrix[a * size + a]);
    }
    free(matrix);
    return code;
}

static int choose_lags(dsep_context *ctx, const dsep_table *table, dsep_var_lingam *made) {
    int code = DSEP_OK;
    series s = {0};
    DSEP_TRY(open_series(ctx, table, made->most, NULL, 0, &s));
    made->bic = dsep_array(made->most, sizeof *made->bic);
    DSEP_AGREE(ctx, made->bic ? DSEP_OK
                              : dsep_out_of_memory(dsep_context_error(ctx), "numbers of lags"));
    DSEP_AGREE(ctx, dsep_rank(ctx) == 0 ? judge(ctx, &s, made->bic) : DSEP_OK);
    dsep_broadcast(ctx, made->bic, made->most * (int64_t)sizeof *made->bic, 0);
    made->lags = 1;
    for (int64_t l = 2; l <= made->most; l++)
        if (made->bic[l - 1] < made->bic[made->lags - 1])
            made->lags = l;
cleanup:
    close_series(&s);
    return code;
}

/* --- the order ---------------------------------------------------------------------------------
 */

/* What the lags leave of this rank's variables, standardised. */
static void fill_residuals(const series *s, const double *factor, dsep_block mine, double *slope,
                           dsep_lingam_columns *into) {
    const int64_t k = s->lags * s->p, stride = s->correlation->stride;
    double mean, sd;
    for (int64_t v = mine.first; v < mine.first + mine.count; v++) {
        double *x = into->values[0] + v * into->stride[0];
        memcpy(x, s->columns + v * stride, (size_t)stride * sizeof *x);
        for (int64_t a = 0; a < k; a++)
            slope[a] = s->correlation->values[v * s->correlation->n_variables + s->p + a];
        dsep_dense_cholesky_solve(k, factor, 1, slope);
        for (int64_t a = 0; a < k; a++) {
            const double *lag = s->columns + (s->p + a) * stride;
            for (int64_t t = 0; t < s->rows; t++)
                x[t] -= slope[a] * lag[t];
        }
        dsep_standardise(x, s->rows, x, &mean, &sd);
    }
}

/* The factor of the lags' correlations is made once a node. */
static int find_order(dsep_context *ctx, const dsep_table *table, const series *s,
                      dsep_var_lingam *made) {
    int code = DSEP_OK;
    dsep_shared *memory = NULL;
    dsep_lingam_columns *residuals = NULL;
    const dsep_lingam_order_settings usual = {0};
    const int64_t k = s->lags * s->p;
    double *slope = dsep_array(k, sizeof *slope);
    DSEP_AGREE(ctx, slope ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "residuals"));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(k, k, sizeof(double)), "lags", &memory));
    double *factor = dsep_shared_data(memory);
    if (dsep_node_rank(ctx) == 0) {
        take_correlations(s, s->p, k, 0, factor);
        code = dsep_dense_cholesky(k, factor) ? dependent(ctx) : DSEP_OK;
    }
    DSEP_AGREE(ctx, code);
    dsep_shared_sync(ctx, memory);
    DSEP_TRY(dsep_lingam_columns_create(ctx, s->p, 1, &s->rows, &residuals));
    fill_residuals(s, factor, table->mine, slope, residuals);
    dsep_shared_unite(ctx, residuals->memory);
    DSEP_TRY(dsep_lingam_order(ctx, residuals, table->names, &usual, made->order, &made->effort));
cleanup:
    dsep_lingam_columns_destroy(&residuals);
    dsep_shared_destroy(&memory);
    free(slope);
    return code;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static int enough(int64_t n, int64_t p, int64_t lags) {
    return n - lags > p * (lags + 1) + 1;
}

static int check(dsep_context *ctx, const dsep_table *table, int64_t lags) {
    const int64_t n = table->n_samples, p = table->n_variables;
    if (table->n_environments > 1)
        return dsep_fail(ctx, DSEP_ERROR_DATA,
                         "VAR-LiNGAM takes one series, and these rows are of %lld environments",
                         (long long)table->n_environments);
    for (int64_t v = 0; v < p; v++)
        if (table->n_missing[v] > 0)
            return dsep_fail(ctx, DSEP_ERROR_DATA,
                             "variable '%s' has %lld missing cells: VAR-LiNGAM needs every time",
                             table->names[v], (long long)table->n_missing[v]);
    if (!enough(n, p, lags))
        return dsep_fail(ctx, DSEP_ERROR_DATA,
                         "%lld times of %lld variables are too few for %lld lag%s: more than %lld "
                         "are needed",
                         (long long)n, (long long)p, (long long)lags, lags == 1 ? "" : "s",
                         (long long)(p * (lags + 1) + 1 + lags));
    return DSEP_OK;
}

static int fit(dsep_context *ctx, const dsep_table *table, const int32_t *time, int64_t count,
               dsep_lingam_pruning pruning, dsep_var_lingam *made) {
    int code = DSEP_OK;
    series s = {0};
    const int64_t p = made->n_variables;
    DSEP_TRY(open_series(ctx, table, made->lags, time, count, &s));
    dsep_log_section_begin(ctx, "causal order");
    DSEP_TRY(find_order(ctx, table, &s, made));
    dsep_log_section_begin(ctx, "coefficients");
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes((made->lags + 1) * p, p, sizeof(double)),
                                "coefficients", &made->memory));
    double *b = dsep_shared_data(made->memory);
    made->b = b;
    DSEP_TRY(
        dsep_lingam_regress(ctx, s.correlation, p, made->lags * p, s.sd, made->order, pruning, b));
    dsep_shared_unite(ctx, made->memory);
cleanup:
    close_series(&s);
    return code;
}

static int create(dsep_context *ctx, int64_t p, int64_t lags, dsep_var_lingam **made) {
    int code = DSEP_OK;
    dsep_var_lingam *v = dsep_array(1, sizeof *v);
    if (v)
        v->order = dsep_array(p, sizeof *v->order);
    DSEP_AGREE(ctx, v && v->order ? DSEP_OK
                                  : dsep_out_of_memory(dsep_context_error(ctx), "a VAR-LiNGAM"));
    v->n_variables = p;
    v->lags = lags;
    *made = v;
    v = NULL;
cleanup:
    dsep_var_lingam_destroy(&v);
    return code;
}

int dsep_var_lingam_fit(dsep_context *ctx, const dsep_table *table, int64_t lags, int64_t most,
                        dsep_lingam_pruning pruning, dsep_var_lingam **made) {
    int code = DSEP_OK;
    const int64_t p = table->n_variables;
    dsep_var_lingam *v = NULL;
    *made = NULL;
    DSEP_AGREE(ctx, check(ctx, table, lags > 0 ? lags : 1));
    DSEP_TRY(create(ctx, p, lags, &v));
    dsep_log_section_begin(ctx, "autoregression");
    if (lags == 0) {
        for (v->most = most; !enough(table->n_samples, p, v->most); v->most--)
            ;
        DSEP_TRY(choose_lags(ctx, table, v));
    }
    DSEP_TRY(fit(ctx, table, NULL, 0, pruning, v));
    *made = v;
    v = NULL;
cleanup:
    dsep_var_lingam_destroy(&v);
    return code;
}

int dsep_var_lingam_fit_drawn(dsep_context *ctx, const dsep_table *table, int64_t lags,
                              const int32_t *time, int64_t count, dsep_lingam_pruning pruning,
                              dsep_var_lingam **made) {
    int code = DSEP_OK;
    dsep_var_lingam *v = NULL;
    *made = NULL;
    DSEP_AGREE(ctx, check(ctx, table, lags));
    DSEP_TRY(create(ctx, table->n_variables, lags, &v));
    DSEP_TRY(fit(ctx, table, time, count, pruning, v));
    *made = v;
    v = NULL;
cleanup:
    dsep_var_lingam_destroy(&v);
    return code;
}

int64_t dsep_var_lingam_bytes(int64_t n_samples, int64_t p, int64_t lags) {
    const int64_t all = (lags + 1) * p;
    return 8 * (all + p) * (n_samples + DSEP_INNER_LANES) + 8 * (2 * all * all + 4 * p * p);
}

void dsep_var_lingam_destroy(dsep_var_lingam **fitted) {
    if (!fitted || !*fitted)
        return;
    dsep_shared_destroy(&(*fitted)->memory);
    free((*fitted)->order);
    free((*fitted)->bic);
    free(*fitted);
    *fitted = NULL;
}
