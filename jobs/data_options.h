/* Options of every command that reads a table. */
#ifndef DSEP_JOBS_DATA_OPTIONS_H
#define DSEP_JOBS_DATA_OPTIONS_H

#include "io/table_read.h"
#include "jobs/options.h"

typedef struct {
    int transpose, header, incomplete, constant;
    char *separator, *missing, *columns, *drop, *environment;
} dsep_data_options;

extern const dsep_option dsep_data_option_table[];

/* The reader's settings for a path; texts stay the options'. Not collective. */
dsep_table_settings dsep_data_settings(const dsep_data_options *options, const char *path,
                                       int64_t min_samples);

#endif
