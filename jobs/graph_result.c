#include "jobs/graph_result.h"

#include "mpi/memory.h"

#include <stdlib.h>

void dsep_graph_result_attributes(dsep_h5write *file, const dsep_graph *graph, int valid) {
    dsep_h5write_attribute_text(file, "/graph", "kind", dsep_graph_kind_name(graph->kind));
    dsep_h5write_attribute_integer(file, "/graph", "valid", valid);
    dsep_h5write_attribute_integer(file, "/graph", "n_edges", graph->n_edges);
    dsep_h5write_attribute_integer(file, "/graph", "n_directed", dsep_graph_count_directed(graph));
}

int dsep_graph_result_edges(dsep_context *ctx, dsep_h5write *file, int64_t n, dsep_block mine,
                            const dsep_edge *edges) {
    static const char *const marks[] = {"tail", "arrow", "circle"};
    int code = DSEP_OK;
    const int64_t n_mine = mine.count;
    int64_t *ends = dsep_array(2 * n_mine, sizeof *ends);
    int8_t *mark = dsep_array(2 * n_mine, sizeof *mark);
    DSEP_AGREE(ctx,
               ends && mark ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the edges"));
    for (int64_t e = 0; e < n_mine; e++) {
        ends[e] = edges[e].source;
        ends[n_mine + e] = edges[e].target;
        mark[e] = (int8_t)(edges[e].mark_source - 1); /* the categories begin with 0 */
        mark[n_mine + e] = (int8_t)(edges[e].mark_target - 1);
    }
    DSEP_TRY(dsep_h5write_table(file, "/graph/edges", n, 0, NULL));
    DSEP_TRY(dsep_h5write_column(file, "source", DSEP_H5_INT64, mine, ends));
    DSEP_TRY(dsep_h5write_column(file, "target", DSEP_H5_INT64, mine, ends + n_mine));
    DSEP_TRY(dsep_h5write_categories(file, "mark_source", marks, 3, mine, mark));
    DSEP_TRY(dsep_h5write_categories(file, "mark_target", marks, 3, mine, mark + n_mine));
cleanup:
    free(ends);
    free(mark);
    return code;
}
