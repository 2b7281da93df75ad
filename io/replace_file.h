/* Write beside, then rename: what all writers share. */
#ifndef DSEP_IO_REPLACE_FILE_H
#define DSEP_IO_REPLACE_FILE_H

#include "mpi/context.h"

/* Where a file is written before it takes its name: PATH.HOST-PID.tmp, by rank 0, so that two runs
 * never write into one another's, as a job that its scheduler has given up and the one in its
 * place may try. Those that runs left behind are removed: of this host, whose process is gone; of
 * another, not written to for ten minutes. Collective. *temporary: the same on all ranks; owner:
 * the caller, free(). Errors: DSEP_ERROR_RESOURCES, agreed; *temporary is NULL then. */
int dsep_replace_begin(dsep_context *ctx, const char *path, char **temporary);

/* Removes all temporary files of `path`, whoever writes them: such a writer fails and says so. Not
 * collective. */
void dsep_replace_clear(const char *path);

/* Flushes the folder that holds `path`, so that a rename in it lasts. Not collective. Some file
 * systems cannot; the file is whole all the same, and nothing is said. */
void dsep_replace_flush_folder(const char *path);

/* Gives a closed temporary file its final name once all ranks agree: rank 0 flushes it, renames
 * it and flushes the folder. Collective. mine: this rank's outcome so far. On any failure rank 0
 * removes the temporary file, and an old file is as it was. Errors: the worst of `mine`, or
 * DSEP_ERROR_IO, agreed. */
int dsep_replace_finish(dsep_context *ctx, int mine, const char *temporary, const char *path);

#endif
