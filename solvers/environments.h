/* The rows of a table by environment, raw, once a node: what representations are fitted to. */
#ifndef DSEP_SOLVERS_ENVIRONMENTS_H
#define DSEP_SOLVERS_ENVIRONMENTS_H

#include "mpi/shared.h"
#include "mpi/table.h"

typedef struct {
    int64_t n_variables, n_environments; /* of those that were asked for, in that order */
    const int64_t *rows;                 /* [n_environments] */
    const double *const *values; /* [n_environments] each [rows x n_variables] column after column;
                                  * node-shared, read only */
    const int32_t *label;        /* [n_environments] their index in the table */
    struct dsep_environments_work *work;
} dsep_environments;

/* Brings the rows of some environments together. Collective.
 * label: [count] indices of table->environment_names, each at most once; a table without
 * environments is one, with label 0. Rows keep their order within each. Errors:
 * DSEP_ERROR_DATA for values too large to be squared, DSEP_ERROR_RESOURCES, agreed. Memory: 8 bytes
 * a value, once a node. Reproducibility: class A. Owner of *environments: the caller. */
int dsep_environments_create(dsep_context *ctx, const dsep_table *table, const int32_t *label,
                             int64_t count, dsep_environments **environments);

/* Frees it and sets *environments to NULL; accepts NULL. Collective. */
void dsep_environments_destroy(dsep_environments **environments);

#endif
