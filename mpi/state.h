/* The state of a run between two units of work: named blocks of bytes.
 *
 * Whoever computes puts in what it would need to go on; whoever writes files keeps it. What is the
 * same on every rank is kept once; what is spread over ranks is a list of records in rank order,
 * which other numbers of ranks can share out anew. */
#ifndef DSEP_MPI_STATE_H
#define DSEP_MPI_STATE_H

#include "mpi/error.h"

#include <stdint.h>

enum { DSEP_STATE_BLOCKS = 32, DSEP_STATE_NAME = 24 };

typedef struct {
    char name[DSEP_STATE_NAME];
    int64_t record;   /* bytes of a record, for what is spread over ranks; 0: equal on all ranks */
    const void *data; /* [bytes] this rank's records, or all of it */
    int64_t bytes;
    void *own; /* what is to be freed with the state; NULL where data is lent */
} dsep_state_block;

typedef struct {
    int n_blocks;
    dsep_state_block block[DSEP_STATE_BLOCKS];
} dsep_state;

/* Adds a block under a new name of less than DSEP_STATE_NAME bytes. Not collective, but every rank
 * adds the same names in the same order. record: 0 for what is equal on all ranks, else `bytes` is
 * a multiple of it on each. data: lent until the state is cleared. Errors: DSEP_ERROR_INTERNAL for
 * a name that is long or taken, or one block too many. */
int dsep_state_lend(dsep_state *state, const char *name, int64_t record, const void *data,
                    int64_t bytes, dsep_error *error);

/* The same with memory that the state frees, also when it fails. Not collective. */
int dsep_state_give(dsep_state *state, const char *name, int64_t record, void *data, int64_t bytes,
                    dsep_error *error);

/* Lends all blocks of another state, which must outlive this one. Not collective. */
int dsep_state_join(dsep_state *state, const dsep_state *other, dsep_error *error);

/* The block of this name, or NULL. Not collective. */
const dsep_state_block *dsep_state_find(const dsep_state *state, const char *name);

/* Copies a block that must have exactly `bytes` bytes. Not collective. Errors: DSEP_ERROR_DATA
 * where it is not there or has another size. */
int dsep_state_read(const dsep_state *state, const char *name, void *data, int64_t bytes,
                    dsep_error *error);

/* Frees what it owns; it is empty then. Not collective. */
void dsep_state_clear(dsep_state *state);

#endif
