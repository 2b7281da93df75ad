#include "solvers/lingam.h"

#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/adaptive_lasso.h"
#include "solvers/inner_product.h"
#include "solvers/standardise.h"

#include <stdlib.h>
#include <string.h>

/* --- the rows of a group -----------------------------------------------------------------------
 */

static int64_t n_groups(const dsep_table *table) {
    return table->n_environments > 1 ? table->n_environments : 1;
}

static int64_t *count_rows(const dsep_table *table) {
    int64_t *rows = dsep_array(n_groups(table), sizeof *rows);
    if (rows && n_groups(table) == 1)
        rows[0] = table->n_samples;
    else if (rows)
        for (int64_t s = 0; s < table->n_samples; s++)
            rows[table->environment[s]]++;
    return rows;
}

static const char *group_name(const dsep_table *table, int64_t group) {
    return n_groups(table) > 1 ? table->environment_names[group] : "the table";
}

static int check_rows(dsep_context *ctx, const dsep_table *table, const int64_t *rows) {
    for (int64_t g = 0; g < n_groups(table); g++)
        if (rows[g] <= table->n_variables + 1)
            return dsep_fail(ctx, DSEP_ERROR_DATA,
                             "%s has %lld rows of %lld variables: LiNGAM needs at least %lld rows",
                             group_name(table, g), (long long)rows[g],
                             (long long)table->n_variables, (long long)table->n_variables + 2);
    return DSEP_OK;
}

/* One of this rank's columns, the rows of a group, standardised. */
static int take_column(dsep_context *ctx, const dsep_table *table, int64_t local, int64_t group,
                       double *unit, double *sd) {
    const double *values = table->values + local * table->n_samples;
    int64_t count = 0;
    int varies = 0;
    double mean;
    for (int64_t s = 0; s < table->n_samples; s++)
        if (n_groups(table) == 1 || table->environment[s] == group) {
            unit[count] = values[s];
            varies |= unit[count++] != unit[0];
        }
    if (!varies)
        return dsep_fail(ctx, DSEP_ERROR_DATA, "variable '%s' is constant in %s",
                         table->names[table->mine.first + local], group_name(table, group));
    dsep_standardise(unit, count, unit, &mean, sd);
    memset(unit + count, 0, (size_t)(dsep_inner_stride(count) - count) * sizeof *unit);
    return DSEP_OK;
}

static int fill(dsep_context *ctx, const dsep_table *table, dsep_lingam_columns *columns) {
    int code = DSEP_OK, mine = DSEP_OK;
    double sd;
    for (int64_t g = 0; g < columns->n_groups && !mine; g++)
        for (int64_t j = 0; j < table->mine.count && !mine; j++)
            mine =
                take_column(ctx, table, j, g,
                            columns->values[g] + (table->mine.first + j) * columns->stride[g], &sd);
    DSEP_AGREE(ctx, mine);
    dsep_shared_unite(ctx, columns->memory);
cleanup:
    return code;
}

/* --- coefficients ------------------------------------------------------------------------------
 */

/* One variable on those before it and on the others; its row of every layer of B. */
static int regress(const dsep_correlation *c, int64_t p, int64_t others, const double *sd,
                   const int64_t *order, int64_t place, dsep_lingam_pruning pruning, double *b,
                   dsep_error *error) {
    const int64_t k = place + others, target = order[place];
    double *gram = dsep_array(k * k, sizeof *gram), *cross = dsep_array(k, sizeof *cross);
    double *coefficient = dsep_array(k, sizeof *coefficient);
    int32_t *which = dsep_array(k + 1, sizeof *which);
    int code = DSEP_OK;
    if (!gram || !cross || !coefficient || !which)
        code = dsep_out_of_memory(error, "a regression");
    for (int64_t a = 0; a < k && !code; a++)
        which[a] = (int32_t)(a < place ? order[a] : p + a - place);
    if (!code && k > 0) {
        which[k] = (int32_t)target;
        dsep_correlation_block(c, which, k, which, k, gram, k);
        dsep_correlation_block(c, which + k, 1, which, k, cross, k);
        code = pruning == DSEP_LINGAM_KEEP
                   ? dsep_least_squares(k, gram, cross, coefficient, error)
                   : dsep_adaptive_lasso(k, c->n_samples, gram, cross, coefficient, error);
    }
    for (int64_t a = 0; a < k && !code; a++) {
        const int64_t layer = which[a] / p, cause = which[a] % p;
        b[(layer * p + target) * p + cause] = coefficient[a] * sd[target] / sd[which[a]];
    }
    free(gram);
    free(cross);
    free(coefficient);
    free(which);
    return code;
}

