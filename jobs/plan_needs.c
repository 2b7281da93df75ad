#include "jobs/plan_needs.h"

#include "io/table_rows.h"
#include "jobs/commands.h"
#include "jobs/edge_robustness.h"
#include "jobs/knowledge_file.h"
#include "jobs/method_memory.h"
#include "jobs/method_time.h"
#include "jobs/provenance.h"
#include "jobs/replicates.h"
#include "jobs/represent_run.h"
#include "jobs/sensitivity_options.h"
#include "jobs/simulation_study.h"
#include "jobs/time_sample.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "solvers/inner_product.h"
#include "solvers/petsc.h"
#include "solvers/replicate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Seconds that a program takes to start on several ranks and to end. */
static const double START = 0.5;

static const char *const method_names[] = {
    [DSEP_METHOD_PC] = "discover --method pc",
    [DSEP_METHOD_LINGAM] = "discover --method lingam",
    [DSEP_METHOD_ICA_LINGAM] = "discover --method ica-lingam",
    [DSEP_METHOD_VAR_LINGAM] = "discover --method var-lingam",
    [DSEP_METHOD_EXACT] = "discover --method exact",
    [DSEP_METHOD_DAGMA] = "discover --method dagma",
    [DSEP_METHOD_NOTEARS] = "discover --method notears",
};

/* --- PC -------------------------------------------------------------------------------------- */

/* Bytes of an edge in a result and of a separated pair there; of either in a checkpoint; of a
 * variable in a result. */
enum { EDGE = 48, SEPARATED = 32, KEPT = 24, VARIABLE = 96 };

/* Bytes of a result however small: its groups, attributes and HDF5's own; of /replicates, too. */
enum { RESULT = 64 << 10, REPLICATES = 40 << 10 };

/* Bytes of a checkpoint however small, and of the figures of a replicate, compressed. */
enum { CHECKPOINT = 4 << 10, FIGURES = 4 };

/* Replicates: bytes of a rank for each pair of variables that they ever join, while counts are
 * united; in a checkpoint and in a result; new pairs of a replicate, for each that is adjacent
 * after order 0, roughly. */
enum { COUNTED = 150, COUNTED_KEPT = 44, COUNTED_DISK = 100 };

/* What malloc keeps of a rank's small arrays that come and go, before it gives any back
 * (mpi/memory.c). */
enum { KEPT_BY_MALLOC = 1 << 22 };
static const double NEW_PAIRS = 0.035;

/* Seconds of a replicate to draw a value again, and to mark and count the edges of a variable. */
static const double WEIGHED = 5e-9, COUNTING = 5e-6;

/* Seconds to read a value. */
static const double READ = 5e-8;

/* How many pairs replicates ever join. */
static double pairs_joined(const dsep_plan_needs *needs) {
    const dsep_forecast *f = &needs->input.forecast;
    return -f->tests_0 * expm1(-NEW_PAIRS * f->density * (double)needs->units);
}

static void take_given(int64_t bytes, dsep_plan_needs *needs) {
    needs->memory_given = bytes ? bytes : INT64_MAX;
}

static int time_pc(dsep_context *ctx, const dsep_table *table, double alpha, int64_t max_order,
                   uint64_t seed, dsep_plan_needs *needs) {
    dsep_forecast *f = &needs->input.forecast;
    const int code = dsep_forecast_measure(ctx, table, alpha, max_order, seed, f);
    const dsep_forecast_time time = needs->input.whole ? f->whole : f->tiled;
    needs->timed = 1;
    needs->serial = START + time.rest;
    needs->search = time.order_0 + time.order_1 + time.more + time.reading;
    needs->unit = needs->search - time.reading +
                  WEIGHED * (double)table->n_samples * (double)table->n_variables +
                  COUNTING * (double)table->n_variables;
    needs->tests = f->tests_0 + f->likely_1 + f->likely_more;
    return code;
}

