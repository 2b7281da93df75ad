/* dsep discover --method exact: the posterior over all DAGs. */
#include "jobs/dag_run.h"
#include "jobs/run_pauses.h"
#include "mpi/amount.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/bge.h"
#include "solvers/correlation.h"
#include "solvers/exact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double DIGITS = 9; /* fewer are said to be few */

/* --- does it fit? ---------------------------------------------------------------------------- */

static int64_t most_that_fit(int64_t bytes) {
    int64_t p = DSEP_EXACT_MOST;
    while (p > 1 && dsep_exact_memory(p) > bytes)
        p--;
    return p;
}

static int begin(dsep_context *ctx, dsep_dag_run *run, int *dry) {
    const int64_t p = run->table->n_variables, bytes = dsep_exact_memory(p);
    const int64_t most = most_that_fit(run->memory_available);
    char what[160];
    dsep_amount there, terms;
    if (p > most)
        return dsep_fail(
            ctx, DSEP_ERROR_RESOURCES,
            "--method exact looks at every set of variables: %lld are too many%s; %lld "
            "fit into the %s that each node has for them. Choose variables with "
            "--columns or --drop, or use another method",
            (long long)p, p > DSEP_EXACT_MOST ? " for any computer" : "", (long long)most,
            dsep_amount_bytes((double)run->memory_available, there));
    snprintf(what, sizeof what, "weights of all sets; %s terms to add up",
             dsep_amount_count(dsep_exact_terms(p), terms));
    return dsep_dag_run_begin(ctx, run, bytes, what, dry);
}

/* --- the posterior, layer by layer ----------------------------------------------------------- */

static int add_up(dsep_context *ctx, const dsep_dag_run *run, dsep_parent_sums **sums) {
    int code = DSEP_OK;
    dsep_correlation *correlation = NULL;
    dsep_bge *bge = NULL;
    dsep_log_section_begin(ctx, "scores");
    DSEP_TRY(dsep_correlation_create(ctx, run->table, 1, &correlation));
    const int p = (int)run->table->n_variables;
    DSEP_TRY(dsep_bge_create(ctx, run->table->n_samples, p, correlation->values, &bge));
    DSEP_TRY(dsep_parent_sums_create(ctx, p, dsep_bge_score, bge, sums));
cleanup:
    dsep_bge_destroy(&bge);
    dsep_correlation_destroy(&correlation);
    return code;
}

static int solve(dsep_context *ctx, dsep_dag_run *run, dsep_exact **exact) {
    int code = DSEP_OK;
    dsep_parent_sums *sums = NULL;
    dsep_running *running = &run->running;
    dsep_run_pausing pausing = {.running = running};
    const dsep_pauses pauses = dsep_run_pauses(&pausing);
    DSEP_TRY(add_up(ctx, run, &sums));
    dsep_log_section_begin(ctx, "posterior");
    DSEP_TRY(dsep_exact_create(ctx, sums, &pauses, running->found ? &running->state : NULL, exact));
cleanup:
    dsep_parent_sums_destroy(&sums);
    return code;
}

/* --- the result ------------------------------------------------------------------------------ */

typedef struct {
    const dsep_exact *exact;
    double least; /* probability of an edge of the graph */
    dsep_graph *graph;
    double *weight;
} found_graph;

