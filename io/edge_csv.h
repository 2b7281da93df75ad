/* Edge CSV in: one line per edge, with names and marks. */
#ifndef DSEP_IO_EDGE_CSV_H
#define DSEP_IO_EDGE_CSV_H

#include "io/named_graph.h"

/* Reads an edge CSV. Not collective.
 * The header names the columns, in any order: source, target, mark_source and mark_target must be
 * there; weight, p_max, order and dsep_robustness_names are kept (empty or NA is unknown); others
 * are passed over. Nodes are the names met, in order of first use; the kind of graph is
 * dsep_named_graph_guess(). Errors, with the line: DSEP_ERROR_IO when it cannot be read;
 * DSEP_ERROR_DATA for a missing column, a wrong mark or number, a loop, an edge that stands twice.
 * Owner of *graph: the caller. Cost: the file in memory, and its edges. */
int dsep_edge_csv_read(const char *path, dsep_error *error, dsep_named_graph **graph);

#endif
