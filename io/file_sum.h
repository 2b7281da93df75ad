/* What is in a file, in sixteen letters. */
#ifndef DSEP_IO_FILE_SUM_H
#define DSEP_IO_FILE_SUM_H

/* XXH64 of a file's bytes, in hexadecimal. Returns whether it could be read. Not collective. Cost:
 * one pass over the file. */
int dsep_file_sum(const char *path, char sum[17]);

#endif
