/* Which HDF5 was loaded. */
#ifndef DSEP_IO_H5VERSION_H
#define DSEP_IO_H5VERSION_H

#include <stddef.h>

/* Writes "1.10.8" and the like into text[size]. Not collective. */
void dsep_h5_version(char *text, size_t size);

#endif
