/* A dsep_state in a file of its own, and the one before it.
 *
 * a file beside PATH is written and flushed, PATH becomes PATH.old, that file PATH: whenever it
 * ends, a whole one is left. The file, in the byte order of the machine that wrote it:
 *
 *   header    magic "dsepckpt", byte order, version, moment (s since 1970), bytes of the stream
 *             and of what it holds
 *   stream    zlib: bytes of the key, number of blocks, for each block name, record and bytes; then
 *             the key and the blocks' bytes
 *   checksum  XXH64 of stream and header
 */
#ifndef DSEP_IO_CHECKPOINT_H
#define DSEP_IO_CHECKPOINT_H

#include "mpi/context.h"
#include "mpi/state.h"

enum { DSEP_CHECKPOINT_VERSION = 1 };

/* What was read. */
typedef struct {
    char *file;       /* which one: PATH or PATH.old; NULL where none was whole */
    char moment[32];  /* when it was written, ISO 8601 */
    char *key;        /* as it was written */
    dsep_state state; /* its blocks; what is spread is dealt out as dsep_layout_block() */
    char notes[1400]; /* why PATH, or neither, was used; "" where there is nothing to say */
} dsep_checkpoint;

/* Keeps a state. Collective. key: text, equal on all ranks, as are the blocks' names and order. A
 * PATH that is whole becomes PATH.old; one that is damaged is written over, so that a good PATH.old
 * stays. Errors: DSEP_ERROR_IO with the reason (no space, no right, ...), DSEP_ERROR_RESOURCES,
 * agreed; then what could be read before can be read still, and nothing is left beside it. Cost:
 * one pass of zlib at its fastest on rank 0, the old file's checksum, two flushes; memory: a piece
 * of 16 MB on rank 0. */
int dsep_checkpoint_write(dsep_context *ctx, const char *path, const char *key,
                          const dsep_state *state);

/* Reads PATH, or PATH.old where PATH is not there, ends early, is damaged or of another version or
 * byte order. Collective: the same on every rank, on any number of ranks. With neither
 * checkpoint->file is NULL, which is no error. Errors: DSEP_ERROR_IO where the system could not
 * read a file that is there and no other was whole; the notes say which; DSEP_ERROR_RESOURCES;
 * agreed. Owner of what it holds: the caller, dsep_checkpoint_clear(). Cost: rank 0 reads the file
 * twice, first for its checksum; every rank holds its part and what is equal on all. No file,
 * however made, asks for more than 1100 times its size. */
int dsep_checkpoint_read(dsep_context *ctx, const char *path, dsep_checkpoint *checkpoint);

/* Removes PATH, PATH.old and what was being written beside them, where they are there. Collective.
 */
void dsep_checkpoint_remove(dsep_context *ctx, const char *path);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_checkpoint_clear(dsep_checkpoint *checkpoint);

#endif
