#include "solvers/forecast_probe.h"

#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/groups.h"
#include "mpi/memory.h"
#include "solvers/fisher_z.h"
#include "solvers/inner_product.h"
#include "solvers/pc.h"
#include "solvers/standardise.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns that are searched; values of them; columns that make sense. */
enum { MOST = 400, MOST_VALUES = 1 << 23, LEAST = 8 };

/* Of the sample; that are looked at together; neighbours of all of the sample. */
enum { SEEDS = 64, BATCH = 16 };
static const double MOST_JOINTS = 4e6;

/* Of a search; of what neighbours of columns of the sample are to each other. */
static const double SECONDS = 1.5, FLOPS = 2e9;

/* --- columns --------------------------------------------------------------------------------- */

/* A column of the table, standardised, from its owner to all. */
static void share_column(dsep_context *ctx, const dsep_table *table, int64_t column, double *unit) {
    const int64_t n = table->n_samples;
    double mean, sd;
    const int owner = (int)dsep_layout_owner(table->n_variables, dsep_size(ctx), column);
    if (owner == dsep_rank(ctx))
        dsep_standardise(table->values + (column - table->mine.first) * n, n, unit, &mean, &sd);
    dsep_broadcast(ctx, unit, n * (int64_t)sizeof *unit, owner);
}

/* The neighbours of some columns of the sample, themselves among them, ascending. */
typedef struct {
    int64_t count;
    int64_t first[SEEDS + 1]; /* [count + 1] where each column's neighbours begin */
    int64_t *variable;
} neighbourhoods;

/* A column of the sample and a neighbour. */
typedef struct {
    int32_t column, variable;
} joint;

typedef struct {
    joint *list;
    int64_t count, room;
} joints;

/* Adds this rank's columns j .. j + rows - 1 to the neighbours of those of the sample. */
static int add_joints(const double *r, int64_t j, int64_t rows, int64_t seeds, double threshold,
                      dsep_error *error, joints *found) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < seeds; k++) {
            if (fabs(r[i * SEEDS + k]) <= threshold)
                continue;
            const int code = dsep_array_reserve((void **)&found->list, &found->room,
                                                found->count + 1, sizeof *found->list, error);
            if (code)
                return code;
            found->list[found->count++] = (joint){(int32_t)k, (int32_t)(j + i)};
        }
    return DSEP_OK;
}

/* units: the sample's columns, standardised, and room for BATCH more. */
static int list_joints(const dsep_table *table, double *units, int64_t seeds, double threshold,
                       dsep_error *error, joints *found) {
    int code = DSEP_OK;
    const int64_t n = table->n_samples, stride = dsep_inner_stride(n);
    const double *x[BATCH], *y[SEEDS];
    double *own = units + seeds * stride, mean, sd, r[BATCH * SEEDS];
    for (int64_t k = 0; k < seeds; k++)
        y[k] = units + k * stride;
    for (int64_t i = 0; i < BATCH; i++)
        x[i] = own + i * stride;
    for (int64_t j = 0; j < table->mine.count && !code; j += BATCH) {
        const int64_t left = table->mine.count - j, rows = left < BATCH ? left : BATCH;
        for (int64_t i = 0; i < rows; i++)
            dsep_standardise(table->values + (j + i) * n, n, own + i * stride, &mean, &sd);
        dsep_inner_products(stride, x, rows, y, seeds, r, SEEDS);
        code = add_joints(r, table->mine.first + j, rows, seeds, threshold, error, found);
    }
    return code;
}

/* Variables in ascending order come from the ranks; here they are sorted by column. */
static int sort_joints(const joint *all, int64_t count, int64_t seeds, dsep_error *error,
                       neighbourhoods *made) {
    int64_t at[SEEDS];
    made->count = seeds;
    made->variable = dsep_array(count, sizeof *made->variable);
    if (!made->variable)
        return dsep_out_of_memory(error, "a forecast");
    for (int64_t i = 0; i < count; i++)
        made->first[all[i].column + 1]++;
    for (int64_t k = 0; k < seeds; k++) {
        made->first[k + 1] += made->first[k];
        at[k] = made->first[k];
    }
    for (int64_t i = 0; i < count; i++)
        made->variable[at[all[i].column]++] = all[i].variable;
    return DSEP_OK;
}

