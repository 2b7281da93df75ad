/* A graph in sixteen letters: the same for the same graph, however it was found. */
#ifndef DSEP_IO_GRAPH_HASH_H
#define DSEP_IO_GRAPH_HASH_H

#include "mpi/graph.h"

/* XXH64, as 16 hexadecimal digits, of the names (each with its NUL) and then, for each pair x < y
 * ascending, x and y as little-endian int64 and the marks at x and at y as bytes. Not collective.
 * names: [n_nodes]. Reproducibility: class A. */
void dsep_graph_hash(const dsep_graph *graph, char *const *names, char hash[17]);

#endif
