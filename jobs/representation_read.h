/* Reading back the representation of a result. */
#ifndef DSEP_JOBS_REPRESENTATION_READ_H
#define DSEP_JOBS_REPRESENTATION_READ_H

#include "io/h5tree.h"
#include "io/result_read.h"
#include "solvers/representation.h"

typedef struct {
    const char *path;
    dsep_representation *representation;
    dsep_result *result;    /* its graph is over the factors and names them */
    dsep_h5tree *tree;      /* /variables, /graph/edges, and of /representation what is not large */
    char *const *variables; /* [n_variables] names, of the tree */
    char *const *labels;    /* [n_environments] names, of the tree */
} dsep_representation_found;

/* Whether a tree has a representation. Not collective. */
int dsep_representation_is_in(const dsep_h5tree *tree);

/* Whether a file has one; 0 too when it cannot be read. Not collective. */
int dsep_representation_is_at(const char *path);

/* Reads and checks it. Not collective. Errors: DSEP_ERROR_IO, DSEP_ERROR_RESOURCES; DSEP_ERROR_DATA
 * for a file without one or at odds with itself. Owner of what *found holds, whether it fails or
 * not: the caller, dsep_representation_close(). */
int dsep_representation_open(const char *path, dsep_error *error, dsep_representation_found *found);

/* Frees it; accepts zeros. Not collective. */
void dsep_representation_close(dsep_representation_found *found);

#endif
