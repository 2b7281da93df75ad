/* dsep discover --method pc: the PC algorithm, with replicates of it. */
#include "jobs/discover_result.h"
#include "jobs/discovery.h"
#include "jobs/forecast_report.h"
#include "jobs/replicates_result.h"
#include "jobs/run_pauses.h"
#include "mpi/amount.h"
#include "solvers/fisher_z.h"

#include <stdio.h>
#include <stdlib.h>

/* How far the search came, where it could have gone on. */
static void print_end(const dsep_discover_result *r) {
    const dsep_skeleton_next next = r->pc->skeleton->next;
    if (!r->searched)
        printf("  PARTIAL   complete for sets of up to %lld variables; %s ended the search\n",
               (long long)r->pc->skeleton->n_levels - 1, r->reason);
    else if (!r->complete)
        printf("  PARTIAL   not all replicates are done; %s ended the run\n", r->reason);
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
    print_end(r);
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
    if (r->replicates->campaign)
        dsep_replicates_print(r->replicates);
    printf("  result    %s (graph-hash %s)\n", r->path, r->hash);
    printf("Next: dsep show %s\n      dsep export %s --format dot | dot -Tsvg > graph.svg\n",
           r->path, r->path);
    fflush(stdout);
}

/* --- a search in units ----------------------------------------------------------------------- */

static int search(dsep_context *ctx, dsep_discover_result *r, dsep_citest *test, dsep_pc **pc) {
    dsep_running *running = r->running;
    const dsep_discover_settings *settings = r->settings;
    dsep_run_pausing pausing = {.running = running};
    const dsep_pauses pauses = dsep_run_pauses(&pausing);
    const int partial = settings->running.allow_partial;
    const dsep_pc_settings searching = {
        .search = {.max_order = settings->max_order,
                   .deadline = partial ? running->stop.deadline : 0,
                   .listed = !r->input->whole,
                   .trace = settings->trace,
                   .pauses = &pauses,
                   .resume = running->found ? &running->state : NULL},
        .orientation = (dsep_orientation)settings->orientation,
        .skeleton_only = settings->skeleton_only,
        .partial = partial};
    return dsep_pc_run(ctx, test, r->input->knowledge, &searching, pc);
}

/* What a finished search leaves for checkpoints after it. */
static int save(dsep_context *ctx, const dsep_pc *pc, dsep_state *state) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_skeleton_save(ctx, pc->skeleton, state));
    if (pc->strength)
        DSEP_AGREE(ctx, dsep_strength_save(pc->strength, pc->graph->n_edges, state,
                                           dsep_context_error(ctx)));
cleanup:
    return code;
}

static int solve(dsep_context *ctx, dsep_discover_result *r, dsep_correlation **correlation,
                 dsep_pc **pc) {
    int code = DSEP_OK;
    dsep_citest *test = NULL;
    dsep_amount matrix;
    dsep_log_section_begin(ctx, "correlation");
    dsep_log_line(ctx, "correlations: %s (a matrix: %s a node)",
                  r->input->whole ? "a whole matrix" : "made in tiles and when needed",
                  dsep_amount_bytes((double)r->input->forecast.bytes_matrix, matrix));
    DSEP_TRY(dsep_correlation_create(ctx, r->input->table, r->input->whole, correlation));
    DSEP_AGREE(ctx, dsep_fisher_z_create(*correlation, r->settings->alpha, dsep_context_error(ctx),
                                         &test));
    DSEP_TRY(search(ctx, r, test, pc));
    dsep_correlation_drop(*correlation);
    r->correlation = *correlation;
    r->pc = *pc;
    r->searched = !r->pc->stopped && r->pc->skeleton->stop != DSEP_SKELETON_TIME;
cleanup:
    dsep_fisher_z_destroy(&test);
    return code;
}

/* --- what follows ---------------------------------------------------------------------------- */

/* Replicates of a search that is done; what was kept of it stays in their checkpoints. */
static int replicate(dsep_context *ctx, dsep_discover_result *r) {
    int code = DSEP_OK;
    dsep_state searched = {0};
    dsep_replicates *replicates = r->replicates;
    if (replicates->requested == 0 || !r->searched)
        return DSEP_OK;
    DSEP_TRY(save(ctx, r->pc, &searched));
    DSEP_TRY(dsep_replicates_run(ctx, r->settings, r->input, r->running, &searched, replicates));
    r->complete = !replicates->campaign->stopped;
cleanup:
    dsep_state_clear(&searched);
    return code;
}

