/* discover --method dagma, notears. */
#include "jobs/continuous_replicates.h"
#include "jobs/dag_run.h"
#include "jobs/method_memory.h"
#include "jobs/replicates_result.h"
#include "jobs/run_pauses.h"
#include "jobs/whole_write.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/continuous.h"
#include "solvers/petsc.h"
#include "solvers/scalapack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const dsep_continuous *result;
    const dsep_continuous_options *options;
    const dsep_knowledge *knowledge; /* NULL: none */
    dsep_acyclic_kind kind;
    const dsep_replicates *replicates;
    char petsc[256], grid[64];
} continuous_found;

/* --- the result ------------------------------------------------------------------------------ */

static const char *scale_name(const continuous_found *f) {
    return f->options->raw ? "raw" : "standardised";
}

/* Why it is not converged, in words; "converged". */
static const char *reason(const continuous_found *f) {
    if (f->result->converged)
        return "converged";
    for (int64_t i = 0; i < f->result->n_stages; i++)
        if (f->result->stages[i].end == DSEP_STAGE_ITERATIONS)
            return "--max-iterations were not enough for some stage";
    return "h is above 1e-8 at the largest penalty";
}

static void write_attributes(dsep_h5write *file, const continuous_found *f) {
    const char *at = "/continuous";
    const dsep_weight_graph *answer = f->result->answer;
    dsep_h5write_attribute_text(file, at, "scale", scale_name(f));
    dsep_h5write_attribute_real(file, at, "lambda", f->options->lambda);
    dsep_h5write_attribute_integer(file, at, "converged", f->result->converged);
    dsep_h5write_attribute_text(file, at, "ended", reason(f));
    dsep_h5write_attribute_real(file, at, "threshold_asked", f->options->threshold);
    dsep_h5write_attribute_real(file, at, "threshold", answer->threshold);
    dsep_h5write_attribute_integer(file, at, "threshold_raised", answer->raised);
    dsep_h5write_attribute_real(file, at, "smallest_kept", answer->kept);
    dsep_h5write_attribute_real(file, at, "largest_dropped", answer->dropped);
    if (f->knowledge)
        dsep_h5write_attribute_integer(file, at, "required_below_threshold", answer->weak);
    dsep_h5write_attribute_integer(file, at, "nodes_not_determined", answer->singular);
    dsep_h5write_attribute_real(file, at, "variance_ascending", f->result->ascending);
    dsep_h5write_attribute_text(file, at, "petsc", f->petsc);
    dsep_h5write_attribute_text(file, at, "grid", f->grid);
}

/* Rank 0 has every row. */
static int write_stages(dsep_context *ctx, dsep_h5write *file, const continuous_found *f) {
    int code = DSEP_OK;
    static const char *const ends[] = {"gradient", "settled", "max-iterations"};
    static const struct {
        const char *name;
        size_t offset;
        dsep_h5_type type;
    } columns[] = {
        {"fit", offsetof(dsep_continuous_stage, fit), DSEP_H5_DOUBLE},
        {"s", offsetof(dsep_continuous_stage, determinant), DSEP_H5_DOUBLE},
        {"multiplier", offsetof(dsep_continuous_stage, linear), DSEP_H5_DOUBLE},
        {"penalty", offsetof(dsep_continuous_stage, quadratic), DSEP_H5_DOUBLE},
        {"iterations", offsetof(dsep_continuous_stage, iterations), DSEP_H5_INT64},
        {"evaluations", offsetof(dsep_continuous_stage, evaluations), DSEP_H5_INT64},
        {"value", offsetof(dsep_continuous_stage, value), DSEP_H5_DOUBLE},
        {"loss", offsetof(dsep_continuous_stage, loss), DSEP_H5_DOUBLE},
        {"l1", offsetof(dsep_continuous_stage, norm), DSEP_H5_DOUBLE},
        {"h", offsetof(dsep_continuous_stage, h), DSEP_H5_DOUBLE},
        {"gradient_norm", offsetof(dsep_continuous_stage, gradient_norm), DSEP_H5_DOUBLE},
    };
    const int64_t n = f->result->n_stages;
    const dsep_block rows = dsep_whole_on_zero(ctx, n);
    int64_t values[DSEP_CONTINUOUS_STAGES]; /* of either type: both have 8 bytes */
    int8_t end[DSEP_CONTINUOUS_STAGES];
    DSEP_TRY(dsep_h5write_table(file, "/continuous/stages", n, 0, NULL));
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        for (int64_t i = 0; i < n; i++)
            values[i] = *(const int64_t *)((const char *)&f->result->stages[i] + columns[c].offset);
        DSEP_TRY(dsep_h5write_column(file, columns[c].name, columns[c].type, rows, values));
    }
    for (int64_t i = 0; i < n; i++)
        end[i] = (int8_t)f->result->stages[i].end;
    DSEP_TRY(dsep_h5write_categories(file, "end", ends, 3, rows, end));
