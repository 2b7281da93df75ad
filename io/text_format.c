#include "io/text_format.h"

#include "mpi/amount.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_LOOK = 1 << 16, LINE_MAX_BYTES = 1 << 28, HEADER_MAX_BYTES = 1 << 24 };

/* A record of the text: a line, or several where quotes in a header span lines. */
typedef struct {
    const char *begin, *end; /* trimmed */
    const char *next;        /* the line after it */
    int64_t lines_before;
} record;

/* What is worked on: the window with the first lines. */
typedef struct {
    const dsep_table_settings *settings;
    const dsep_missing *missing;
    const char *text, *end;
    record first, second;
    int has_first, has_second;
} look;

static int wrong(const look *at, dsep_error *error, const char *what) {
    return dsep_error_set(error, DSEP_ERROR_DATA, "%s: %s", at->settings->path, what);
}

/* The line end that is not inside quotes; quotes that never close count for nothing. */
static const char *record_end(const char *begin, const char *end, int spans_lines) {
    int quoted = 0;
    const char *limit = end - begin > HEADER_MAX_BYTES ? begin + HEADER_MAX_BYTES : end;
    for (const char *p = begin; spans_lines && p < limit; p++) {
        quoted ^= *p == '"';
        if (*p == '\n' && !quoted)
            return p;
    }
    return begin < end ? memchr(begin, '\n', (size_t)(end - begin)) : NULL;
}

/* The first record from `at` that is not blank; 0 when there is none (yet). */
static int find_record(const char *at, const char *end, int64_t lines, int spans_lines,
                       int at_end_of_file, record *found) {
    const dsep_text_style any = {.separator = ','};
    while (at < end) {
        const char *line_end = record_end(at, end, spans_lines);
        if (!line_end && !at_end_of_file)
            return 0;
        const char *stop = line_end ? line_end : end;
        *found = (record){at, dsep_text_trim(any, at, stop), line_end ? line_end + 1 : end, lines};
        for (const char *p = at; p < found->next; p++)
            lines += *p == '\n';
        if (found->begin < found->end || memchr(at, '\t', (size_t)(stop - at)))
            return 1;
        at = found->next;
    }
    return 0;
}

static int64_t lines_until(const record *r) {
    int64_t lines = r->lines_before;
    for (const char *p = r->begin; p < r->next; p++)
        lines += *p == '\n';
    return lines;
}

static int check_text(const look *at, dsep_error *error) {
    const unsigned char *head = (const unsigned char *)at->text;
    const int64_t length = at->end - at->text;
    if (length >= 2 &&
        ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff)))
        return wrong(at, error,
                     "the text is UTF-16, expected UTF-8; convert it, for example with iconv -f "
                     "UTF-16 -t UTF-8");
    const int64_t some = length < FIRST_LOOK ? length : FIRST_LOOK;
    if (memchr(head, 0, (size_t)some))
        return wrong(at, error,
                     "found a NUL byte in the first lines: this is not text (or UTF-16; then "
                     "convert it with iconv), expected a CSV or TSV table, .npy or HDF5");
    return DSEP_OK;
}

/* Makes the window longer until it holds the first two records, or the file ends. */
static int load_lines(look *at, dsep_text_source *source, dsep_error *error) {
    for (int64_t wanted = FIRST_LOOK;; wanted *= 4) {
        int64_t got = 0;
        int code = dsep_text_source_window(source, 0, wanted, &at->text, &got, error);
        at->end = at->text + got;
        if (!code)
            code = check_text(at, error);
        if (code)
            return code;
        const int ended = got < wanted;
        const char *begin = at->text;
        if (got >= 3 && memcmp(begin, "\357\273\277", 3) == 0)
            begin += 3;
        at->has_first = find_record(begin, at->end, 0, 1, ended, &at->first);
        at->has_second =
            at->has_first &&
            find_record(at->first.next, at->end, lines_until(&at->first), 0, ended, &at->second);
        if (at->has_second || ended)
            return ended ? dsep_text_source_failure(source, error) : DSEP_OK;
        if (wanted > LINE_MAX_BYTES)
            return wrong(at, error,
                         "no end of line in the first 256 MB: this is no text table; expected a "
                         "CSV or TSV table");
    }
}

