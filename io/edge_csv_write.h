/* Edge CSV out: source,target,mark_source,mark_target and further columns. */
#ifndef DSEP_IO_EDGE_CSV_WRITE_H
#define DSEP_IO_EDGE_CSV_WRITE_H

#include "mpi/context.h"
#include "mpi/graph.h"

#include <stdio.h>

/* Prints one field, quoted where the separator, a quote or a line break asks for it. Not
 * collective. Errors stay in the stream, for ferror(). */
void dsep_csv_print_field(FILE *file, const char *text, char separator);

/* The shortest text that reads back as the same number: 15 to 17 digits; NA for NaN. Not
 * collective. Returns its length. */
int dsep_csv_format_number(double value, char text[32]);

/* Prints the edges in the order given, after a header. Not collective.
 * names: [nodes]; weight: [n_edges], or NULL for no such column. Errors stay in the stream. */
void dsep_edge_csv_print(FILE *file, char *const *names, int64_t n_edges, const dsep_edge *edges,
                         const double *weight);

/* Writes the same to a file: rank 0 beside it, flushed, then renamed. Collective; only rank 0
 * looks at names, edges and weights. Errors: DSEP_ERROR_IO, agreed; nothing is left beside it then,
 * and an old file is as it was. Reproducibility: class A. */
int dsep_edge_csv_write(dsep_context *ctx, const char *path, char *const *names, int64_t n_edges,
                        const dsep_edge *edges, const double *weight);

#endif
