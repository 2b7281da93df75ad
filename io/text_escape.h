/* Printing texts into formats that give some characters a meaning. Errors stay in the stream, for
 * ferror(). Texts are UTF-8. */
#ifndef DSEP_IO_TEXT_ESCAPE_H
#define DSEP_IO_TEXT_ESCAPE_H

#include <stdio.h>

/* As the content of an XML element or attribute; characters that XML cannot hold become U+FFFD.
 * Not collective. */
void dsep_print_xml(FILE *file, const char *text);

/* As a JSON string, with its quotes. Not collective. */
void dsep_print_json(FILE *file, const char *text);

/* As a JSON number with the fewest digits that read back the same; null where it is not finite.
 * Not collective. */
void dsep_print_json_number(FILE *file, double value);

/* As a string of GML, with its quotes: ASCII, the rest as character references. Not collective. */
void dsep_print_gml(FILE *file, const char *text);

/* In double quotes, with a backslash before quotes and backslashes: dot and dagitty. Not
 * collective. */
void dsep_print_quoted(FILE *file, const char *text);

#endif
