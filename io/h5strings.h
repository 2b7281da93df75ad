/* Strings out of HDF5: fixed or variable length, in datasets, attributes and old tables. */
#ifndef DSEP_IO_H5STRINGS_H
#define DSEP_IO_H5STRINGS_H

#include "io/table_names.h"
#include "mpi/error.h"

#include <hdf5.h>
#include <stdint.h>

/* Appends the strings of a one-dimensional dataset, or those of field `member` where it is a table
 * of a compound type. Not collective. Errors: DSEP_ERROR_DATA when they are no strings, are not
 * `expected` in number (-1 takes any), or cannot be read; DSEP_ERROR_RESOURCES.
 * shown: what the message calls them. */
int dsep_h5_read_strings(hid_t dataset, const char *member, int64_t expected, const char *shown,
                         dsep_name_block *names, dsep_error *error);

/* The same for an attribute. Not collective. Errors as above. */
int dsep_h5_read_attribute_strings(hid_t object, const char *attribute, int64_t expected,
                                   const char *shown, dsep_name_block *names, dsep_error *error);

/* One string of an attribute into a buffer; 0 when it is not there or does not fit. Not
 * collective. */
int dsep_h5_attribute_text(hid_t object, const char *attribute, char *text, int64_t room);

#endif
