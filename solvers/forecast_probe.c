#include "solvers/forecast_probe.h"

#include "mpi/exchange.h"
#include "mpi/groups.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/fisher_z.h"
#include "solvers/inner_product.h"
#include "solvers/pc.h"
#include "solvers/standardise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Columns that are searched; values of them; columns that make sense. */
enum { MOST = 400, MOST_VALUES = 1 << 23, LEAST = 8 };
static const double SECONDS = 1.5;

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

/* This rank's columns that are neighbours of one, into found; returns how many. */
static int64_t list_neighbours(const dsep_table *table, const double *unit, double threshold,
                               double *other, int64_t *found) {
    const int64_t n = table->n_samples, stride = dsep_inner_stride(n);
    int64_t count = 0;
    double mean, sd, r;
    for (int64_t j = 0; j < table->mine.count; j++) {
        const double *x[] = {other}, *y[] = {unit};
        dsep_standardise(table->values + j * n, n, other, &mean, &sd);
        dsep_inner_products(stride, x, 1, y, 1, &r, 1);
        if (fabs(r) > threshold) /* itself, too */
            found[count++] = table->mine.first + j;
    }
    return count;
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

/* All columns, or those of the sample, each with its neighbours, until there is no more room. */
static int choose_columns(dsep_context *ctx, const dsep_table *table,
                          const dsep_probe_settings *settings, int64_t room, int64_t *columns,
                          int64_t *count) {
    int code = DSEP_OK;
    const int64_t stride = dsep_inner_stride(table->n_samples);
    double *units = dsep_array(2 * stride, sizeof *units);
    int64_t *found = dsep_array(table->mine.count, sizeof *found);
    *count = 0;
    for (int64_t j = 0; table->n_variables <= room && j < table->n_variables; j++)
        columns[(*count)++] = j;
    DSEP_AGREE(ctx, units && found ? DSEP_OK
                                   : dsep_out_of_memory(dsep_context_error(ctx), "a forecast"));
    for (int64_t k = 0; k < settings->n_sample && *count < room && table->n_variables > room; k++) {
        void *all = NULL;
        int64_t bytes = 0;
        share_column(ctx, table, settings->sample[k], units);
        const int64_t mine =
            list_neighbours(table, units, settings->threshold, units + stride, found);
        DSEP_TRY(dsep_gather_all(ctx, found, mine * (int64_t)sizeof *found, &all, &bytes));
        add_some(all, bytes / (int64_t)sizeof *found, room, columns, count);
        free(all);
    }
    qsort(columns, (size_t)*count, sizeof *columns, ascending); /* as a search meets them */
cleanup:
    free(units);
    free(found);
    return code;
}

/* --- the search ------------------------------------------------------------------------------ */

/* Tests of order 1 if none stopped early: each neighbour with each other one. */
static double count_most(const dsep_adjacency *adjacency) {
    double sum = 0;
    for (int64_t x = 0; x < adjacency->n_nodes; x++) {
        const int64_t degree = adjacency->offset[x + 1] - adjacency->offset[x];
        sum += (double)degree * (double)(degree - 1);
    }
    return sum;
}

/* seconds: in all; share: of them in which the processor worked for this rank. */
static void take_levels(const dsep_skeleton *skeleton, double seconds, double share,
                        dsep_probe *probe) {
    const dsep_level *level = skeleton->levels;
    const int64_t levels = skeleton->n_levels;
    probe->degree = 2 * (double)level[0].edges / (double)probe->n_columns;
    probe->most_1 = count_most(skeleton->adjacency);
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
    const clock_t worked = clock();
    const dsep_pc_settings searching = {
        .search = {.max_order = settings->max_order, .deadline = began + SECONDS}, .partial = 1};
    DSEP_TRY(dsep_fisher_z_create(correlation, settings->alpha, dsep_context_error(alone), &test));
    DSEP_TRY(dsep_pc_run(alone, test, NULL, &searching, &pc));
    const double passed = dsep_clock() - began;
    if (pc->skeleton->adjacency && pc->skeleton->n_levels > 0 && passed > 0)
        take_levels(pc->skeleton, passed, (double)(clock() - worked) / CLOCKS_PER_SEC / passed,
                    probe);
cleanup:
    dsep_pc_destroy(&pc);
    dsep_fisher_z_destroy(&test);
    return code;
}

/* Of every step-th column. */
static int search_some(dsep_context *alone, const double *units, int64_t n, int64_t count,
                       int64_t step, const dsep_probe_settings *settings, dsep_probe *probe) {
    int code = DSEP_OK;
    const int64_t stride = dsep_inner_stride(n), p = (count + step - 1) / step;
    dsep_correlation *correlation = NULL;
    *probe = (dsep_probe){.n_columns = p};
    DSEP_TRY(dsep_correlation_open(alone, n, p, 1, &correlation));
    double *columns = dsep_correlation_begin(alone, correlation, n, n, p);
    for (int64_t j = 0; j < p; j++)
        memcpy(columns + j * stride, units + j * step * stride, (size_t)stride * sizeof *units);
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

int dsep_probe_run(dsep_context *ctx, const dsep_table *table, const dsep_probe_settings *settings,
                   dsep_probe *all, dsep_probe *half) {
    int code = DSEP_OK, mine = DSEP_OK;
    const int64_t n = table->n_samples, stride = dsep_inner_stride(n);
    const int64_t fit = MOST_VALUES / (n > 0 ? n : 1), room = fit < MOST ? fit : MOST;
    int64_t columns[MOST], count = 0;
    double *units = NULL;
    dsep_groups *groups = NULL;
    *all = *half = (dsep_probe){0};
    if (room < LEAST)
        return DSEP_OK;
    DSEP_TRY(choose_columns(ctx, table, settings, room, columns, &count));
    if (count < LEAST)
        goto cleanup;
    units = dsep_array(dsep_bytes(stride, count, 1), sizeof *units);
    DSEP_AGREE(ctx, units ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a forecast"));
    for (int64_t k = 0; k < count; k++)
        share_column(ctx, table, columns[k], units + k * stride);
    DSEP_TRY(dsep_groups_create(ctx, 1, &groups));
    dsep_context *alone = dsep_groups_context(groups);
    mine = search_some(alone, units, n, count, 1, settings, all);
    if (!mine)
        mine = search_some(alone, units, n, count, 2, settings, half);
    if (mine)
        *dsep_context_error(ctx) = *dsep_context_error(alone);
    DSEP_AGREE(ctx, mine);
    unite(ctx, all);
    unite(ctx, half);
cleanup:
    dsep_groups_destroy(&groups);
    free(units);
    return code;
}