cleanup:
    return code;
}

static int write_more(dsep_context *ctx, dsep_h5write *file, const void *data) {
    int code = DSEP_OK;
    const continuous_found *f = data;
    const dsep_weight_graph *answer = f->result->answer;
    const int64_t nodes = answer->graph->n_nodes, edges = answer->graph->n_edges;
    write_attributes(file, f);
    DSEP_TRY(write_stages(ctx, file, f));
    const dsep_h5write_slab order = dsep_h5write_line(nodes, dsep_whole_on_zero(ctx, nodes));
    DSEP_TRY(dsep_h5write_array(file, "/continuous/order", DSEP_H5_INT64, &order, answer->order));
    const dsep_h5write_slab found = dsep_h5write_line(edges, dsep_whole_on_zero(ctx, edges));
    DSEP_TRY(dsep_h5write_array(file, "/continuous/found", DSEP_H5_DOUBLE, &found, answer->found));
    if (f->replicates->campaign)
        DSEP_TRY(dsep_replicates_write(ctx, file, f->replicates));
cleanup:
    return code;
}

static void print_more(const void *data) {
    const continuous_found *f = data;
    const dsep_weight_graph *answer = f->result->answer;
    int64_t iterations = 0;
    for (int64_t i = 0; i < f->result->n_stages; i++)
        iterations += f->result->stages[i].iterations;
    if (answer->weak > 0)
        printf("            %lld of the required edges have |w| below the threshold\n",
               (long long)answer->weak);
    printf("  scale     %s\n", scale_name(f));
    printf("  threshold %.4g: |w| kept from %.4g on, dropped up to %.4g\n", answer->threshold,
           answer->kept, answer->dropped);
    if (answer->raised)
        printf("            raised from %g, which left cycles\n", f->options->threshold);
    printf("  search    %lld stages, %lld iterations: %s\n", (long long)f->result->n_stages,
           (long long)iterations, f->result->converged ? "converged" : "NOT CONVERGED");
    if (!f->result->converged)
        printf("            %s; h %.2g, gradient %.2g at the end\n", reason(f),
               f->result->stages[f->result->n_stages - 1].h,
               f->result->stages[f->result->n_stages - 1].gradient_norm);
    if (answer->singular > 0)
        printf("  weights   of %lld nodes are not determined by their parents\n",
               (long long)answer->singular);
    if (f->options->raw && answer->graph->n_edges > 0)
        printf(
            "  variances %.0f %% of the edges lead to the larger variance; near 100 %% the order\n"
            "            of variances, which units decide, may be all that was found\n",
            100 * f->result->ascending);
    if (f->replicates->campaign)
        dsep_replicates_print(f->replicates);
}

/* --- the run --------------------------------------------------------------------------------- */

static dsep_continuous_settings settings_of(const continuous_found *f) {
    return (dsep_continuous_settings){.kind = f->kind,
                                      .raw = f->options->raw,
                                      .lambda = f->options->lambda,
                                      .threshold = f->options->threshold,
                                      .tolerance = 1e-5,
                                      .max_iterations = f->options->max_iterations,
                                      .knowledge = f->knowledge};
}

/* end: takes the state at the end, which goes with the replicates. */
static int optimise(dsep_context *ctx, dsep_dag_run *run, continuous_found *f, dsep_state *end,
                    dsep_continuous **result) {
    int code = DSEP_OK;
    dsep_correlation *correlation = NULL;
    dsep_run_pausing pausing = {.running = &run->running};
    const dsep_pauses pauses = dsep_run_pauses(&pausing);
    dsep_continuous_settings settings = settings_of(f);
    settings.pauses = &pauses;
    settings.resume = run->running.found ? &run->running.state : NULL;
    settings.end = f->replicates->requested > 0 ? end : NULL;
    dsep_log_section_begin(ctx, "correlation");
    DSEP_TRY(dsep_correlation_create(ctx, run->table, 1, &correlation));
    dsep_log_section_begin(ctx, "optimisation");
    DSEP_TRY(dsep_continuous_run(ctx, correlation, &settings, result));
    f->result = *result;
cleanup:
    dsep_correlation_destroy(&correlation);
    return code;
}

