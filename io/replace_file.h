/* Write beside, then rename: what all writers share. */
#ifndef DSEP_IO_REPLACE_FILE_H
#define DSEP_IO_REPLACE_FILE_H

#include "mpi/context.h"

/* PATH.tmp, where a file is written before it takes its name. Not collective. Owner: the caller,
 * free(). NULL without memory. */
char *dsep_replace_temporary(const char *path);

/* Flushes the folder that holds `path`, so that a rename in it lasts. Not collective. Some file
 * systems cannot; the file is whole all the same, and nothing is said. */
void dsep_replace_flush_folder(const char *path);

/* Gives a closed temporary file its final name once all ranks agree: rank 0 flushes it, renames
 * it and flushes the folder. Collective. mine: this rank's outcome so far. On any failure rank 0
 * removes the temporary file, and an old file is as it was. Errors: the worst of `mine`, or
 * DSEP_ERROR_IO, agreed. */
int dsep_replace_finish(dsep_context *ctx, int mine, const char *temporary, const char *path);

#endif
