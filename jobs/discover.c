#include "jobs/commands.h"
#include "jobs/discover_result.h"
#include "jobs/forecast_report.h"
#include "jobs/output_path.h"
#include "solvers/blas.h"
#include "solvers/fisher_z.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_header(dsep_context *ctx, const dsep_invocation *call) {
    const dsep_common_settings *common = call->settings;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    dsep_log_line(ctx, "dsep %s on %s, %d rank%s on %d node%s, BLAS kernels %s, seed %lld",
                  DSEP_VERSION, host, dsep_size(ctx), dsep_size(ctx) == 1 ? "" : "s",
                  dsep_nodes(ctx), dsep_nodes(ctx) == 1 ? "" : "s", dsep_blas_core(),
                  (long long)common->seed);
    dsep_log_line(ctx, "%s", call->line);
}

/* How far the search came, where it could have gone on. */
static void print_end(const dsep_skeleton *skeleton) {
    const dsep_skeleton_next next = skeleton->next;
    if (skeleton->stop == DSEP_SKELETON_TIME)
        printf(
            "  PARTIAL   complete for sets of up to %lld variables; --max-time ended the search\n",
            (long long)next.order - 1);
    if (next.order >= 0)
        printf("  next      sets of %lld variables: at most %.3g tests, about %.3g s on these "
               "ranks\n",
               (long long)next.order, next.tests, next.seconds);
}

/* What a person wants to know first. */
static void print_summary(const dsep_discover_result *r) {
    const dsep_pc *pc = r->pc;
    int64_t tests = 0, singular = 0;
    for (int64_t l = 0; l < pc->skeleton->n_levels; l++) {
        tests += pc->skeleton->levels[l].tests;
        singular += pc->skeleton->levels[l].singular;
    }
    int64_t heads = 0, one_way = 0; /* ends with an arrow; edges with just one */
    for (int64_t k = 0; k < 2 * pc->graph->n_edges; k++) {
        heads += pc->graph->mark[k] == DSEP_MARK_ARROW;
        one_way += dsep_graph_place_directed(pc->graph, k);
    }
    const int64_t two_way = (heads - one_way) / 2;
    const dsep_table *table = r->input->table;
    printf("\n%s of %lld variables from %lld samples, alpha %g\n",
           pc->graph->kind == DSEP_GRAPH_SKELETON ? "Skeleton" : "CPDAG",
           (long long)table->n_variables, (long long)table->n_samples, r->settings->alpha);
    print_end(pc->skeleton);
    printf("  edges     %lld, of which %lld directed\n", (long long)pc->graph->n_edges,
           (long long)one_way);
    printf("  tests     %lld, sets of up to %lld variables\n", (long long)tests,
           (long long)pc->skeleton->n_levels - 1);
    if (singular > 0)
        printf("            %lld more do not exist: some variables are determined by others\n",
               (long long)singular);
    if (pc->conflicts.count > 0)
        printf("  conflicts %lld edges asked to point both ways, %lld of them left <->; the result "
               "lists them\n",
               (long long)pc->conflicts.count, (long long)two_way);
    if (10 * two_way > pc->graph->n_edges && r->settings->orientation == 0)
        printf(
            "            these are many: --orientation majority or a smaller --alpha may help\n");
    if (pc->ambiguous > 0)
        printf("  ambiguous %lld triples from which nothing was concluded\n",
               (long long)pc->ambiguous);
    if (r->settings->knowledge)
        printf("  knowledge %s\n",
               pc->certificate.violations ? "VIOLATED" : "every constraint holds");
    printf("  result    %s (graph-hash %s)\n", r->path, r->hash);
    printf("Next: dsep show %s\n      dsep export %s --format dot | dot -Tsvg > graph.svg\n",
           r->path, r->path);
    fflush(stdout);
}

