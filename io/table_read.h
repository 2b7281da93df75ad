/* Reading a table of samples x variables from any format the program knows.
 *
 * Text (CSV, TSV, blanks; plain or gzip), NumPy .npy, HDF5 matrices and AnnData .h5ad. */
#ifndef DSEP_IO_TABLE_READ_H
#define DSEP_IO_TABLE_READ_H

#include "mpi/context.h"
#include "mpi/table.h"

#include <stdint.h>

typedef enum { DSEP_HEADER_AUTO, DSEP_HEADER_YES, DSEP_HEADER_NO } dsep_header;

/* What to do about missing cells. */
typedef enum {
    DSEP_INCOMPLETE_ERROR,
    DSEP_INCOMPLETE_DROP_ROWS,
    DSEP_INCOMPLETE_DROP_COLUMNS
} dsep_incomplete;

/* What to do about columns that do not vary. */
typedef enum { DSEP_CONSTANT_ERROR, DSEP_CONSTANT_DROP } dsep_constant;

typedef struct {
    const char *path; /* as the user wrote it: x.csv, x.tsv.gz, x.npy, x.h5:/path,
                         x.h5ad:layers/NAME */
    int transpose;    /* rows are variables */
    dsep_header header;
    const char *separator; /* NULL detects; "," ";" "tab" "blank" or one character */
    const char *missing;   /* comma-separated tokens; NULL: empty, NA, NaN (also nan) */
    const char *columns;   /* keep only these: names, or 1-based numbers and ranges 3-7; NULL all */
    const char *drop;      /* without these */
    const char *environment; /* the column whose cells label the rows: a name or 1-based number; in
                                .h5ad first one of /obs; NULL none */
    dsep_incomplete incomplete;
    dsep_constant constant;
    int64_t min_samples;    /* fewer rows is an error (after drops) */
    const char *min_option; /* the option that could be lowered for fewer rows; NULL none */
} dsep_table_settings;

/* No path, everything detected, missing cells and constant columns are errors, at least two
 * samples. Not collective. */
dsep_table_settings dsep_table_default_settings(void);

/* Reads a table, checks it, and leaves its columns spread over the ranks. Collective.
 * settings: lent, the same on every rank. Owner of *table: the caller; NULL on failure.
 * An empty cell is always missing; a number among `missing` stands for its value in every format.
 * Columns are counted from 1 without a column of row labels. The result has at least two
 * variables and min_samples samples, no NaN, no infinity, and unless dropped no constant column;
 * every drop is a line of `notes`, and so are the sizes of environments.
 * The environment column is no variable, whatever `columns` says, and `drop` may not name it. Its
 * cells are labels: text, in quotes or not, or numbers, which text tables take as they are written
 * and others in the form %.15g. A row without a label is an error, or is dropped as an incomplete
 * one; so are labels of which more than half differ.
 * Errors, the same text on any number of ranks, agreed: DSEP_ERROR_IO where the file cannot be
 * read, DSEP_ERROR_DATA where it is wrong (the first fault in file order), DSEP_ERROR_USAGE for a
 * wrong option or an unknown column, DSEP_ERROR_RESOURCES where it does not fit.
 * Cost: each byte of plain text is parsed by one rank, of gzip inflated by all and parsed by one;
 * memory about 2 x 8 n p / ranks a rank; one exchange. Reproducibility: class A.
 * Example: tests/unit/table_text.c. */
int dsep_table_read(dsep_context *ctx, const dsep_table_settings *settings, dsep_table **table);

#endif