static int find_neighbours(dsep_context *ctx, const dsep_table *table,
                           const dsep_probe_settings *settings, neighbourhoods *made) {
    int code = DSEP_OK;
    void *all = NULL;
    int64_t bytes = 0;
    joints found = {0};
    dsep_error *error = dsep_context_error(ctx);
    const int64_t fit = (int64_t)(MOST_JOINTS / (settings->degree + 1));
    const int64_t least = fit > 4 ? fit : 4;
    const int64_t seeds = least < settings->n_sample ? least : settings->n_sample;
    const int64_t stride = dsep_inner_stride(table->n_samples);
    double *units = dsep_array(dsep_bytes(stride, seeds + BATCH, 1), sizeof *units);
    *made = (neighbourhoods){0};
    DSEP_AGREE(ctx, units ? DSEP_OK : dsep_out_of_memory(error, "a forecast"));
    for (int64_t k = 0; k < seeds; k++)
        share_column(ctx, table, settings->sample[k], units + k * stride);
    DSEP_AGREE(ctx, list_joints(table, units, seeds, settings->threshold, error, &found));
    DSEP_TRY(dsep_gather_all(ctx, found.list, found.count * (int64_t)sizeof(joint), &all, &bytes));
    DSEP_AGREE(ctx, sort_joints(all, bytes / (int64_t)sizeof(joint), seeds, error, made));
cleanup:
    free(found.list);
    free(units);
    free(all);
    return code;
}

static int among(const int64_t *columns, int64_t count, int64_t column) {
    for (int64_t k = 0; k < count; k++)
        if (columns[k] == column)
            return 1;
    return 0;
}

/* Adds as many as there is room for, evenly out of all. */
static void add_some(const int64_t *found, int64_t n_found, int64_t room, int64_t *columns,
                     int64_t *count) {
    const int64_t left = room - *count, take = n_found < left ? n_found : left;
    for (int64_t k = 0; k < take; k++) {
        const int64_t column = found[k * n_found / take];
        if (!among(columns, *count, column))
            columns[(*count)++] = column;
    }
}

