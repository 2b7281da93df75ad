/* A graph in the formats of other programs. */
#ifndef DSEP_IO_GRAPH_FORMAT_H
#define DSEP_IO_GRAPH_FORMAT_H

#include "io/named_graph.h"

#include <stdio.h>

typedef enum {
    DSEP_FORMAT_CSV,      /* edge CSV: source,target,mark_source,mark_target,weight,p_max,order,
                             partial_r2,robustness,robustness_ci, and the shares there are; of
                             a counted graph the first four and the shares */
    DSEP_FORMAT_GRAPHML,  /* igraph, yEd, Gephi, Cytoscape; marks and values as data */
    DSEP_FORMAT_DOT,      /* Graphviz; marks as arrow shapes */
    DSEP_FORMAT_GML,      /* marks and values as keys */
    DSEP_FORMAT_TETRAD,   /* Tetrad's graph text; names without blanks , and ; */
    DSEP_FORMAT_JSON,     /* nodes, edges, kind */
    DSEP_FORMAT_PCALG,    /* pcalg's matrix: amat.pag (marks at the column) for a PAG, else
                             amat.cpdag (marks at the row); as CSV with names */
    DSEP_FORMAT_DAGITTY,  /* dag, pdag or pag { ... } */
    DSEP_FORMAT_ADJACENCY /* 0/1 as CSV with names: 1 where the row may be a cause of the column,
                             that is where the row's end has no arrow; undirected is 1 both ways */
} dsep_graph_format;

/* The formats' names in the order above, divided by bars: for an option's choices. */
#define DSEP_GRAPH_FORMATS "csv|graphml|dot|gml|tetrad|json|pcalg|dagitty|adjacency"

/* Prints a graph. Not collective. Unknown values are NA, null or left out, as the format has it.
 * Errors: DSEP_ERROR_DATA for a name that the format cannot hold, before anything is printed;
 * DSEP_ERROR_RESOURCES. Failures to write stay in the stream, for ferror(). Cost: the edges;
 * the matrices nodes^2. Reproducibility: class A. */
int dsep_graph_print(FILE *file, const dsep_named_graph *graph, dsep_graph_format format,
                     dsep_error *error);

/* An edge drawn between its nodes' names: -->, ---, <->, o->, o-o, <-o, ... Not collective. The
 * text is constant. */
const char *dsep_graph_arrow(dsep_mark mark_source, dsep_mark mark_target);

#endif
