/* NumPy's .npy files. */
#ifndef DSEP_IO_TABLE_NPY_H
#define DSEP_IO_TABLE_NPY_H

#include "io/table_path.h"
#include "io/table_read.h"

/* What the header of an .npy file says. */
typedef struct {
    char type;        /* f, i, u or b */
    int item;         /* bytes of one */
    int swap;         /* the other byte order */
    int fortran;      /* columns are contiguous */
    int64_t shape[2]; /* rows and columns as stored */
    int64_t start;    /* byte where the values begin */
} dsep_npy_header;

/* Reads the header of format 1.0, 2.0 or 3.0 and checks it against the file's size. Not
 * collective. Errors: DSEP_ERROR_DATA; DSEP_ERROR_IO. */
int dsep_npy_read_header(int file, int64_t file_bytes, const char *shown, dsep_npy_header *header,
                         dsep_error *error);
/* Reads an .npy table; contract as in io/table_text.h. Collective. Names are V1, V2, ...
 * Cost: every byte is read by one rank; one exchange where rows are contiguous. */
int dsep_table_read_npy(dsep_context *ctx, const dsep_table_settings *settings,
                        const dsep_table_path *where, dsep_table **table, int64_t **positions);

#endif