static int ascending(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* All columns, or those of the sample, each with its neighbours, until there is no more room, as a
 * search meets them. Returns how many. */
static int64_t choose_columns(const dsep_table *table, const dsep_probe_settings *settings,
                              const neighbourhoods *near, int64_t room, int64_t *columns) {
    int64_t count = 0;
    for (int64_t j = 0; table->n_variables <= room && j < table->n_variables; j++)
        columns[count++] = j;
    for (int64_t k = 0; k < near->count && count < room && table->n_variables > room; k++) {
        if (!among(columns, count, settings->sample[k]))
            columns[count++] = settings->sample[k];
        add_some(near->variable + near->first[k], near->first[k + 1] - near->first[k], room,
                 columns, &count);
    }
    qsort(columns, (size_t)count, sizeof *columns, ascending);
    return count;
}

/* How many columns there is room for. */
static int64_t room_for(const dsep_table *table) {
    const int64_t n = table->n_samples, fit = MOST_VALUES / (n > 0 ? n : 1);
    return fit < MOST ? fit : MOST;
}

/* --- order 1 from one end ------------------------------------------------------------------- */

/* Squared |partial correlation| from which on pairs stay at order 1. */
static double bound_of(double alpha, int64_t n) {
    const double t = tanh(gsl_cdf_ugaussian_Qinv(alpha / 2) / sqrt((double)(n - 4)));
    return t * t;
}

/* r: [count x count] correlations; x: the row of the column itself. full: neighbours that it has in
 * all, of which these are some. */
static void count_tests(const double *r, int64_t count, int64_t x, double full, double bound,
                        dsep_probe_side *side) {
    const double *rx = r + x * count;
    for (int64_t y = 0; y < count; y++) {
        double tests = 0;
        int separated = 0;
        for (int64_t k = 0; y != x && k < count && !separated; k++) {
            const double rest = rx[y] - rx[k] * r[y * count + k];
            const double ones = (1 - rx[k] * rx[k]) * (1 - r[y * count + k] * r[y * count + k]);
            if (k == x || k == y)
                continue;
            tests++;
            separated = rest * rest < bound * ones;
        }
        if (y == x)
            continue;
        side->pairs++;
        side->tests += separated ? tests : full;
        side->stay += !separated;
        side->of_those += separated ? 0 : full;
    }
}

static int count_column(dsep_context *ctx, const dsep_table *table, int64_t column,
                        const int64_t *neighbours, int64_t count, double full, double bound,
                        dsep_probe_side *side) {
    int code = DSEP_OK;
    const int64_t stride = dsep_inner_stride(table->n_samples);
    const double *at[MOST];
    double *units = dsep_array(dsep_bytes(stride, count, 1), sizeof *units);
    double *r = dsep_array(count * count, sizeof *r);
    int64_t x = 0;
    DSEP_AGREE(ctx,
               units && r ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a forecast"));
    for (int64_t k = 0; k < count; k++) {
        share_column(ctx, table, neighbours[k], units + k * stride);
        at[k] = units + k * stride;
        x = neighbours[k] == column ? k : x;
    }
    dsep_inner_products(stride, at, count, at, count, r, count);
    count_tests(r, count, x, full, bound, side);
cleanup:
    free(units);
    free(r);
    return code;
}

static int count_side(dsep_context *ctx, const dsep_table *table,
                      const dsep_probe_settings *settings, const neighbourhoods *near,
                      dsep_probe_side *side) {
    int code = DSEP_OK;
    const int64_t room = room_for(table);
    const double n = (double)table->n_samples, bound = bound_of(settings->alpha, table->n_samples);
    double flops = FLOPS;
    for (int64_t k = 0; k < near->count && flops > 0 && room >= LEAST; k++) {
        const int64_t n_all = near->first[k + 1] - near->first[k];
        int64_t some[MOST] = {settings->sample[k]}, count = 1;
        add_some(near->variable + near->first[k], n_all, room, some, &count);
        qsort(some, (size_t)count, sizeof *some, ascending);
        DSEP_TRY(count_column(ctx, table, settings->sample[k], some, count, (double)(n_all - 2),
                              bound, side));
        flops -= 2 * n * (double)count * (double)count;
    }
    if (side->pairs > 0) {
        side->of_those = side->stay > 0 ? side->of_those / side->stay : 0;
        side->tests /= (double)side->pairs;
        side->stay /= (double)side->pairs;
    }
cleanup:
    return code;
}

/* --- the search ------------------------------------------------------------------------------ */

/* seconds: in all; share: of them in which the processor worked for this rank. */
static void take_levels(const dsep_skeleton *skeleton, double seconds, double share,
                        dsep_probe *probe) {
    const dsep_level *level = skeleton->levels;
    const int64_t levels = skeleton->n_levels;
    if (levels > 1) {
        probe->tests_1 = (double)level[1].tests;
        probe->seconds_1 = share * level[1].seconds;
    }
    for (int64_t l = 2; l < levels; l++)
        probe->tests_more += (double)level[l].tests;
    probe->seconds_more = share * (seconds - level[0].seconds) - probe->seconds_1;
    if (skeleton->stop == DSEP_SKELETON_TIME) {
        probe->cut = skeleton->next.order;
        probe->tests_more += skeleton->next.tests;
        probe->seconds_more += share * skeleton->next.seconds;
    }
}

/* On one rank alone. */
static int search(dsep_context *alone, const dsep_correlation *correlation,
                  const dsep_probe_settings *settings, dsep_probe *probe) {
    int code = DSEP_OK;
    dsep_citest *test = NULL;
    dsep_pc *pc = NULL;
    const double began = dsep_clock();
    const double worked = dsep_clock_worked();
    const dsep_pc_settings searching = {
        .search = {.max_order = settings->max_order, .deadline = began + SECONDS}, .partial = 1};
    DSEP_TRY(dsep_fisher_z_create(correlation, settings->alpha, dsep_context_error(alone), &test));
    DSEP_TRY(dsep_pc_run(alone, test, NULL, &searching, &pc));
    const double passed = dsep_clock() - began;
    if (pc->skeleton->adjacency && pc->skeleton->n_levels > 0 && passed > 0)
        take_levels(pc->skeleton, passed, (dsep_clock_worked() - worked) / passed, probe);
cleanup:
    dsep_pc_destroy(&pc);
    dsep_fisher_z_destroy(&test);
    return code;
}

static int search_columns(dsep_context *alone, const double *units, int64_t n, int64_t count,
                          const dsep_probe_settings *settings, dsep_probe *probe) {
    int code = DSEP_OK;
    dsep_correlation *correlation = NULL;
    *probe = (dsep_probe){.n_columns = count};
    DSEP_TRY(dsep_correlation_open(alone, n, count, 1, &correlation));
    double *columns = dsep_correlation_begin(alone, correlation, n, n, count);
    memcpy(columns, units, (size_t)(count * dsep_inner_stride(n)) * sizeof *units);
    dsep_correlation_finish(alone, correlation);
    DSEP_TRY(search(alone, correlation, settings, probe));
cleanup:
    dsep_correlation_destroy(&correlation);
    return code;
}

/* A deadline cuts ranks in different places: the most counts. */
static void unite(dsep_context *ctx, dsep_probe *probe) {
    double most[] = {probe->tests_1, probe->tests_more, probe->seconds_1, probe->seconds_more,
                     (double)probe->cut};
    dsep_max_f64(ctx, most, 5);
    probe->tests_1 = most[0];
    probe->tests_more = most[1];
    probe->seconds_1 = most[2];
    probe->seconds_more = most[3];
    probe->cut = (int64_t)most[4];
}

/* Of these columns, on every rank. */
static int search_everywhere(dsep_context *ctx, const dsep_table *table, const int64_t *columns,
                             int64_t count, const dsep_probe_settings *settings,
                             dsep_probe *probe) {
    int code = DSEP_OK, mine = DSEP_OK;
    const int64_t n = table->n_samples, stride = dsep_inner_stride(n);
    dsep_groups *groups = NULL;
    double *units = dsep_array(dsep_bytes(stride, count, 1), sizeof *units);
    DSEP_AGREE(ctx, units ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a forecast"));
    for (int64_t k = 0; k < count; k++)
        share_column(ctx, table, columns[k], units + k * stride);
    DSEP_TRY(dsep_groups_create(ctx, 1, &groups));
    dsep_context *alone = dsep_groups_context(groups);
    mine = search_columns(alone, units, n, count, settings, probe);
    if (mine)
        *dsep_context_error(ctx) = *dsep_context_error(alone);
    DSEP_AGREE(ctx, mine);
    unite(ctx, probe);
cleanup:
    dsep_groups_destroy(&groups);
    free(units);
    return code;
}

int dsep_probe_run(dsep_context *ctx, const dsep_table *table, const dsep_probe_settings *settings,
                   dsep_probe_side *side, dsep_probe *probe) {
    int code = DSEP_OK;
    int64_t columns[MOST];
    neighbourhoods near = {0};
    *side = (dsep_probe_side){0};
    *probe = (dsep_probe){0};
    DSEP_TRY(find_neighbours(ctx, table, settings, &near));
    DSEP_TRY(count_side(ctx, table, settings, &near, side));
    const int64_t count = choose_columns(table, settings, &near, room_for(table), columns);
    if (count >= LEAST)
        DSEP_TRY(search_everywhere(ctx, table, columns, count, settings, probe));
cleanup:
    free(near.variable);
    return code;
}