int dsep_lingam_regress(dsep_context *ctx, const dsep_correlation *correlation, int64_t p,
                        int64_t others, const double *sd, const int64_t *order,
                        dsep_lingam_pruning pruning, double *b) {
    int mine = DSEP_OK;
    for (int64_t place = dsep_rank(ctx); place < p && !mine; place += dsep_size(ctx))
        mine =
            regress(correlation, p, others, sd, order, place, pruning, b, dsep_context_error(ctx));
    return dsep_agree(ctx, mine);
}

/* The coefficients of one group. */
static int fit_group(dsep_context *ctx, const dsep_table *table, int64_t group, int64_t rows,
                     dsep_correlation *correlation, dsep_lingam_pruning pruning, double *sd,
                     dsep_lingam *made) {
    int code = DSEP_OK, mine = DSEP_OK;
    const int64_t p = made->n_variables;
    double *own = sd + p, *all = NULL;
    int64_t bytes;
    double *columns = dsep_correlation_begin(ctx, correlation, rows, rows, p);
    for (int64_t j = 0; j < table->mine.count && !mine; j++)
        mine = take_column(ctx, table, j, group,
                           columns + (table->mine.first + j) * correlation->stride, &own[j]);
    DSEP_AGREE(ctx, mine);
    dsep_correlation_finish(ctx, correlation);
    DSEP_TRY(
        dsep_gather_all(ctx, own, table->mine.count * (int64_t)sizeof *own, (void **)&all, &bytes));
    memcpy(sd, all, (size_t)bytes);
    DSEP_TRY(dsep_lingam_regress(ctx, correlation, p, 0, sd, made->order, pruning,
                                 (double *)made->b + group * p * p));
cleanup:
    free(all);
    return code;
}

static int fit(dsep_context *ctx, const dsep_table *table, const int64_t *rows,
               dsep_lingam_pruning pruning, dsep_lingam *made) {
    int code = DSEP_OK;
    dsep_correlation *correlation = NULL;
    const int64_t p = made->n_variables;
    double *sd = dsep_array(2 * p, sizeof *sd);
    DSEP_AGREE(ctx, sd ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "coefficients"));
    DSEP_TRY(dsep_correlation_open(ctx, table->n_samples, p, 1, &correlation));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(made->n_groups * p, p, sizeof(double)),
                                "coefficients", &made->memory));
    made->b = dsep_shared_data(made->memory);
    for (int64_t g = 0; g < made->n_groups; g++)
        DSEP_TRY(fit_group(ctx, table, g, rows[g], correlation, pruning, sd, made));
    dsep_shared_unite(ctx, made->memory);
cleanup:
    dsep_correlation_destroy(&correlation);
    free(sd);
    return code;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static int find_order(dsep_context *ctx, const dsep_table *table, const int64_t *rows,
                      dsep_lingam *made) {
    int code = DSEP_OK;
    dsep_lingam_columns *columns = NULL;
    const dsep_lingam_order_settings usual = {0};
    DSEP_TRY(dsep_lingam_columns_create(ctx, made->n_variables, made->n_groups, rows, &columns));
    DSEP_TRY(fill(ctx, table, columns));
    DSEP_TRY(dsep_lingam_order(ctx, columns, table->names, &usual, made->order, &made->effort));
cleanup:
    dsep_lingam_columns_destroy(&columns);
    return code;
}

