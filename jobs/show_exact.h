/* What the posterior over all DAGs says, for people. */
#ifndef DSEP_JOBS_SHOW_EXACT_H
#define DSEP_JOBS_SHOW_EXACT_H

#include "io/h5tree.h"
#include "io/named_graph.h"

#include <stdio.h>

/* Prints the most probable edges and ancestors; nothing where the result has no marginals. Not
 * collective. */
void dsep_show_exact(FILE *stream, const dsep_h5tree *tree, const dsep_named_graph *graph);

#endif
