/* What show tells of a representation: factor by factor, and how sure. */
#ifndef DSEP_JOBS_SHOW_REPRESENTATION_H
#define DSEP_JOBS_SHOW_REPRESENTATION_H

#include "mpi/error.h"

#include <stdio.h>

/* Prints what each factor is made of, named by, causes and is caused by, how sure that is, and the
 * environments. Not collective. Errors: those of dsep_representation_open(). */
int dsep_show_representation(FILE *stream, const char *path, dsep_error *error);

#endif
