#include "jobs/dag_run.h"

#include "io/graph_hash.h"
#include "io/table_read.h"
#include "jobs/graph_result.h"
#include "jobs/knowledge_file.h"
#include "jobs/provenance.h"
#include "jobs/variables_table.h"
#include "jobs/whole_write.h"
#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- in -------------------------------------------------------------------------------------- */

int dsep_dag_run_open(dsep_context *ctx, const dsep_discovery *discovery, int64_t least,
                      dsep_dag_run *run) {
    int code = DSEP_OK;
    const dsep_discover_settings *settings = discovery->settings;
    const dsep_table_settings reading = dsep_data_settings(&settings->data, discovery->data, least);
    *run = (dsep_dag_run){.discovery = discovery};
    dsep_log_section_begin(ctx, "reading");
    DSEP_TRY(dsep_table_read(ctx, &reading, &run->table));
    dsep_provenance_log_input(ctx, discovery->data, run->table);
    if (settings->knowledge)
        DSEP_TRY(dsep_knowledge_file_read(ctx, settings->knowledge, run->table, &run->knowledge));
    run->memory_available =
        settings->memory_per_node ? settings->memory_per_node : dsep_memory_available();
    dsep_min_i64(ctx, &run->memory_available, 1);
cleanup:
    return code;
}

int dsep_dag_run_begin(dsep_context *ctx, dsep_dag_run *run, int64_t bytes, const char *what,
                       int *dry) {
    int code = DSEP_OK;
    const dsep_discovery *discovery = run->discovery;
    dsep_amount needed, there;
    dsep_amount_bytes(bytes < 0 ? INFINITY : (double)bytes, needed);
    dsep_amount_bytes((double)run->memory_available, there);
    *dry = discovery->settings->dry_run;
    if (*dry && dsep_rank(ctx) == 0)
        printf("%lld samples x %lld variables\n"
               "memory    %s on each node beside the table (%s); %s are there\n",
               (long long)run->table->n_samples, (long long)run->table->n_variables, needed, what,
               there);
    if (bytes < 0 || bytes > run->memory_available)
        return dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                         "this run needs %s of memory on each node (%s) and %s are "
                         "there: choose variables with --columns or --drop, ask for nodes with "
                         "more memory, or raise --memory-per-node if it was set too low",
                         needed, what, there);
    if (!*dry)
        DSEP_TRY(dsep_running_open(ctx, discovery->call, &discovery->settings->running,
                                   discovery->path, run->table->checksum, discovery->clock_began,
                                   &run->running));
    *dry = *dry || run->running.finished;
cleanup:
    return code;
}

/* --- out ------------------------------------------------------------------------------------- */

/* The edges in file order, from rank 0, which has them all as every rank has. */
static int write_edges(dsep_context *ctx, dsep_h5write *file, const dsep_dag_found *found) {
    int code = DSEP_OK, mine = DSEP_OK;
    const int64_t n = found->graph->n_edges;
    const dsep_block rows = dsep_whole_on_zero(ctx, n);
    dsep_edge *edges = dsep_array(n, sizeof *edges);
    int64_t *order = dsep_array(n, sizeof *order);
    double *p_max = dsep_array(n, sizeof *p_max);
    mine = edges && order && p_max
               ? dsep_graph_edges(found->graph, dsep_context_error(ctx), edges, NULL)
               : dsep_out_of_memory(dsep_context_error(ctx), "the edges");
    DSEP_AGREE(ctx, mine);
    for (int64_t e = 0; e < n; e++) {
        order[e] = -1; /* no test was made */
        p_max[e] = NAN;
    }
    DSEP_TRY(dsep_graph_result_edges(ctx, file, n, rows, edges));
    DSEP_TRY(dsep_h5write_column(file, "weight", DSEP_H5_DOUBLE, rows, found->weight));
    DSEP_TRY(dsep_h5write_column(file, "p_max", DSEP_H5_DOUBLE, rows, p_max));
    DSEP_TRY(dsep_h5write_column(file, "order", DSEP_H5_INT64, rows, order));
cleanup:
    free(edges);
    free(order);
    free(p_max);
    return code;
}

