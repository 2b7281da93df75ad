/* Tables out: .csv, .tsv (both also .gz), .npy and .h5, by suffix. */
#ifndef DSEP_IO_TABLE_WRITE_H
#define DSEP_IO_TABLE_WRITE_H

#include "mpi/context.h"

#include <stdint.h>

/* A table that comes row after row. Whoever writes asks for rows by number, so a table of any
 * length needs the memory of a few rows only. */
typedef struct {
    int64_t n_samples, n_variables;
    char *const *names; /* [n_variables], on every rank */
    /* Fills rows [count x n_variables], row after row, with rows first .. first + count - 1 of
     * the table. Any rank may be asked for any row. Not collective. */
    void (*fill)(const void *state, int64_t first, int64_t count, double *rows);
    const void *state; /* lent to `fill` */
} dsep_row_source;

/* Whether a table can be written to a path, judged by its suffix. Not collective. Errors:
 * DSEP_ERROR_USAGE, listing the suffixes there are. */
int dsep_table_write_check(const char *path, dsep_error *error);

/* Bytes that each rank needs for writing rows of n_variables. Not collective. */
double dsep_table_write_bytes(int64_t n_variables);

/* Writes a table. Collective. Ranks take turns over pieces of rows whose size depends on
 * n_variables alone, so that the file's bytes are the same for any number of ranks (in .h5 the
 * values are; the library's own bookkeeping may differ). Text: names as header, the shortest
 * digits that read back the same, NA for NaN; each piece of a .gz is a member of its own. .npy:
 * float64 in C order, no names. .h5: /data [samples x variables] and the table /variables with
 * the names in _index.
 * Written beside PATH, flushed, then renamed. Errors: DSEP_ERROR_USAGE for the suffix,
 * DSEP_ERROR_IO, DSEP_ERROR_RESOURCES, agreed; nothing is left beside PATH then, and an old file is
 * as it was. Cost: three small reductions a piece. Reproducibility: class A. Shown by
 * tests/unit/table_write.c. */
int dsep_table_write(dsep_context *ctx, const char *path, const dsep_row_source *source);

#endif
