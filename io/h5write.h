/* Writing result files: groups, attributes, tables and arrays in the layout of AnnData.
 *
 * Numbers are written at once and collectively through parallel HDF5. Texts and attributes wait
 * in the memory of rank 0 until the commit, because parallel HDF5 cannot write texts of variable
 * length: rank 0 then adds them alone, to the closed file. All goes to a file beside PATH, which
 * takes the name PATH only when it is complete and on the disk.
 *
 * The first failure sticks: later calls return its code without doing anything, and so does the
 * commit, which then leaves no file behind and an older PATH untouched. */
#ifndef DSEP_IO_H5WRITE_H
#define DSEP_IO_H5WRITE_H

#include "mpi/context.h"
#include "mpi/layout.h"

typedef struct dsep_h5write dsep_h5write;

typedef enum { DSEP_H5_INT8, DSEP_H5_INT32, DSEP_H5_INT64, DSEP_H5_DOUBLE } dsep_h5_type;

enum { DSEP_H5WRITE_DIMENSIONS = 4 };

/* An array spread over ranks: its shape, and the block of it that this rank holds. */
typedef struct {
    int dimensions;
    int64_t shape[DSEP_H5WRITE_DIMENSIONS]; /* the same on every rank */
    int64_t first[DSEP_H5WRITE_DIMENSIONS]; /* this rank's corner */
    int64_t count[DSEP_H5WRITE_DIMENSIONS]; /* this rank's extent; any 0 for nothing */
} dsep_h5write_slab;

/* Creates that file, empty. Collective. Errors: DSEP_ERROR_IO when it cannot be created, agreed.
 * Owner of *file: the caller, who ends it with commit or abandon. */
int dsep_h5write_create(dsep_context *ctx, const char *path, dsep_h5write **file);

/* Makes a group and those above it. Not collective; only rank 0's call counts. Groups that hold
 * something need no such call. Errors wait for the commit. */
void dsep_h5write_group(dsep_h5write *file, const char *path);

/* Sets an attribute of an object ("/" for the file itself); an object that does not exist by the
 * commit becomes a group. Values are copied; a NULL text is written as "". Not collective; only
 * rank 0's call counts. Errors wait for the commit. */
void dsep_h5write_attribute_text(dsep_h5write *file, const char *object, const char *name,
                                 const char *value);
void dsep_h5write_attribute_integer(dsep_h5write *file, const char *object, const char *name,
                                    int64_t value);
void dsep_h5write_attribute_real(dsep_h5write *file, const char *object, const char *name,
                                 double value);
void dsep_h5write_attribute_texts(dsep_h5write *file, const char *object, const char *name,
                                  const char *const *values, int64_t count);

/* Begins a table of `rows` rows; the columns that follow belong to it, until the next table.
 * index: the names of the rows, read on rank 0 alone; NULL on rank 0 numbers them from 0. `named`
 * says on every rank which it is. Collective. Errors: agreed. */
int dsep_h5write_table(dsep_h5write *file, const char *path, int64_t rows, int named,
                       const char *const *index);

/* Writes a column of numbers into the table begun last. mine: which rows `values` [mine.count]
 * holds; all ranks together hold every row once. Collective. Errors: DSEP_ERROR_IO, agreed.
 * Cost: one collective write; columns of 1 MB and more are shuffled and compressed. */
int dsep_h5write_column(dsep_h5write *file, const char *name, dsep_h5_type type, dsep_block mine,
                        const void *values);

/* Writes a column of categories: codes [mine.count] index `categories` [n_categories], -1 is
 * missing. Collective. Errors: as dsep_h5write_column(). */
int dsep_h5write_categories(dsep_h5write *file, const char *name, const char *const *categories,
                            int64_t n_categories, dsep_block mine, const int8_t *codes);

/* Writes a column of texts [rows], read on rank 0 alone and copied. Not collective, but every
 * rank may call. Errors wait for the commit. */
void dsep_h5write_texts(dsep_h5write *file, const char *name, const char *const *values);

/* Writes an array of numbers; `values` is this rank's block, last dimension fastest. Collective.
 * The blocks cover the array once. Errors: DSEP_ERROR_IO, agreed. */
int dsep_h5write_array(dsep_h5write *file, const char *path, dsep_h5_type type,
                       const dsep_h5write_slab *slab, const void *values);

/* A slab of one dimension. Not collective. */
dsep_h5write_slab dsep_h5write_line(int64_t total, dsep_block mine);

/* Completes the file and gives it its name; frees and sets *file to NULL whatever happens.
 * Collective. Errors: the first of this file, agreed; then that file is gone and an older PATH is
 * as it was. Cost: a write of all texts by rank 0, two flushes to the disk. */
int dsep_h5write_commit(dsep_h5write **file);

/* Gives up: closes and removes that file, frees and sets *file to NULL; accepts NULL.
 * Collective. */
void dsep_h5write_abandon(dsep_h5write **file);

#endif