static int read_pc(dsep_context *ctx, const dsep_invocation *call, dsep_plan_needs *needs) {
    int code = DSEP_OK;
    const dsep_discover_settings *settings = call->settings;
    dsep_replicates replicates = {0};
    needs->is_pc = 1;
    needs->discover = settings;
    take_given(settings->memory_per_node, needs);
    DSEP_AGREE(ctx, dsep_replicates_check(&settings->replicate, dsep_context_error(ctx)));
    DSEP_TRY(dsep_discover_input_read(ctx, settings, call->arguments[0], &needs->input));
    const dsep_forecast *f = &needs->input.forecast;
    DSEP_AGREE(ctx, dsep_replicates_prepare(settings, needs->input.table, DSEP_GRAPH_CPDAG,
                                            dsep_context_error(ctx), &replicates));
    needs->units = replicates.requested;
    needs->n_samples = f->n_samples;
    needs->n_variables = f->n_variables;
    needs->memory_available = needs->input.memory_available;
    DSEP_TRY(time_pc(ctx, needs->input.table, settings->alpha, settings->max_order,
                     (uint64_t)settings->common.seed, needs));
    const double pairs = f->density * f->tests_0, p = (double)f->n_variables;
    needs->disk = (int64_t)(RESULT + p * VARIABLE + pairs * (EDGE + SEPARATED)) +
                  (needs->units > 0 ? REPLICATES : 0);
    needs->checkpoint = (int64_t)(CHECKPOINT + p * 8 + pairs * KEPT) + FIGURES * needs->units;
    needs->disk += (int64_t)(COUNTED_DISK * pairs_joined(needs));
    needs->checkpoint += (int64_t)(COUNTED_KEPT * pairs_joined(needs));
cleanup:
    dsep_replicates_release(&replicates);
    return code;
}

/* Neighbours and separating sets of a replicate: rows that stand there twice make more pairs look
 * dependent. */
static int64_t bytes_of_search(const dsep_forecast *f) {
    const double pairs = f->density * f->tests_0, more = 1 / f->density;
    return pairs > 0 ? (int64_t)((more < 3 ? more : 3) * pairs * (10 + 44)) : 0;
}

/* The fewest ranks a replicate with which all groups of a node fit, as dsep_replicates_plan() has
 * it: bytes of all of them. */
static int64_t bytes_of_groups(const dsep_plan_needs *needs, int64_t each_node, int64_t left) {
    const dsep_forecast *f = &needs->input.forecast;
    const int64_t search = bytes_of_search(f);
    int64_t least = INT64_MAX;
    for (int whole = needs->input.whole; whole >= 0; whole--) {
        const int64_t made = dsep_replicator_bytes(f->n_samples, f->n_variables, whole);
        const int64_t one = made < 0 || made > INT64_MAX - search ? -1 : made + search;
        for (int64_t each = 1; each <= each_node && one >= 0; each++) {
            const int64_t all = dsep_bytes(one, (each_node + each - 1) / each, 1);
            if (all >= 0 && all <= left)
                return all;
            least = all >= 0 && all < least ? all : least;
        }
    }
    return least;
}

static int64_t bytes_pc(dsep_plan_needs *needs, int64_t nodes, int64_t each, int64_t limit) {
    dsep_discover_input *input = &needs->input;
    const dsep_forecast *f = &input->forecast;
    const dsep_forecast_layout layout = dsep_discover_input_layout(input, nodes, each);
    input->memory_available = limit;
    dsep_discover_input_move(needs->discover, &layout, input);
    if (needs->units == 0 || input->bytes_node == INT64_MAX)
        return input->bytes_node;
    const int64_t held = f->bytes_base + f->bytes_table + f->bytes_own + f->bytes_columns +
                         each * (KEPT_BY_MALLOC + (int64_t)(COUNTED * pairs_joined(needs)));
    const int64_t groups = bytes_of_groups(needs, each, limit - held);
    const int64_t all = groups > INT64_MAX - held ? INT64_MAX : held + groups;
    return all > input->bytes_node ? all : input->bytes_node;
}

/* --- other methods --------------------------------------------------------------------------- */

/* The least of all nodes, or as the user says. */
static void look_around(dsep_context *ctx, int64_t given, dsep_plan_needs *needs) {
    needs->memory_available = given ? given : dsep_memory_available();
    dsep_min_i64(ctx, &needs->memory_available, 1);
    take_given(given, needs);
}

static int64_t or_overflow(int64_t bytes) {
    return bytes < 0 ? INT64_MAX : bytes;
}

