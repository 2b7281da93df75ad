#include "io/text_lines.h"

#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What this rank knows while it goes through its chunks. */
typedef struct {
    const dsep_text_cut *cut;
    dsep_text_source *source;
    dsep_line_visitor visit;
    void *state;
    dsep_error *error;
    int64_t *tally; /* [2 x capacity / 2] lines and rows of each own chunk */
    int64_t done, capacity;
    dsep_line_fault fault;
} walk;

/* The part of the window that holds the lines which begin in a chunk. */
typedef struct {
    const char *begin, *end;
    int64_t offset; /* of begin in the text */
    int more;       /* the text goes on after this chunk */
} span;

static const char *find(const char *from, const char *end, char wanted) {
    return from < end ? memchr(from, wanted, (size_t)(end - from)) : NULL;
}

static const char *find_last(const char *text, int64_t length, char wanted) {
    while (length > 0 && text[length - 1] != wanted)
        length--;
    return length > 0 ? text + length - 1 : NULL;
}

/* Loads a chunk up to the end of its last line. A chunk but the first is loaded with the byte
 * before it, which tells whether a line begins right at its start. */
static int load_chunk(walk *at, int64_t chunk, span *found) {
    const int64_t bytes = at->cut->chunk_bytes, before = chunk > 0;
    const int64_t from = at->cut->format.start + chunk * bytes - before;
    const char *text = NULL, *last = NULL;
    int64_t got = 0, wanted = bytes + before;
    int code = dsep_text_source_window(at->source, from, wanted, &text, &got, at->error);
    *found = (span){.more = got >= wanted};
    if (code || got <= before)
        return code;
    const int64_t limit = wanted < got ? wanted : got;
    const char *newline = before ? find(text, text + limit, '\n') : NULL;
    const char *begin = newline ? newline + 1 : text;
    if ((before && !newline) || begin >= text + limit)
        return DSEP_OK;
    const int64_t skip = begin - text;
    while (!(last = find(text + limit - 1, text + got, '\n')) && got >= wanted && !code) {
        wanted = got * 2;
        code = dsep_text_source_window(at->source, from, wanted, &text, &got, at->error);
    }
    if (code)
        return code;
    /* A text that breaks off: its last line is not whole. */
    if (!last && dsep_text_source_failure(at->source, NULL))
        last = find_last(text, got, '\n');
    else if (!last)
        last = text + got;
    found->begin = text + skip;
    found->end = last > found->begin ? last : found->begin;
    found->offset = from + skip;
    return DSEP_OK;
}

static int visit_span(walk *at, int64_t chunk, const span *part, int64_t *lines, int64_t *rows) {
    const dsep_text_style style = at->cut->format.style;
    const char *nul = find(part->begin, part->end, 0);
    int code = DSEP_OK;
    for (const char *p = part->begin; p < part->end && !code; ++*lines) {
        const char *stop = find(p, part->end, '\n');
        if (!stop)
            stop = part->end;
        dsep_text_line line = {p, dsep_text_trim(style, p, stop), chunk, *rows};
        if (style.blanks)
            line.begin = dsep_text_skip(style, p, line.end);
        if (nul && nul < stop)
            at->fault.kind = DSEP_LINE_NUL;
        else if (line.begin < line.end)
            code = at->visit(at->state, &line, &at->fault, at->error);
        if (at->fault.kind) {
            at->fault.chunk = chunk;
            at->fault.line = *lines;
            at->fault.row = *rows;
            at->fault.offset = part->offset + (p - part->begin);
            return code;
        }
        *rows += line.begin < line.end;
        p = stop + 1;
    }
    return code;
}

static int walk_chunks(dsep_context *ctx, walk *at) {
    int code = dsep_fault(ctx, "table-read");
    if (!code)
        code = dsep_text_source_open(at->cut->file, at->cut->shown, &at->source, at->error);
    span part = {.more = 1};
    for (int64_t chunk = dsep_rank(ctx); part.more && !code && !at->fault.kind;
         chunk += dsep_size(ctx)) {
        int64_t lines = 0, rows = 0;
        code = load_chunk(at, chunk, &part);
        if (!code && part.begin)
            code = visit_span(at, chunk, &part, &lines, &rows);
        if (!code)
            code = dsep_array_reserve((void **)&at->tally, &at->capacity, 2 * at->done + 2,
                                      sizeof *at->tally, at->error);
        if (code)
            break;
        at->tally[2 * at->done] = lines;
        at->tally[2 * at->done++ + 1] = rows;
    }
    if (!code && !at->fault.kind)
        code = dsep_text_source_failure(at->source, at->error);
    dsep_text_source_close(&at->source);
    return code;
}

/* Adds up over ranks; rows become the prefix that segments want. */
static int total(dsep_context *ctx, const walk *at, dsep_text_count *count) {
    int code = DSEP_OK;
    const int64_t size = dsep_size(ctx), rank = dsep_rank(ctx);
    count->n_chunks = at->done ? rank + (at->done - 1) * size + 1 : 0;
    dsep_max_i64(ctx, &count->n_chunks, 1);
    count->lines = dsep_array(count->n_chunks, sizeof(int64_t));
    int64_t *first = count->segments.first = dsep_array(count->n_chunks + 1, sizeof(int64_t));
    DSEP_AGREE(ctx, count->lines && first
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "counting lines"));
    count->segments.count = count->n_chunks;
    for (int64_t k = 0; k < at->done; k++) {
        count->lines[rank + k * size] = at->tally[2 * k];
        first[rank + k * size + 1] = at->tally[2 * k + 1];
    }
    dsep_sum_i64(ctx, count->lines, count->n_chunks);
    dsep_sum_i64(ctx, first, count->n_chunks + 1);
    for (int64_t c = 0; c < count->n_chunks; c++)
        first[c + 1] += first[c];
