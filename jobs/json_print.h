/* JSON for people and programs, over several lines. */
#ifndef DSEP_JOBS_JSON_PRINT_H
#define DSEP_JOBS_JSON_PRINT_H

#include "mpi/error.h"

#include <jansson.h>
#include <stdio.h>

/* Prints it, and lets go of it. Not collective. Errors: DSEP_ERROR_RESOURCES where it is NULL. */
int dsep_json_print(FILE *stream, json_t *made, dsep_error *error);

#endif