static int make(dsep_context *ctx, const dsep_table *table, const int64_t *order,
                dsep_lingam_pruning pruning, dsep_lingam **made) {
    int code = DSEP_OK;
    const int64_t p = table->n_variables;
    int64_t *rows = count_rows(table);
    dsep_lingam *l = dsep_array(1, sizeof *l);
    *made = NULL;
    if (l)
        l->order = dsep_array(p, sizeof *l->order);
    DSEP_AGREE(ctx, rows && l && l->order
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "a LiNGAM"));
    l->n_variables = p;
    l->n_groups = n_groups(table);
    DSEP_AGREE(ctx, check_rows(ctx, table, rows));
    dsep_log_section_begin(ctx, "causal order");
    if (order)
        memcpy(l->order, order, (size_t)p * sizeof *order);
    else
        DSEP_TRY(find_order(ctx, table, rows, l));
    dsep_log_section_begin(ctx, "coefficients");
    DSEP_TRY(fit(ctx, table, rows, pruning, l));
    *made = l;
    l = NULL;
cleanup:
    free(rows);
    dsep_lingam_destroy(&l);
    return code;
}

int dsep_lingam_direct(dsep_context *ctx, const dsep_table *table, dsep_lingam_pruning pruning,
                       dsep_lingam **made) {
    return make(ctx, table, NULL, pruning, made);
}

int dsep_lingam_ordered(dsep_context *ctx, const dsep_table *table, const int64_t *order,
                        dsep_lingam_pruning pruning, dsep_lingam **made) {
    return make(ctx, table, order, pruning, made);
}

int64_t dsep_lingam_bytes(int64_t n_samples, int64_t p, int64_t groups) {
    const int64_t search = 12, fitted = 8 * (1 + groups);
    return 8 * p * (n_samples + DSEP_INNER_LANES * groups) +
           p * p * (fitted > search ? fitted : search);
}

void dsep_lingam_destroy(dsep_lingam **lingam) {
    if (!lingam || !*lingam)
        return;
    dsep_shared_destroy(&(*lingam)->memory);
    free((*lingam)->order);
    free(*lingam);
    *lingam = NULL;
}

/* --- the graph ---------------------------------------------------------------------------------
 */

/* The coefficient of a pair: the mean over the groups. */
static double mean_of(int64_t p, int64_t groups, const double *b, int64_t place) {
    double sum = 0;
    for (int64_t g = 0; g < groups; g++)
        sum += b[g * p * p + place];
    return sum / (double)groups;
}

static int any_of(int64_t p, int64_t groups, const double *b, int64_t place) {
    int any = 0;
    for (int64_t g = 0; g < groups; g++)
        any |= b[g * p * p + place] != 0;
    return any;
}

int dsep_lingam_graph(int64_t p, int64_t groups, int64_t layers, const double *b, dsep_error *error,
                      dsep_graph **graph, double **weight) {
    int64_t count = 0;
    *graph = NULL;
    *weight = NULL;
    for (int64_t place = 0; place < layers * p * p; place++)
        count += any_of(p, groups, b, place);
    dsep_edge *edges = dsep_array(count, sizeof *edges);
    double *made = dsep_array(count, sizeof *made);
    int code = edges && made ? DSEP_OK : dsep_out_of_memory(error, "edges");
    count = 0;
    for (int64_t cause = 0; cause < layers * p && !code; cause++) /* in the order of edges */
        for (int64_t effect = 0; effect < p; effect++) {
            const int64_t place = (cause / p * p + effect) * p + cause % p;
            if (!any_of(p, groups, b, place))
                continue;
            made[count] = mean_of(p, groups, b, place);
            edges[count++] = (dsep_edge){cause, effect, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
        }
    if (!code)
        code = dsep_graph_create(layers * p, count, edges, DSEP_GRAPH_DAG, error, graph);
    free(edges);
    if (code)
        free(made);
    else
        *weight = made;
    return code;
}