static void take_table(const dsep_table *table, dsep_plan_needs *needs) {
    needs->n_samples = table->n_samples;
    needs->n_variables = table->n_variables;
    needs->table = or_overflow(dsep_bytes(table->n_samples, table->n_variables, sizeof(double)));
}

/* What a sample told. */
static void take_time(const dsep_table *table, const dsep_method_seconds *time,
                      dsep_plan_needs *needs) {
    if (!isfinite(time->alone + time->shared + time->unit))
        return;
    needs->timed = 1;
    needs->serial = START + time->alone;
    needs->search = time->shared + READ * (double)table->n_samples * (double)table->n_variables;
    needs->unit = time->unit;
}

static int is_continuous(dsep_method method) {
    return method == DSEP_METHOD_DAGMA || method == DSEP_METHOD_NOTEARS;
}

/* Every rank may have a replicate: its table and what it needs; of DAGMA and NOTEARS a whole fit
 * beside the node's columns, which is more than a share of the first fit, over by then. */
static void take_replicates(dsep_method method, int64_t all, dsep_plan_needs *needs) {
    if (needs->units == 0)
        return;
    needs->node = all < INT64_MAX / 2 ? all + needs->table : INT64_MAX;
    needs->rank = needs->node;
    if (is_continuous(method)) {
        needs->node = needs->table;
        needs->rank = all;
        needs->spread = 0;
    }
}

static int read_method(dsep_context *ctx, const dsep_invocation *call, dsep_plan_needs *needs) {
    int code = DSEP_OK;
    dsep_table *table = NULL;
    dsep_replicates replicates = {0};
    dsep_method_seconds time;
    const dsep_discover_settings *settings = call->settings;
    const dsep_table_settings reading = dsep_data_settings(&settings->data, call->arguments[0], 2);
    const dsep_method method = (dsep_method)settings->method;
    if (is_continuous(method))
        DSEP_AGREE(ctx, dsep_petsc_check(dsep_context_error(ctx)));
    DSEP_AGREE(ctx, dsep_replicates_check(&settings->replicate, dsep_context_error(ctx)));
    DSEP_TRY(dsep_table_read(ctx, &reading, &table));
    take_table(table, needs);
    if (settings->knowledge) /* only to say now what is wrong with it */
        DSEP_TRY(
            dsep_knowledge_file_read(ctx, settings->knowledge, table, &needs->input.knowledge));
    DSEP_AGREE(ctx, dsep_replicates_prepare(settings, table, DSEP_GRAPH_DAG,
                                            dsep_context_error(ctx), &replicates));
    needs->units = replicates.requested;
    look_around(ctx, settings->memory_per_node, needs);
    const int64_t all = or_overflow(dsep_method_memory(settings, table, 1));
    const int64_t none = or_overflow(dsep_method_memory(settings, table, 0));
    needs->node = none;
    needs->spread = all - none; /* over the nodes */
    take_replicates(method, all, needs);
    needs->by_iterations = is_continuous(method) || method == DSEP_METHOD_ICA_LINGAM;
    DSEP_TRY(dsep_method_time(ctx, settings, table, &time));
    take_time(table, &time, needs);
cleanup:
    dsep_replicates_release(&replicates);
    dsep_table_destroy(&table);
    return code;
}

static int read_represent(dsep_context *ctx, const dsep_invocation *call, dsep_plan_needs *needs) {
    int code = DSEP_OK;
    dsep_represent_settings settings = *(const dsep_represent_settings *)call->settings;
    dsep_represent_run run = {.call = call, .settings = &settings};
    dsep_method_seconds time;
    look_around(ctx, settings.memory_per_node, needs);
    settings.memory_per_node = INT64_MAX; /* what does not fit is said later, with what would */
    settings.dry_run = 0;
    DSEP_TRY(dsep_represent_input(ctx, &run));
    take_table(run.table, needs);
    needs->node = dsep_represent_bytes(&run, 0);
    needs->rank = dsep_represent_bytes(&run, 1) - needs->node;
    needs->units =
        settings.replicates + (settings.method == DSEP_REPRESENT_HCA ? settings.hca.null_draws : 0);
    DSEP_TRY(dsep_represent_time(ctx, &run, &time));
    take_time(run.table, &time, needs);
cleanup:
    dsep_environments_destroy(&run.environments);
    dsep_table_destroy(&run.table);
    free(run.labels);
    free(run.rows);
    return code;
}

