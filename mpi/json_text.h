/* Text for JSON, where nothing but libc is at hand. */
#ifndef DSEP_MPI_JSON_TEXT_H
#define DSEP_MPI_JSON_TEXT_H

#include <stdio.h>

/* Writes text as a JSON string, with its quotes. Bytes that are no UTF-8 (a cut letter, a file in
 * another encoding) become U+FFFD. Not collective. */
void dsep_json_text(FILE *file, const char *text);

#endif
