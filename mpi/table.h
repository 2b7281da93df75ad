/* A table of samples x variables whose columns are spread over ranks. */
#ifndef DSEP_MPI_TABLE_H
#define DSEP_MPI_TABLE_H

#include "mpi/context.h"
#include "mpi/layout.h"

typedef struct {
    int64_t n_samples, n_variables;
    dsep_block mine;    /* this rank's columns: dsep_layout_block() over all ranks */
    double *values;     /* [n_samples x mine.count] column after column */
    char **names;       /* [n_variables] on every rank */
    int64_t *n_missing; /* [n_variables] missing cells in the file, on every rank */
    char *source;       /* where it was read from, as the user wrote it */
    char *notes;        /* a line for each drop of rows or columns, and for the environments; "" */
    char checksum[17];  /* of all values and names, hexadecimal; independent of ranks */

    int64_t n_environments;   /* 0 when the table has none; each has at least one row */
    int32_t *environment;     /* [n_samples] which one each row is of, on every rank; or NULL */
    char **environment_names; /* [n_environments] by first appearance, on every rank; or NULL */
} dsep_table;

/* An empty table with room for this rank's columns and names (all NULL). Collective.
 * Errors: DSEP_ERROR_RESOURCES, agreed. Owner of *table: the caller. */
int dsep_table_create(dsep_context *ctx, int64_t n_samples, int64_t n_variables,
                      dsep_table **table);

/* Frees the table and sets *table to NULL; accepts NULL. Not collective. */
void dsep_table_destroy(dsep_table **table);

/* Appends a line to the notes. Not collective. */
int dsep_table_note(dsep_table *table, dsep_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills `checksum` from shape, names, values and environments if any. Collective. Reproducibility:
 * class A. */
int dsep_table_checksum(dsep_context *ctx, dsep_table *table);

#endif