/* --- studies --------------------------------------------------------------------------------- */

static double greatest(const dsep_study_design *design, const char *name) {
    double most = 0;
    for (int64_t cell = 0; cell < design->n_cells; cell++) {
        const double value = dsep_study_value(design, cell, name, 0);
        most = value > most ? value : most;
    }
    return most;
}

/* Cells of a simulation that are timed at most. */
enum { CELLS = 8 };

/* Every rank may have a run of its own. */
static void take_runs(int64_t columns, int whole, dsep_plan_needs *needs) {
    const int64_t one =
        dsep_replicator_bytes(columns * needs->n_samples, needs->n_variables, whole);
    needs->rank = or_overflow(one);
}

/* Runs on a table: a search like the first cell's is timed, and a matrix is held. */
static int read_runs(dsep_context *ctx, const dsep_invocation *call, dsep_plan_needs *needs) {
    int code = DSEP_OK;
    dsep_table *table = NULL;
    dsep_study_design *design = NULL;
    const dsep_sensitivity_settings *settings = call->settings;
    const dsep_table_settings reading = dsep_data_settings(&settings->data, call->arguments[0], 5);
    dsep_forecast *f = &needs->input.forecast;
    DSEP_TRY(dsep_table_read(ctx, &reading, &table));
    dsep_provenance_log_input(ctx, call->arguments[0], table);
    DSEP_AGREE(
        ctx, dsep_sensitivity_design(settings, table->n_samples, dsep_context_error(ctx), &design));
    take_table(table, needs);
    DSEP_TRY(dsep_forecast_search(ctx, table, greatest(design, "alpha"),
                                  (uint64_t)settings->common.seed, f));
    needs->input.whole = 1;
    DSEP_TRY(
        time_pc(ctx, table, greatest(design, "alpha"), -1, (uint64_t)settings->common.seed, needs));
    needs->units = design->n_units;
    needs->node = f->bytes_columns;
    take_runs(1, 1, needs);
cleanup:
    dsep_study_design_destroy(&design);
    dsep_table_destroy(&table);
    return code;
}

/* Seconds of a run of a cell, and its tests: its table is drawn, and its search forecast. */
static int time_cell(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                     const dsep_study_design *design, int64_t cell, dsep_plan_needs *needs) {
    int code = DSEP_OK;
    dsep_linear_model *model = NULL;
    dsep_table *table = NULL;
    dsep_forecast *f = &needs->input.forecast;
    const double alpha = dsep_study_value(design, cell, "alpha", 0.01);
    const uint64_t seed = dsep_study_cell_seed(design, cell);
    double drawn = dsep_clock_worked();
    DSEP_TRY(dsep_simulation_study_draw(ctx, settings, design, cell * design->n_replicates, &model,
                                        &table));
    drawn = dsep_clock_worked() - drawn;
    dsep_max_f64(ctx, &drawn, 1);
    DSEP_TRY(dsep_forecast_search(ctx, table, alpha, seed, f));
    DSEP_TRY(dsep_forecast_measure(
        ctx, table, alpha, dsep_sensitivity_search(design, cell).search.max_order, seed, f));
    needs->unit += drawn + f->whole.order_0 + f->whole.order_1 + f->whole.more +
                   COUNTING * (double)table->n_variables;
    needs->tests += f->tests_0 + f->likely_1 + f->likely_more;
cleanup:
    dsep_table_destroy(&table);
    dsep_linear_model_destroy(&model);
    return code;
}

/* The mean of all cells, or of some of many, in steps that meet no grid's. */
static int time_cells(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                      const dsep_study_design *design, dsep_plan_needs *needs) {
    int code = DSEP_OK;
    const int64_t cells = design->n_cells, some = cells < CELLS ? cells : CELLS;
    for (int64_t i = 0; i < some; i++) {
        const double place = fmod(.5 + (double)i * (sqrt(5) - 1) / 2, 1);
        DSEP_TRY(time_cell(ctx, settings, design,
                           some == cells ? i : (int64_t)(place * (double)cells), needs));
    }
    needs->timed = 1;
    needs->unit /= (double)some;
    needs->tests *= (double)design->n_units / (double)some;
cleanup:
    return code;
}

