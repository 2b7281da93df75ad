/* A study's tables as text for people. */
#ifndef DSEP_JOBS_STUDY_PRINT_H
#define DSEP_JOBS_STUDY_PRINT_H

#include "io/h5tree.h"

#include <stdio.h>

/* Prints what /sensitivity and /simulation of a result hold, as tables that Markdown understands:
 * cells, or the means by level where cells are many, and the edges that move most. Nothing where
 * there is no study. Not collective. Errors: DSEP_ERROR_RESOURCES. */
int dsep_study_print(FILE *stream, const dsep_h5tree *tree, dsep_error *error);

#endif
