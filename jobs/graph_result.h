/* What results say of a graph, whatever found it. */
#ifndef DSEP_JOBS_GRAPH_RESULT_H
#define DSEP_JOBS_GRAPH_RESULT_H

#include "io/h5write.h"
#include "mpi/graph.h"

/* /graph's kind, valid, n_edges and n_directed. Not collective. valid: whether it is one of its
 * kind. */
void dsep_graph_result_attributes(dsep_h5write *file, const dsep_graph *graph, int valid);

/* Begins the table /graph/edges of n rows with the columns source, target and their marks; the
 * caller's follow. Collective. edges: [mine.count] this rank's, in file order. Errors:
 * DSEP_ERROR_RESOURCES, h5write's; agreed. */
int dsep_graph_result_edges(dsep_context *ctx, dsep_h5write *file, int64_t n, dsep_block mine,
                            const dsep_edge *edges);

#endif
