/* How near two representations are, for people and for machines. */
#ifndef DSEP_JOBS_COMPARE_REPRESENTATION_H
#define DSEP_JOBS_COMPARE_REPRESENTATION_H

#include "mpi/error.h"

#include <stdio.h>

/* Prints it: mcc, h_error, latent_shd, targets_right, and which factor is which. Both files have a
 * representation. Not collective. Errors: those of reading; DSEP_ERROR_DATA for representations of
 * different variables or with different numbers of factors. */
int dsep_compare_representations(FILE *stream, const char *learned, const char *truth, int json,
                                 dsep_error *error);

#endif