static int write(dsep_context *ctx, dsep_dag_run *run, const continuous_found *f) {
    int code = DSEP_OK;
    const int dagma = f->kind == DSEP_ACYCLIC_LOGDET;
    const int complete = !f->replicates->campaign || !f->replicates->campaign->stopped;
    const int partial = run->discovery->settings->running.allow_partial;
    const dsep_weight_graph *answer = f->result->answer;
    const dsep_dag_found found = {.method = dagma ? "dagma" : "notears",
                                  .title = dagma ? "DAGMA" : "NOTEARS",
                                  .meaning = f->options->raw
                                                 ? "coefficient of least squares on the parents"
                                                 : "standardised coefficient of least squares on "
                                                   "the parents",
                                  .graph = answer->graph,
                                  .valid = 1, /* it comes with a topological order */
                                  .weight = answer->fitted,
                                  .complete = complete,
                                  .more = write_more,
                                  .print = print_more,
                                  .data = f};
    if (complete || partial)
        DSEP_TRY(dsep_dag_run_write(ctx, run, &found));
    if (!complete)
        code = dsep_running_stopped(ctx, &run->running, partial ? run->discovery->path : NULL);
cleanup:
    return code;
}

static void say(dsep_context *ctx, const continuous_found *f) {
    dsep_log_line(ctx, "PETSc %s, %s", f->petsc, f->grid);
    if (f->options->raw)
        dsep_log_warning(ctx, "raw scales: what is found follows the order of the variances, which "
                              "units of measurement decide (Reisach et al. 2021); standardised "
                              "data, the default, do not depend on units");
    else
        dsep_log_line(ctx, "variables are standardised; see --scale");
}

/* The fit, its replicates, and the result. */
static int solve(dsep_context *ctx, dsep_dag_run *run, continuous_found *f,
                 dsep_replicates *replicates) {
    int code = DSEP_OK;
    const dsep_continuous_settings settings = settings_of(f);
    dsep_state end = {0};
    dsep_continuous *result = NULL;
    say(ctx, f);
    DSEP_TRY(optimise(ctx, run, f, &end, &result));
    if (result->stopped) {
        code = dsep_running_stopped(ctx, &run->running, NULL);
        goto cleanup;
    }
    DSEP_TRY(dsep_continuous_replicates_run(ctx, run, &settings, &end, replicates));
    DSEP_TRY(write(ctx, run, f));
cleanup:
    dsep_state_clear(&end);
    dsep_continuous_destroy(&result);
    return code;
}

static int run_continuous(dsep_context *ctx, const dsep_discovery *discovery,
                          dsep_acyclic_kind kind) {
    int code = DSEP_OK, dry = 0;
    const int64_t least = 4;
    dsep_replicates replicates = {0};
    const dsep_discover_settings *settings = discovery->settings;
    continuous_found f = {
        .options = &settings->continuous, .kind = kind, .replicates = &replicates};
    dsep_dag_run run = {.discovery = discovery};
    dsep_petsc_version(f.petsc, sizeof f.petsc);
    DSEP_AGREE(ctx, dsep_petsc_check(dsep_context_error(ctx)));
    DSEP_AGREE(ctx, dsep_replicates_check(&settings->replicate, dsep_context_error(ctx)));
    dsep_grid_tell(ctx, 1, f.grid, sizeof f.grid);
    DSEP_TRY(dsep_dag_run_open(ctx, discovery, least, &run));
    f.knowledge = run.knowledge;
    DSEP_TRY(dsep_continuous_replicates_plan(ctx, &run, kind, &replicates));
    const double share = ceil((double)dsep_size(ctx) / dsep_nodes(ctx)) / dsep_size(ctx);
    DSEP_TRY(dsep_dag_run_begin(ctx, &run, dsep_method_memory(settings, run.table, share),
                                "correlations, p x p matrices, vectors of 2 p^2", &dry));
    if (settings->dry_run && replicates.requested > 0 && dsep_rank(ctx) == 0)
        dsep_replicates_print_plan(&replicates);
    if (!dry)
        DSEP_TRY(solve(ctx, &run, &f, &replicates));
cleanup:
    dsep_replicates_release(&replicates);
    dsep_dag_run_close(&run);
    dsep_petsc_end();
    return code;
}

int dsep_discover_dagma(dsep_context *ctx, const dsep_discovery *discovery) {
    return run_continuous(ctx, discovery, DSEP_ACYCLIC_LOGDET);
}

int dsep_discover_notears(dsep_context *ctx, const dsep_discovery *discovery) {
    return run_continuous(ctx, discovery, DSEP_ACYCLIC_EXPONENTIAL);
}
