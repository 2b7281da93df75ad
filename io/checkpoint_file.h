/* One checkpoint file as one process sees it: bytes go in and come out in order. */
#ifndef DSEP_IO_CHECKPOINT_FILE_H
#define DSEP_IO_CHECKPOINT_FILE_H

#include "mpi/error.h"

#include <stdint.h>

typedef struct dsep_checkpoint_file dsep_checkpoint_file;

/* What a file turned out to be. */
typedef enum {
    DSEP_CHECKPOINT_WHOLE,
    DSEP_CHECKPOINT_ABSENT,
    DSEP_CHECKPOINT_UNUSABLE,  /* not as this program writes them */
    DSEP_CHECKPOINT_UNREADABLE /* the system, or memory, did not let it be read */
} dsep_checkpoint_condition;

/* Starts a file, over one that is there. Not collective. Errors: DSEP_ERROR_IO,
 * DSEP_ERROR_RESOURCES. Owner of *file: the caller, dsep_checkpoint_file_close(). */
int dsep_checkpoint_file_create(const char *path, dsep_error *error, dsep_checkpoint_file **file);

/* Adds bytes. Not collective. Errors: DSEP_ERROR_IO with the system's reason. */
int dsep_checkpoint_file_put(dsep_checkpoint_file *file, const void *data, int64_t bytes,
                             dsep_error *error);

/* Ends what is written: checksum, header, flush to disk, close. Not collective. */
int dsep_checkpoint_file_finish(dsep_checkpoint_file **file, dsep_error *error);

/* Opens a file that is whole: magic, version, byte order, length and checksum are right. Else *file
 * is NULL and `why` goes on from the file's name: "is damaged (checksum)". Not collective. Cost:
 * reads all of it. */
dsep_checkpoint_condition dsep_checkpoint_file_open(const char *path, dsep_checkpoint_file **file,
                                                    char *why, int room);

/* The next bytes. Not collective. Errors: DSEP_ERROR_DATA where there are no more or they are no
 * zlib stream; DSEP_ERROR_IO. The text goes on from the file's name. */
int dsep_checkpoint_file_get(dsep_checkpoint_file *file, void *data, int64_t bytes,
                             dsep_error *error);

/* Bytes that the file says it still holds; at most 1100 times its size. Not collective. */
int64_t dsep_checkpoint_file_left(const dsep_checkpoint_file *file);

/* When it was written, in seconds since 1970. Not collective. */
int64_t dsep_checkpoint_file_moment(const dsep_checkpoint_file *file);

/* Closes it, whatever is still to come, and sets *file to NULL; accepts NULL. Not collective. */
void dsep_checkpoint_file_close(dsep_checkpoint_file **file);

#endif
