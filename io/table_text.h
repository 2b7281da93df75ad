/* Text tables, and the contract of all readers of one format. */
#ifndef DSEP_IO_TABLE_TEXT_H
#define DSEP_IO_TABLE_TEXT_H

#include "io/table_path.h"
#include "io/table_read.h"

/* Each reader leaves the chosen columns spread over the ranks with their names, NaN for missing
 * cells, and *positions [n_variables], the 1-based numbers of the columns in the file, on every
 * rank; checks, drops and checksum come later. Outputs are NULL on failure; the caller owns
 * them. Errors are agreed and the same on any number of ranks. */

/* Reads CSV, TSV or blank-separated text, plain or gzip. Collective.
 * The text is cut into chunks of equal bytes dealt to the ranks in turn; a line belongs to the
 * chunk in which it begins. Cost: see dsep_table_read(). */
int dsep_table_read_text(dsep_context *ctx, const dsep_table_settings *settings,
                         const dsep_table_path *where, dsep_table **table, int64_t **positions);

#endif
