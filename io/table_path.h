/* What kind of table a DATA argument names, and where inside a file it is. */
#ifndef DSEP_IO_TABLE_PATH_H
#define DSEP_IO_TABLE_PATH_H

#include "mpi/error.h"

#include <stdint.h>

typedef enum { DSEP_TABLE_TEXT, DSEP_TABLE_NPY, DSEP_TABLE_HDF5, DSEP_TABLE_H5AD } dsep_table_kind;

typedef struct {
    dsep_table_kind kind;
    int64_t bytes;     /* size of the file */
    char file[4096];   /* its path */
    char inside[4096]; /* path of the object in an HDF5 file; "" when none was given */
} dsep_table_path;

/* Looks at the file: an HDF5 file may carry a path inside after a colon; formats are known by
 * their first bytes, then by suffix; anything else is text. Not collective: one rank looks and
 * tells the others. Errors: DSEP_ERROR_IO for what is not there, not readable or not a file,
 * DSEP_ERROR_DATA for an empty file. */
int dsep_table_path_find(const char *path, dsep_table_path *where, dsep_error *error);

#endif
