/* Text to numbers and fields: the inner loops of reading a text table. */
#ifndef DSEP_IO_TEXT_PARSE_H
#define DSEP_IO_TEXT_PARSE_H

#include <stdint.h>

/* How fields are told apart. */
typedef struct {
    char separator; /* a space with `blanks` */
    char blanks;    /* runs of spaces and tabs are one separator */
} dsep_text_style;

/* What is wrong with a field, 0 when nothing. */
typedef enum { DSEP_FIELD_OK, DSEP_FIELD_OPEN_QUOTE, DSEP_FIELD_AFTER_QUOTE } dsep_field_fault;

/* A field without the white space around it and without its quotes. */
typedef struct {
    const char *begin, *end;
    int quoted;
    dsep_field_fault fault;
    const char *next; /* first character after the field and its white space */
} dsep_text_field;

/* The decimal number at the start of `text`, correctly rounded as strtod() in the C locale does;
 * NULL when there is none, else the first character after it. Too large a number gives an
 * infinity. Not collective. No hexadecimal, no inf, no nan, no white space.
 * text: followed by a readable character that cannot be part of a number.
 * Cost: about 1 ns a digit; one number in 300 with 17 digits or more takes strtod()'s time.
 * Source: Clinger 1990, doi:10.1145/93542.93557; the longer path is a cut-down Eisel-Lemire
 * (doi:10.1002/spe.2984). Example: tests/unit/table_parse.c. */
const char *dsep_text_number(const char *text, double *value);

/* Whether all of begin..end is a number; `end` as above. Not collective. */
int dsep_text_is_number(const char *begin, const char *end);

/* Whether begin..end says infinity, in any case and with any sign. Not collective. */
int dsep_text_is_infinity(const char *begin, const char *end);

/* Whether begin..end is a number with a decimal comma. Not collective. */
int dsep_text_is_decimal_comma(const char *begin, const char *end);

/* Whether a character is white space that surrounds fields rather than separates them. Not
 * collective. */
static inline int dsep_text_is_space(dsep_text_style style, char c) {
    return c == ' ' ? style.separator != ' ' || style.blanks
                    : (c == '\t' && style.separator != '\t');
}

/* First character in at..end that is no such white space. Not collective. */
static inline const char *dsep_text_skip(dsep_text_style style, const char *at, const char *end) {
    while (at < end && dsep_text_is_space(style, *at))
        at++;
    return at;
}

/* The field that starts at `at`; `end` is the end of the line, without line end and without
 * trailing white space. Not collective. */
dsep_text_field dsep_text_next_field(dsep_text_style style, const char *at, const char *end);

/* Where the field after `next` begins, or NULL at the end of the line. Not collective. */
static inline const char *dsep_text_after(dsep_text_style style, const char *next,
                                          const char *end) {
    if (next >= end)
        return 0;
    return style.blanks ? next : next + 1;
}

/* `end` moved back over carriage return and trailing white space. Not collective. */
const char *dsep_text_trim(dsep_text_style style, const char *begin, const char *end);

/* Number of fields between begin and end, which are trimmed; a faulty field ends the count. Not
 * collective. */
int64_t dsep_text_count_fields(dsep_text_style style, const char *begin, const char *end);

/* A copy of the field's text with "" turned into ", NULL when memory is short. Not collective.
 * Owner: the caller, free(). */
char *dsep_text_field_copy(const dsep_text_field *field);

/* Copies begin..end into a buffer of `room` bytes for a message: cut with "..." where too long, no
 * control characters. Not collective. */
void dsep_text_excerpt(const char *begin, const char *end, char *buffer, int64_t room);

#endif