static int solve(dsep_context *ctx, dsep_discover_result *r, dsep_correlation **correlation,
                 dsep_pc **pc) {
    int code = DSEP_OK;
    dsep_citest *test = NULL;
    const dsep_discover_settings *settings = r->settings;
    const double deadline = settings->max_time > 0 ? r->clock_began + settings->max_time : 0;
    const dsep_pc_settings searching = {.search = {.max_order = settings->max_order,
                                                   .deadline = deadline,
                                                   .listed = !r->input->whole,
                                                   .trace = settings->trace},
                                        .orientation = (dsep_orientation)settings->orientation,
                                        .skeleton_only = settings->skeleton_only};
    dsep_log_section_begin(ctx, "correlation");
    dsep_log_line(ctx, "correlations: %s (a matrix: %.3g GB a node)",
                  r->input->whole ? "a whole matrix" : "made in tiles and when needed",
                  (double)r->input->forecast.bytes_matrix / 1e9);
    DSEP_TRY(dsep_correlation_create(ctx, r->input->table, r->input->whole, correlation));
    DSEP_AGREE(ctx,
               dsep_fisher_z_create(*correlation, settings->alpha, dsep_context_error(ctx), &test));
    DSEP_TRY(dsep_pc_run(ctx, test, r->input->knowledge, &searching, pc));
    r->correlation = *correlation;
    r->pc = *pc;
cleanup:
    dsep_fisher_z_destroy(&test);
    return code;
}

static int finish(dsep_context *ctx, dsep_discover_result *r) {
    int code = DSEP_OK;
    dsep_log_section *sections = NULL, *all = NULL;
    int64_t n_all = 0;
    DSEP_TRY(dsep_log_sections(ctx, &sections, &r->n_sections));
    r->sections = sections;
    dsep_log_section_begin(ctx, "writing");
    DSEP_TRY(dsep_discover_result_write(ctx, r));
    DSEP_TRY(dsep_log_sections(ctx, &all, &n_all));
    dsep_log_table(ctx, all, n_all);
    if (dsep_rank(ctx) == 0 && !r->settings->common.quiet)
        print_summary(r);
    if (r->pc->skeleton->stop == DSEP_SKELETON_TIME && !r->settings->allow_partial)
        code = dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                         "--max-time ended the search before order %lld was done. %s holds what "
                         "is complete and is marked as partial; give --allow-partial to accept "
                         "this, more time or ranks, or --max-order %lld",
                         (long long)r->pc->skeleton->next.order, r->path,
                         (long long)r->pc->skeleton->next.order - 1);
cleanup:
    free(sections);
    free(all);
    return code;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    char *path = NULL;
    dsep_discover_input input = {0};
    dsep_correlation *correlation = NULL;
    dsep_pc *pc = NULL;
    const dsep_discover_settings *settings = call->settings;
    dsep_discover_result result = {.call = call, .settings = settings, .input = &input};
    dsep_discover_now(result.started);
    result.clock_began = dsep_clock();
    write_header(ctx, call);
    DSEP_AGREE(ctx, dsep_output_path(settings->common.output, call->arguments[0],
                                     dsep_context_error(ctx), &path));
    result.path = path;
    DSEP_TRY(dsep_discover_input_read(ctx, settings, call->arguments[0], &input));
    if (settings->dry_run) {
        dsep_forecast_report(ctx, &input, 0);
        DSEP_TRY(dsep_discover_input_fits(ctx, &input));
        goto cleanup;
    }
    DSEP_TRY(dsep_discover_input_fits(ctx, &input));
    DSEP_TRY(solve(ctx, &result, &correlation, &pc));
    DSEP_TRY(finish(ctx, &result));
cleanup:
    dsep_pc_destroy(&pc);
    dsep_correlation_destroy(&correlation);
    dsep_discover_input_release(&input);
    free(path);
    return code;
}

const dsep_command dsep_command_discover = {
    .name = "discover",
    .arguments = "DATA ",
    .summary = "learn a causal graph from a table",
    .description =
        "Learns a causal graph. DATA is x.csv, x.tsv, x.csv.gz, x.npy, x.h5:/path/to/matrix, "
        "x.h5ad or x.h5ad:layers/NAME; rows are samples, columns variables. Under mpirun or srun "
        "the ranks share the work and the result is the same, bit for bit.",
    .examples = "  dsep discover genes.csv -o genes.h5\n"
                "  mpirun -n 4 dsep discover genes.csv.gz --alpha 0.001 --drop sample_id\n"
                "  dsep discover cells.h5ad --knowledge known.txt --orientation majority\n"
                "  dsep discover big.npy --dry-run\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .groups = dsep_discover_groups,
    .settings_size = sizeof(dsep_discover_settings),
    .run = run,
};