/* The edges that are more probable than `least`, which is 1/2 at least: one direction at most. */
static int choose_edges(found_graph *found, dsep_error *error) {
    const int64_t p = found->exact->n_variables;
    int64_t n = 0;
    dsep_edge *edges = dsep_array(p * p, sizeof *edges);
    found->weight = dsep_array(p * p, sizeof *found->weight);
    int code = edges && found->weight ? DSEP_OK : dsep_out_of_memory(error, "the graph");
    for (int64_t i = 0; !code && i < p; i++)
        for (int64_t j = 0; j < p; j++) {
            const double probability = found->exact->edge[i * p + j];
            if (probability <= found->least)
                continue;
            found->weight[n] = probability;
            edges[n++] = (dsep_edge){i, j, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
        }
    if (!code)
        code = dsep_graph_create(p, n, edges, DSEP_GRAPH_DAG, error, &found->graph);
    free(edges);
    return code;
}

/* Probabilities, with the evidence that they were divided by. */
static int write_matrix(dsep_context *ctx, dsep_h5write *file, const char *path,
                        const dsep_exact *exact, const double *values) {
    const int64_t p = exact->n_variables, rows = dsep_rank(ctx) == 0 ? p : 0;
    const dsep_h5write_slab slab = {2, {p, p}, {0, 0}, {rows, rows}};
    dsep_h5write_attribute_real(file, path, "log_evidence", exact->log_evidence);
    return dsep_h5write_array(file, path, DSEP_H5_DOUBLE, &slab, values);
}

static int write_more(dsep_context *ctx, dsep_h5write *file, const void *data) {
    int code = DSEP_OK;
    const found_graph *found = data;
    const dsep_exact *exact = found->exact;
    dsep_h5write_attribute_real(file, "/graph", "edge_probability", found->least);
    dsep_h5write_attribute_real(file, "/graph", "log_evidence", exact->log_evidence);
    dsep_h5write_attribute_real(file, "/graph", "log_dags", exact->log_dags);
    dsep_h5write_attribute_real(file, "/graph", "digits", exact->digits);
    dsep_h5write_attribute_text(file, "/search", "score", "BGe, alpha_mu 1, alpha_w p + 2");
    DSEP_TRY(write_matrix(ctx, file, "/graph/edge_marginals", exact, exact->edge));
    DSEP_TRY(write_matrix(ctx, file, "/graph/path_marginals", exact, exact->path));
cleanup:
    return code;
}

static void print_more(const void *data) {
    const found_graph *found = data;
    const dsep_exact *exact = found->exact;
    printf("            those more probable than %g; %.4g DAGs were weighed\n", found->least,
           exp(exact->log_dags));
    printf("  evidence  log %.6f over all DAGs, %.6f on average\n", exact->log_evidence,
           exact->log_evidence - exact->log_dags);
    printf("  accuracy  %.0f digits%s\n", floor(exact->digits),
           exact->digits < DIGITS ? ": FEWER THAN 9, large terms cancelled" : "");
}

static int write_result(dsep_context *ctx, dsep_dag_run *run, const dsep_exact *exact) {
    int code = DSEP_OK;
    const int64_t p = exact->n_variables;
    found_graph found = {.exact = exact, .least = run->discovery->settings->edge_probability};
    int64_t *order = dsep_array(p, sizeof *order);
    int mine = order ? choose_edges(&found, dsep_context_error(ctx))
                     : dsep_out_of_memory(dsep_context_error(ctx), "the graph");
    DSEP_AGREE(ctx, mine);
    const int acyclic = dsep_graph_topological(found.graph, order);
    DSEP_AGREE(ctx,
               acyclic >= 0 ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the graph"));
    const dsep_dag_found result = {.method = "exact",
                                   .title = "Exact posterior, edges that are probable",
                                   .graph = found.graph,
                                   .valid = acyclic,
                                   .weight = found.weight,
                                   .meaning = "posterior probability of the edge",
                                   .complete = 1,
                                   .more = write_more,
                                   .print = print_more,
                                   .data = &found};
    if (exact->digits < DIGITS)
        dsep_log_line(ctx, "warning: only %.1f digits are right: large terms cancelled",
                      exact->digits);
    DSEP_TRY(dsep_dag_run_write(ctx, run, &result));
cleanup:
    dsep_graph_destroy(&found.graph);
    free(found.weight);
    free(order);
    return code;
}

int dsep_discover_exact(dsep_context *ctx, const dsep_discovery *discovery) {
    int code = DSEP_OK, dry = 0;
    dsep_dag_run run = {0};
    dsep_exact *exact = NULL;
    DSEP_TRY(dsep_dag_run_open(ctx, discovery, 2, &run));
    DSEP_TRY(begin(ctx, &run, &dry));
    if (dry)
        goto cleanup;
    DSEP_TRY(solve(ctx, &run, &exact));
    if (exact->complete)
        DSEP_TRY(write_result(ctx, &run, exact));
    else
        code = dsep_running_stopped(ctx, &run.running, NULL);
cleanup:
    dsep_exact_destroy(&exact);
    dsep_dag_run_close(&run);
    return code;
}
