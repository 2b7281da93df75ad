/* How show lays out what it prints. */
#ifndef DSEP_JOBS_SHOW_TEXT_H
#define DSEP_JOBS_SHOW_TEXT_H

#include "io/named_graph.h"

#include <stdio.h>

/* The beginning of a line. Attributes are named for programs: n_v_structures is "v structures"
 * here. Not collective. */
void dsep_show_label(FILE *stream, const char *name);

/* A name of UTF-8 in a column so many characters wide; to the left where the width is negative, as
 * in printf. Long names are cut. Not collective. */
void dsep_show_name(FILE *stream, const char *name, int width);

/* The width for names of both ends of all edges. Not collective. */
int dsep_show_width(char *const *names, const dsep_edge *edges, int64_t count);

/* An edge between the names of its ends, each so wide, without a line's end. Not collective. */
void dsep_show_edge(FILE *stream, char *const *names, dsep_edge edge, int width);

#endif