/* A deadline ends a search that is to be a partial result before anybody asked to keep it. */
static int keep_given_up(dsep_context *ctx, dsep_discover_result *r) {
    int code = DSEP_OK;
    dsep_state state = {0};
    if (r->searched || r->pc->stopped)
        return DSEP_OK;
    DSEP_TRY(dsep_skeleton_save(ctx, r->pc->skeleton, &state));
    dsep_running_keep(ctx, r->running, &state);
cleanup:
    dsep_state_clear(&state);
    return code;
}

static int write_result(dsep_context *ctx, dsep_discover_result *r) {
    int code = DSEP_OK;
    dsep_log_section *sections = NULL, *all = NULL;
    int64_t n_all = 0;
    DSEP_TRY(dsep_running_sections(ctx, r->running, &sections, &r->n_sections));
    r->sections = sections;
    dsep_log_section_begin(ctx, "writing");
    DSEP_TRY(dsep_discover_result_write(ctx, r));
    if (r->complete)
        dsep_running_done(ctx, r->running);
    DSEP_TRY(dsep_running_sections(ctx, r->running, &all, &n_all));
    dsep_log_table(ctx, all, n_all);
    if (dsep_rank(ctx) == 0 && !r->settings->common.quiet)
        print_summary(r);
cleanup:
    free(sections);
    free(all);
    return code;
}

static int finish(dsep_context *ctx, dsep_discover_result *r) {
    int code = DSEP_OK;
    const int partial = r->settings->running.allow_partial && r->pc->graph;
    r->reason = r->complete ? "" : dsep_stop_reason(ctx, &r->running->stop);
    DSEP_TRY(keep_given_up(ctx, r));
    if (r->complete || partial)
        DSEP_TRY(write_result(ctx, r));
    if (!r->complete)
        code = dsep_running_stopped(ctx, r->running, partial ? r->path : NULL);
cleanup:
    return code;
}

static int run_all(dsep_context *ctx, dsep_discover_result *r) {
    int code = DSEP_OK;
    dsep_correlation *correlation = NULL;
    dsep_pc *pc = NULL;
    dsep_replicates replicates = {0};
    const dsep_discover_settings *settings = r->settings;
    r->replicates = &replicates;
    if (settings->replicate.replicates > 0)
        DSEP_AGREE(ctx, dsep_replicates_plan(ctx, settings, r->input, &replicates));
    DSEP_TRY(dsep_running_open(ctx, r->call, &settings->running, r->path, r->input->table->checksum,
                               r->clock_began, r->running));
    if (r->running->finished)
        goto cleanup;
    DSEP_TRY(solve(ctx, r, &correlation, &pc));
    r->complete = r->searched;
    DSEP_TRY(replicate(ctx, r));
    DSEP_TRY(finish(ctx, r));
cleanup:
    dsep_replicates_release(&replicates);
    dsep_pc_destroy(&pc);
    dsep_correlation_destroy(&correlation);
    return code;
}

int dsep_discover_pc(dsep_context *ctx, const dsep_discovery *discovery) {
    int code = DSEP_OK;
    dsep_discover_input input = {0};
    dsep_running running = {0};
    dsep_replicates replicates = {0};
    const dsep_discover_settings *settings = discovery->settings;
    dsep_discover_result result = {.call = discovery->call,
                                   .settings = settings,
                                   .input = &input,
                                   .running = &running,
                                   .replicates = &replicates,
                                   .path = discovery->path,
                                   .clock_began = discovery->clock_began};
    DSEP_AGREE(ctx, dsep_replicates_check(&settings->replicate, dsep_context_error(ctx)));
    DSEP_TRY(dsep_discover_input_read(ctx, settings, discovery->data, &input));
    if (settings->dry_run)
        DSEP_TRY(dsep_forecast_report(ctx, settings, &input));
    DSEP_TRY(dsep_discover_input_fits(ctx, &input));
    if (settings->replicate.replicates > 0)
        DSEP_AGREE(ctx, dsep_replicates_plan(ctx, settings, &input, &replicates));
    if (settings->dry_run && replicates.requested > 0 && dsep_rank(ctx) == 0)
        dsep_replicates_print_plan(&replicates);
    if (!settings->dry_run)
        DSEP_TRY(run_all(ctx, &result));
cleanup:
    dsep_replicates_release(&replicates);
    dsep_running_close(&running);
    dsep_discover_input_release(&input);
    return code;
}
