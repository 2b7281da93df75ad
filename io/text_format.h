/* How a text table is laid out, found out from its first lines. */
#ifndef DSEP_IO_TEXT_FORMAT_H
#define DSEP_IO_TEXT_FORMAT_H

#include "io/missing_token.h"
#include "io/table_names.h"
#include "io/table_read.h"
#include "io/text_parse.h"
#include "io/text_source.h"

#include <stdint.h>

/* Why the first field of each line is not a value. */
typedef enum {
    DSEP_LABEL_NONE,
    DSEP_LABEL_SHORT_HEADER, /* the header has one field fewer, as R writes it */
    DSEP_LABEL_UNNAMED,      /* the header's first field is empty */
    DSEP_LABEL_VARIABLE      /* transposed: the name of the variable */
} dsep_text_label;

/* Plain data: one rank finds it and sends it to the others. */
typedef struct {
    dsep_text_style style;
    int64_t start;        /* byte where the data begin */
    int64_t lines_before; /* lines before it */
    int64_t n_fields;     /* of every data line, with a label */
    dsep_text_label label;
} dsep_text_format;

/* Looks at the start of a text. Not collective: one rank looks.
 * names: receives the header's names without that of a label column; stays empty when the columns
 * are to be numbered, and with settings->transpose.
 * Errors: DSEP_ERROR_DATA for what is no text table, DSEP_ERROR_USAGE for a wrong separator,
 * DSEP_ERROR_RESOURCES. Cost: reads the first lines. */
int dsep_text_format_find(dsep_text_source *source, const dsep_table_settings *settings,
                          const dsep_missing *missing, dsep_text_format *format,
                          dsep_name_block *names, dsep_error *error);

#endif
