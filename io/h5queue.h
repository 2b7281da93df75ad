/* Texts and attributes that wait for a result file's second phase, in which rank 0 is alone. */
#ifndef DSEP_IO_H5QUEUE_H
#define DSEP_IO_H5QUEUE_H

#include "mpi/error.h"

#include <stdint.h>

typedef enum {
    DSEP_H5QUEUE_GROUP,
    DSEP_H5QUEUE_TEXT, /* attributes: one text, several, an integer, a real, a truth value */
    DSEP_H5QUEUE_TEXTS,
    DSEP_H5QUEUE_INTEGER,
    DSEP_H5QUEUE_REAL,
    DSEP_H5QUEUE_FLAG,
    DSEP_H5QUEUE_DATASET /* a dataset of texts */
} dsep_h5queue_kind;

typedef struct {
    dsep_h5queue_kind kind;
    char *object, *name; /* name: of the attribute; NULL for groups and datasets */
    char **texts;        /* [count], in one piece of memory with the letters behind them */
    int64_t count, bytes;
    int64_t integer;
    double real;
} dsep_h5queue_item;

typedef struct {
    dsep_h5queue_item *items;
    int64_t count, capacity;
    int64_t bytes; /* about what all items take in a file */
    int failed;    /* memory ran out; the queue is not complete */
} dsep_h5queue;

/* Appends an item; object, name and texts are copied. Not collective. A shortage of memory is
 * remembered in `failed`. */
void dsep_h5queue_add(dsep_h5queue *queue, dsep_h5queue_item item);

/* Frees the items and empties the queue. Not collective. */
void dsep_h5queue_clear(dsep_h5queue *queue);

/* Writes all items in order into an existing HDF5 file, which it opens alone. Not collective.
 * Errors: DSEP_ERROR_IO with HDF5's innermost reason. */
int dsep_h5queue_write(const dsep_h5queue *queue, const char *path, dsep_error *error);

/* HDF5's innermost reason for its last failure, into text[size]. Not collective. */
void dsep_h5_reason(char *text, int64_t size);

#endif
