/* A matrix in an HDF5 file, dense or sparse, read by pieces. Everything here is local. */
#ifndef DSEP_IO_H5MATRIX_H
#define DSEP_IO_H5MATRIX_H

#include "io/table_environment.h"
#include "io/table_names.h"
#include "io/table_path.h"
#include "mpi/error.h"

#include <hdf5.h>
#include <stdint.h>

typedef enum { DSEP_H5_DENSE, DSEP_H5_CSR, DSEP_H5_CSC } dsep_h5_storage;

typedef struct {
    const char *shown; /* the file for messages; lent */
    char path[4096];   /* of the object in the file */
    dsep_h5_storage storage;
    int64_t shape[2];   /* rows and columns as stored */
    int64_t chunk_rows; /* dense: rows of a chunk; 1 without chunks */
    int64_t n_stored;   /* sparse: number of stored values */
    int h5ad;
    hid_t file, object;          /* dataset or group */
    hid_t data, indices, indptr; /* sparse */
} dsep_h5_matrix;

/* Opens the matrix that `where` names: without a path inside, X of an .h5ad file or the only
 * two-dimensional dataset of numbers. Not collective. Turns HDF5's own messages off.
 * Checks types, shapes, that stored pieces lie within the file and that none is missing.
 * The caller ends with dsep_h5_matrix_close(), also on failure.
 * Errors: DSEP_ERROR_DATA; DSEP_ERROR_RESOURCES. */
int dsep_h5_matrix_open(const dsep_table_path *where, const char *shown, dsep_h5_matrix *matrix,
                        dsep_error *error);

/* Closes whatever is open. Not collective. */
void dsep_h5_matrix_close(dsep_h5_matrix *matrix);

/* Names along an axis (0 rows, 1 columns): of .h5ad from its var or obs; else from a group
 * /variables beside the matrix or at the root, else from its attribute `names`. Not collective.
 * names: stays empty when there are none. Errors: DSEP_ERROR_DATA, DSEP_ERROR_RESOURCES. */
int dsep_h5_matrix_names(const dsep_h5_matrix *matrix, int axis, dsep_name_block *names,
                         dsep_error *error);

/* Labels of all samples, which lie along `axis`, from column `name` of an .h5ad file's obs (var
 * where variables are rows): strings, numbers, or codes and categories. Not collective. found:
 * whether there is such a column; else `labels` stays as it is. Errors: DSEP_ERROR_DATA for a
 * column of another kind or length; DSEP_ERROR_RESOURCES. */
int dsep_h5_matrix_labels(const dsep_h5_matrix *matrix, int axis, const char *name,
                          const dsep_missing *missing, dsep_labels *labels, int *found,
                          dsep_error *error);

/* Opens a path whose every part exists, each of which HDF5 wants to be asked for; negative where
 * one does not. Not collective. */
hid_t dsep_h5_open_path(hid_t file, const char *path);

/* A rectangle of a dense matrix, row after row. Not collective.
 * values: [rows x columns]. Errors: DSEP_ERROR_DATA. */
int dsep_h5_matrix_block(const dsep_h5_matrix *matrix, int64_t row, int64_t rows, int64_t column,
                         int64_t columns, double *values, dsep_error *error);

/* Lines first .. first + count - 1 (rows of CSR, columns of CSC) of a sparse matrix, spread out.
 * Not collective. Entries that were given twice add up.
 * slots: [length of a line] place of each element in the result, -1 for none; NULL for all.
 * values: [count x width], zeroed by the caller. bad_line: the line at fault.
 * Errors: DSEP_ERROR_DATA for indices out of range or a damaged indptr; DSEP_ERROR_RESOURCES. */
int dsep_h5_matrix_lines(const dsep_h5_matrix *matrix, int64_t first, int64_t count,
                         const int64_t *slots, int64_t width, double *values, int64_t *bad_line,
                         dsep_error *error);

/* Reads for a trial: everything up to 64 MB, of more the first and last pieces. Not collective. */
int dsep_h5_matrix_try(const dsep_h5_matrix *matrix, dsep_error *error);

#endif