static int write_graph(dsep_context *ctx, dsep_h5write *file, const dsep_dag_found *found) {
    int code = DSEP_OK;
    const dsep_graph *graph = found->graph;
    dsep_graph_result_attributes(file, graph, found->valid);
    dsep_h5write_attribute_text(file, "/graph", "weight", found->meaning);
    dsep_h5write_attribute_text(file, "/search", "method", found->method);
    if (found->nodes)
        DSEP_TRY(dsep_h5write_table(file, "/graph/nodes", graph->n_nodes, 1, found->nodes));
    DSEP_TRY(write_edges(ctx, file, found));
cleanup:
    return code;
}

static int write_file(dsep_context *ctx, dsep_dag_run *run, const dsep_dag_found *found,
                      char hash[17]) {
    int code = DSEP_OK;
    dsep_h5write *file = NULL;
    dsep_log_section *sections = NULL;
    int64_t n_sections = 0;
    const dsep_discovery *discovery = run->discovery;
    dsep_graph_hash(found->graph, found->nodes ? (char *const *)found->nodes : run->table->names,
                    hash);
    DSEP_TRY(dsep_running_sections(ctx, &run->running, &sections, &n_sections));
    dsep_log_section_begin(ctx, "writing");
    DSEP_TRY(dsep_h5write_create(ctx, discovery->path, &file));
    dsep_provenance_write(ctx, file, discovery->call, found->complete, &run->running);
    dsep_provenance_input(file, run->table);
    dsep_h5write_attribute_text(file, "/", "graph-hash", hash);
    DSEP_TRY(dsep_variables_write(ctx, file, run->table, NULL, NULL));
    DSEP_TRY(write_graph(ctx, file, found));
    if (run->knowledge)
        dsep_knowledge_result_write(file, discovery->settings->knowledge,
                                    dsep_knowledge_certify(run->knowledge, found->graph));
    if (found->more)
        DSEP_TRY(found->more(ctx, file, found->data));
    DSEP_TRY(dsep_provenance_timing(ctx, file, sections, n_sections));
    DSEP_TRY(dsep_h5write_commit(&file));
cleanup:
    dsep_h5write_abandon(&file);
    free(sections);
    return code;
}

static void print_summary(const dsep_dag_run *run, const dsep_dag_found *found, const char *hash) {
    const dsep_table *table = run->table;
    const char *path = run->discovery->path;
    printf("\n%s: a DAG of %lld variables from %lld samples\n", found->title,
           (long long)table->n_variables, (long long)table->n_samples);
    printf("  edges     %lld\n", (long long)found->graph->n_edges);
    if (!found->valid)
        printf("  INVALID   these edges are no DAG\n");
    if (run->knowledge)
        printf("  knowledge %s\n", dsep_knowledge_certify(run->knowledge, found->graph).violations
                                       ? "VIOLATED"
                                       : "every constraint holds");
    if (found->print)
        found->print(found->data);
    printf("  result    %s (graph-hash %s)\n", path, hash);
    printf("Next: dsep show %s\n      dsep export %s --format dot | dot -Tsvg > graph.svg\n", path,
           path);
    fflush(stdout);
}

int dsep_dag_run_write(dsep_context *ctx, dsep_dag_run *run, const dsep_dag_found *found) {
    int code = DSEP_OK;
    char hash[17];
    dsep_log_section *sections = NULL;
    int64_t n_sections = 0;
    DSEP_TRY(write_file(ctx, run, found, hash));
    if (found->complete)
        dsep_running_done(ctx, &run->running);
    DSEP_TRY(dsep_running_sections(ctx, &run->running, &sections, &n_sections));
    dsep_log_table(ctx, sections, n_sections);
    if (dsep_rank(ctx) == 0 && !run->discovery->settings->common.quiet)
        print_summary(run, found, hash);
cleanup:
    free(sections);
    return code;
}

void dsep_dag_run_close(dsep_dag_run *run) {
    dsep_running_close(&run->running);
    dsep_table_destroy(&run->table);
    dsep_knowledge_destroy(&run->knowledge);
}