static int read_simulation(dsep_context *ctx, const dsep_invocation *call, dsep_plan_needs *needs) {
    int code = DSEP_OK;
    dsep_study_design *design = NULL;
    DSEP_AGREE(ctx, dsep_sensitivity_design(call->settings, 0, dsep_context_error(ctx), &design));
    needs->n_samples = (int64_t)greatest(design, "samples");
    needs->n_variables = (int64_t)greatest(design, "variables");
    needs->units = design->n_units;
    take_runs(2, 1, needs);
    DSEP_TRY(time_cells(ctx, call->settings, design, needs));
cleanup:
    dsep_study_design_destroy(&design);
    return code;
}

static int read_sensitivity(dsep_context *ctx, const dsep_invocation *call,
                            dsep_plan_needs *needs) {
    const dsep_sensitivity_settings *settings = call->settings;
    needs->subject = settings->simulate ? "sensitivity --simulate" : "sensitivity";
    look_around(ctx, settings->memory_per_node, needs);
    if (!settings->simulate && call->n_arguments == 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE, "dsep sensitivity needs DATA, or --simulate");
    if (!settings->simulate && dsep_edge_robustness_takes(ctx, call->arguments[0]))
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "'%s' is a result: how sensitive its edges are takes seconds and needs no "
                         "job; run dsep sensitivity %s itself",
                         call->arguments[0], call->arguments[0]);
    return settings->simulate ? read_simulation(ctx, call, needs) : read_runs(ctx, call, needs);
}

/* --- all of them ----------------------------------------------------------------------------- */

int dsep_plan_needs_read(dsep_context *ctx, const dsep_invocation *call, dsep_plan_needs *needs) {
    *needs = (dsep_plan_needs){.base = dsep_memory_look(), .serial = START};
    int64_t most[] = {needs->base.private, needs->base.files};
    dsep_max_i64(ctx, most, 2);
    needs->base = (dsep_memory_own){most[0], most[1] + DSEP_FILES_LATER};
    if (call->command == &dsep_command_represent) {
        needs->subject = "represent";
        return read_represent(ctx, call, needs);
    }
    if (call->command == &dsep_command_sensitivity)
        return read_sensitivity(ctx, call, needs);
    if (call->command != &dsep_command_discover)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "dsep %s is never a long job; there are plans of discover, represent and "
                         "sensitivity",
                         call->command->name);
    const dsep_discover_settings *settings = call->settings;
    needs->subject = method_names[settings->method];
    return settings->method == DSEP_METHOD_PC ? read_pc(ctx, call, needs)
                                              : read_method(ctx, call, needs);
}

void dsep_plan_needs_release(dsep_plan_needs *needs) {
    dsep_discover_input_release(&needs->input);
}

int64_t dsep_plan_needs_bytes(dsep_plan_needs *needs, int64_t nodes, int64_t ranks_per_node,
                              int64_t limit) {
    if (needs->is_pc)
        return bytes_pc(needs, nodes, ranks_per_node, limit);
    const double each = (double)ranks_per_node;
    const double held = (double)needs->base.files + (double)needs->table / (double)nodes +
                        each * (double)needs->base.private;
    const double reading =
        needs->table > 0
            ? each * (double)dsep_table_reading_bytes(needs->n_samples, needs->n_variables,
                                                      nodes * ranks_per_node, 1)
            : 0;
    const double working =
        (double)needs->node + (double)needs->spread / (double)nodes + each * (double)needs->rank;
    const double bytes = held + (working > reading ? working : reading);
    return bytes < 9e18 ? (int64_t)bytes : INT64_MAX;
}

double dsep_plan_needs_seconds(const dsep_plan_needs *needs, int64_t ranks, int64_t parts) {
    if (!needs->timed)
        return 0;
    const int64_t units = (needs->units + parts - 1) / parts;
    const int64_t groups = ranks < units ? ranks : units;
    double seconds = needs->serial + needs->search / (double)ranks;
    if (units > 0) /* rounds of groups, which share a unit where there are more ranks */
        seconds += (double)((units + groups - 1) / groups) * needs->unit / (double)(ranks / groups);
    return seconds;
}