static int has_outside_quotes(const record *line, char wanted) {
    int quoted = 0;
    for (const char *p = line->begin; p < line->end; p++) {
        quoted ^= *p == '"';
        if (*p == wanted && !quoted)
            return 1;
    }
    return 0;
}

static dsep_text_style detect_style(const record *line) {
    static const char candidates[] = "\t;,";
    for (const char *c = candidates; *c; c++)
        if (has_outside_quotes(line, *c))
            return (dsep_text_style){.separator = *c};
    if (has_outside_quotes(line, ' '))
        return (dsep_text_style){.separator = ' ', .blanks = 1};
    return (dsep_text_style){.separator = ','};
}

static int choose_style(const look *at, dsep_text_style *style, dsep_error *error) {
    const char *asked = at->settings->separator;
    if (!asked)
        *style = detect_style(&at->first);
    else if (strcmp(asked, "tab") == 0 || strcmp(asked, "\\t") == 0)
        *style = (dsep_text_style){.separator = '\t'};
    else if (strcmp(asked, "blank") == 0)
        *style = (dsep_text_style){.separator = ' ', .blanks = 1};
    else if (strlen(asked) == 1 && !strchr("\"\n\r+-.0123456789eE", *asked))
        *style = (dsep_text_style){.separator = *asked};
    else
        return dsep_error_set(
            error, DSEP_ERROR_USAGE,
            "--separator %s: expected ',', ';', tab, blank or one other character", asked);
    return DSEP_OK;
}

/* Whether a field could be a value; words for infinity and decimal commas are values too, wrong
 * ones, that deserve their own message. */
static int is_value(const look *at, const dsep_text_field *field) {
    return dsep_text_is_number(field->begin, field->end) ||
           dsep_missing_is(at->missing, field->begin, field->end) ||
           dsep_text_is_infinity(field->begin, field->end) ||
           dsep_text_is_decimal_comma(field->begin, field->end);
}

/* Whether any field from number `from` on is no value. */
static int has_words(const look *at, dsep_text_style style, const record *line, int64_t from) {
    const char *p = line->begin;
    for (int64_t i = 0; p; i++) {
        const dsep_text_field field = dsep_text_next_field(style, p, line->end);
        if (i >= from && !is_value(at, &field))
            return 1;
        p = field.fault ? NULL : dsep_text_after(style, field.next, line->end);
    }
    return 0;
}

static void trim_record(dsep_text_style style, record *line) {
    line->end = dsep_text_trim(style, line->begin, line->next);
    if (style.blanks)
        line->begin = dsep_text_skip(style, line->begin, line->end);
}

/* Adds the header's names, all or without the first. */
static int take_names(const look *at, dsep_text_style style, int skip_first, dsep_name_block *names,
                      dsep_error *error) {
    int code = DSEP_OK;
    const char *p = at->first.begin;
    for (int64_t i = 0; p && !code; i++) {
        const dsep_text_field field = dsep_text_next_field(style, p, at->first.end);
        char *name = dsep_text_field_copy(&field);
        if (!name)
            code = dsep_out_of_memory(error, "column names");
        else if (field.fault)
            code = dsep_error_set(error, DSEP_ERROR_DATA,
                                  "%s: line %" PRId64 ": the quotes of column %" PRId64
                                  " in the header do not match, expected \"name\" (and \"\" for a "
                                  "quote within it)",
                                  at->settings->path, at->first.lines_before + 1, i + 1);
        else if (i > 0 || !skip_first)
            code = dsep_name_block_add(names, name, name + strlen(name), error);
        free(name);
        p = field.fault ? NULL : dsep_text_after(style, field.next, at->first.end);
    }
    return code;
}

