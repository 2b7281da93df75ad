/* Graphs as square matrices in CSV. */
#ifndef DSEP_IO_GRAPH_MATRIX_H
#define DSEP_IO_GRAPH_MATRIX_H

#include "io/named_graph.h"

#include <stdio.h>

/* Prints a matrix with names above and before it; entry(mark at row, mark at column) gives what
 * stands where row and column are joined, one character. Not collective. Errors:
 * DSEP_ERROR_USAGE for more than 100,000 nodes; DSEP_ERROR_RESOURCES. Cost:
 * 2 nodes^2 characters, nodes of memory. */
int dsep_graph_matrix_print(FILE *file, const dsep_named_graph *graph,
                            char (*entry)(dsep_mark row, dsep_mark column), dsep_error *error);

/* Entries of pcalg's amat.cpdag and amat.pag, and of a matrix of causes. Not collective. */
char dsep_entry_cpdag(dsep_mark row, dsep_mark column);
char dsep_entry_pag(dsep_mark row, dsep_mark column);
char dsep_entry_cause(dsep_mark row, dsep_mark column);

#endif