cleanup:
    return code;
}

int dsep_text_lines_visit(dsep_context *ctx, const dsep_text_cut *cut, dsep_line_visitor visit,
                          void *state, dsep_text_count *count) {
    walk at = {.cut = cut, .visit = visit, .state = state, .error = dsep_context_error(ctx)};
    *count = (dsep_text_count){0};
    const int mine = walk_chunks(ctx, &at);
    count->fault = at.fault;
    /* Damage in gzip comes after every whole line: a faulty line speaks first. */
    int64_t faults = at.fault.kind != DSEP_LINE_OK;
    dsep_max_i64(ctx, &faults, 1);
    int code = dsep_agree(ctx, faults && mine == DSEP_ERROR_DATA ? DSEP_OK : mine);
    if (!code)
        code = total(ctx, &at, count);
    free(at.tally);
    return code;
}

void dsep_text_count_clear(dsep_text_count *count) {
    free(count->lines);
    free(count->segments.first);
    *count = (dsep_text_count){0};
}

/* Number of the line of a fault in the file, from 1; right for the first fault. */
static int64_t line_number(const dsep_text_cut *cut, const dsep_text_count *count) {
    int64_t number = cut->format.lines_before + count->fault.line + 1;
    for (int64_t c = 0; c < count->fault.chunk; c++)
        number += count->lines[c];
    return number;
}

/* "line 3, column 2 ('age')", or where a line is a variable "line 3 ('age'), field 2". */
static void describe_place(const dsep_text_cut *cut, const dsep_text_count *count,
                           char *const *columns, const char *name, char *place, size_t room) {
    const int64_t line = line_number(cut, count);
    const int64_t labels = cut->format.label != DSEP_LABEL_NONE;
    if (columns)
        snprintf(place, room, "line %" PRId64 ", column %" PRId64 " ('%s')", line,
                 count->fault.field - labels + 1, name);
    else
        snprintf(place, room, "line %" PRId64 " ('%s'), field %" PRId64, line, name,
                 count->fault.field + 1);
}

static int explain_cell(const dsep_text_cut *cut, const dsep_text_count *count,
                        char *const *columns, const char *full_name, dsep_error *error) {
    char place[160], name[48];
    const char *found = count->fault.text;
    dsep_text_excerpt(full_name, full_name + strlen(full_name), name, sizeof name);
    describe_place(cut, count, columns, name, place, sizeof place);
    if (count->fault.kind == DSEP_LINE_INFINITE)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s: found '%s', which is infinite or too large, expected a "
                              "finite number; correct it, or call it missing with --missing '%s'",
                              cut->shown, place, found, found);
    if (count->fault.kind == DSEP_LINE_NO_LABEL)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s: found '%s' and so no environment, expected a label in every "
                              "row; correct it, or leave such rows out with --incomplete drop-rows",
                              cut->shown, place, found);
    if (count->fault.kind == DSEP_LINE_COMMA)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s: found '%s' with a decimal comma, expected a decimal point; "
                              "convert the file, for example with sed 's/,/./g'",
                              cut->shown, place, found);
    if (cut->format.n_fields == 1)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s: found '%s', expected a number; the whole line is one field: "
                              "name what divides it with --separator",
                              cut->shown, place, found);
    if (columns && line_number(cut, count) == 1)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: %s: found '%s', expected a number; where the first line holds "
                              "names, say --header yes",
                              cut->shown, place, found);
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "%s: %s: found '%s', expected a number; this is probably text: leave it "
                          "out with --drop '%s', or if '%s' means no value, use --missing '%s'",
                          cut->shown, place, found, name, found, found);
}

int dsep_line_fault_explain(const dsep_text_cut *cut, const dsep_text_count *count,
                            char *const *columns, const char *variable, dsep_error *error) {
    const dsep_line_fault *fault = &count->fault;
    const int64_t line = line_number(cut, count);
    const int64_t labels = cut->format.label != DSEP_LABEL_NONE;
    switch (fault->kind) {
    case DSEP_LINE_OK:
        return DSEP_OK;
    case DSEP_LINE_NUL:
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: line %" PRId64
                              ": found a NUL byte: this is not text (or damaged), expected a CSV "
                              "or TSV table, .npy or HDF5",
                              cut->shown, line);
    case DSEP_LINE_OPEN_QUOTE:
    case DSEP_LINE_AFTER_QUOTE:
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: line %" PRId64 ", field %" PRId64
                              ": %s, expected \"text\" within one line; correct the quotes there",
                              cut->shown, line, fault->field + 1,
                              fault->kind == DSEP_LINE_OPEN_QUOTE
                                  ? "found a quote that does not close on this line"
                                  : "found text after a closing quote");
    case DSEP_LINE_RAGGED:
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%s: line %" PRId64 ": found %" PRId64 " field%s, expected %" PRId64
                              " as in the lines before; correct that line, or name the separator "
                              "with --separator",
                              cut->shown, line, fault->field, dsep_plural(fault->field),
                              cut->format.n_fields);
    default:
        return explain_cell(cut, count, columns,
                            columns ? columns[fault->field - labels] : variable, error);
    }
}