static int ragged_start(const look *at, int64_t header, int64_t data, dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "%s: line %" PRId64 ": found %" PRId64 " field%s, expected %" PRId64
                          " as in the header; check that line, or name the separator with "
                          "--separator",
                          at->settings->path, at->second.lines_before + 1, data, dsep_plural(data),
                          header);
}

/* Rows are samples: a header, perhaps with one field fewer, or none. */
static int find_columns(look *at, int header, dsep_text_format *format, dsep_name_block *names,
                        dsep_error *error) {
    const dsep_text_style style = format->style;
    const int64_t fields = dsep_text_count_fields(style, at->first.begin, at->first.end);
    format->n_fields = fields;
    if (!header)
        return DSEP_OK;
    const int64_t data = dsep_text_count_fields(style, at->second.begin, at->second.end);
    const dsep_text_field corner = dsep_text_next_field(style, at->first.begin, at->first.end);
    if (data == fields + 1)
        format->label = DSEP_LABEL_SHORT_HEADER;
    else if (data != fields)
        return ragged_start(at, fields, data, error);
    else if (corner.begin == corner.end && fields > 1)
        format->label = DSEP_LABEL_UNNAMED;
    format->n_fields = data;
    return take_names(at, style, format->label == DSEP_LABEL_UNNAMED, names, error);
}

/* Rows are variables: perhaps a line of sample labels, perhaps names in front. */
static int find_rows(look *at, int header, dsep_text_format *format, dsep_error *error) {
    const dsep_text_style style = format->style;
    const record *data = header ? &at->second : &at->first;
    const dsep_text_field front = dsep_text_next_field(style, data->begin, data->end);
    const dsep_text_field corner = dsep_text_next_field(style, at->first.begin, at->first.end);
    const int64_t labels = dsep_text_count_fields(style, at->first.begin, at->first.end);
    format->n_fields = dsep_text_count_fields(style, data->begin, data->end);
    const int shorter = header && labels == format->n_fields - 1;
    if (header && !shorter && labels != format->n_fields)
        return ragged_start(at, labels, format->n_fields, error);
    if (!is_value(at, &front) || shorter || (header && corner.begin == corner.end))
        format->label = DSEP_LABEL_VARIABLE;
    return DSEP_OK;
}

int dsep_text_format_find(dsep_text_source *source, const dsep_table_settings *settings,
                          const dsep_missing *missing, dsep_text_format *format,
                          dsep_name_block *names, dsep_error *error) {
    look at = {.settings = settings, .missing = missing};
    *format = (dsep_text_format){.label = DSEP_LABEL_NONE};
    int code = load_lines(&at, source, error);
    if (!code && !at.has_first)
        code = wrong(&at, error, "the file has only blank lines, expected a table");
    if (!code)
        code = choose_style(&at, &format->style, error);
    if (!code && memchr(at.first.begin, '\r', (size_t)(at.first.end - at.first.begin)) &&
        !memchr(at.first.begin, '"', (size_t)(at.first.end - at.first.begin)))
        code = wrong(&at, error,
                     "lines end with a carriage return alone, expected line feeds; convert it, for "
                     "example with tr '\\r' '\\n'");
    if (code)
        return code;
    trim_record(format->style, &at.first);
    if (at.has_second)
        trim_record(format->style, &at.second);
    const int header = settings->header == DSEP_HEADER_YES ||
                       (settings->header == DSEP_HEADER_AUTO &&
                        has_words(&at, format->style, &at.first, settings->transpose ? 1 : 0));
    if (header && !at.has_second) {
        code = dsep_text_source_failure(source, error);
        return code ? code
                    : wrong(&at, error,
                            "found a header and no line of data, expected at least one (--header "
                            "no when the first line is data)");
    }
    const record *data = header ? &at.second : &at.first;
    format->start = data->begin - at.text;
    format->lines_before = data->lines_before;
    return settings->transpose ? find_rows(&at, header, format, error)
                               : find_columns(&at, header, format, names, error);
}
