/* The lines of a text, dealt to ranks by chunks of bytes, and the first fault among them. */
#ifndef DSEP_IO_TEXT_LINES_H
#define DSEP_IO_TEXT_LINES_H

#include "io/table_path.h"
#include "io/table_rows.h"
#include "io/text_format.h"

#include <stdint.h>

typedef enum {
    DSEP_LINE_OK,
    DSEP_LINE_NUL,
    DSEP_LINE_OPEN_QUOTE,
    DSEP_LINE_AFTER_QUOTE,
    DSEP_LINE_RAGGED,
    DSEP_LINE_TEXT,
    DSEP_LINE_INFINITE,
    DSEP_LINE_COMMA,
    DSEP_LINE_NO_LABEL
} dsep_line_fault_kind;

/* What is wrong with a line: where, and what was found there. */
typedef struct {
    dsep_line_fault_kind kind;
    int64_t field;  /* 0-based; for DSEP_LINE_RAGGED the number of fields */
    int64_t row;    /* which row of its chunk, 0-based */
    int64_t chunk;  /* filled by dsep_text_lines_visit() */
    int64_t line;   /* of the chunk, 0-based; likewise */
    int64_t offset; /* byte of the text where the line begins; likewise */
    char text[64];  /* the cell */
} dsep_line_fault;

/* How a text is cut. */
typedef struct {
    const char *shown; /* path for messages */
    const char *file;
    dsep_text_format format;
    int64_t chunk_bytes;
} dsep_text_cut;

/* What a visitor is told; it returns a dsep_code and sets fault->kind where the line is wrong. */
typedef struct {
    const char *begin, *end; /* the line, trimmed and not blank; followed by a readable byte */
    int64_t chunk, row;      /* its chunk, and which row of it, 0-based */
} dsep_text_line;

typedef int (*dsep_line_visitor)(void *state, const dsep_text_line *line, dsep_line_fault *fault,
                                 dsep_error *error);

/* Lines and rows of every chunk, on every rank, and the first fault of this rank's chunks. */
typedef struct {
    int64_t n_chunks;
    int64_t *lines;             /* [n_chunks] */
    dsep_row_segments segments; /* rows: lines that are not blank */
    dsep_line_fault fault;
} dsep_text_count;

/* Shows this rank's lines to a visitor, in order, up to the first fault; then counts over all
 * ranks. Collective. Has the fault point table-read.
 * The caller ends with dsep_text_count_clear(), also on failure. A faulty line is no error yet:
 * see dsep_line_fault_explain(). Errors, agreed: DSEP_ERROR_IO, DSEP_ERROR_RESOURCES and what the
 * visitor returns; DSEP_ERROR_DATA for damaged gzip when no line before the damage is wrong. */
int dsep_text_lines_visit(dsep_context *ctx, const dsep_text_cut *cut, dsep_line_visitor visit,
                          void *state, dsep_text_count *count);

/* Frees what it holds. Not collective. */
void dsep_text_count_clear(dsep_text_count *count);

/* Explains this rank's fault. Not collective. Returns DSEP_ERROR_DATA, or DSEP_OK without one.
 * columns: the header's names, or NULL where a line is a variable; variable: then its name. */
int dsep_line_fault_explain(const dsep_text_cut *cut, const dsep_text_count *count,
                            char *const *columns, const char *variable, dsep_error *error);

#endif
