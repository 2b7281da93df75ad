#include "io/table_text.h"

#include "io/column_choice.h"
#include "io/table_environment.h"
#include "io/table_names.h"
#include "io/text_lines.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_LEAST = 1 << 16, CHUNK_MOST = 1 << 23 };

/* What is needed to turn lines into rows of numbers. */
typedef struct {
    dsep_context *ctx;
    const dsep_table_settings *settings;
    dsep_missing missing;
    dsep_text_cut cut;
    char **names; /* [n_names] of all variables of the file */
    int64_t n_names;
    dsep_column_set chosen;

    dsep_labels labels;
    int64_t label_number;  /* which field of a line is its label, -1 for none */
    dsep_text_field label; /* of the line just parsed */

    int64_t *slots; /* [n_fields] place of each field in a row, -1 for none */
    int64_t width;  /* values in a row */
    double *rows;   /* [n_rows x width] */
    int64_t n_rows, capacity;

    /* only where lines are variables */
    const int64_t *rows_before; /* [chunks] */
    int64_t *target_of;         /* [n_names] place among the kept ones, -1 for none */
    int64_t *targets;           /* [n_rows] */
    int64_t targets_capacity;
    dsep_name_block block;
} reader;

static inline int at_field_end(dsep_text_style style, const char *p, const char *end) {
    return p >= end || (style.blanks ? dsep_text_is_space(style, *p) : *p == style.separator);
}

/* A cell that is no plain number: missing, quoted, or a fault. */
static double unusual_cell(const reader *r, const dsep_text_field *field, int64_t number,
                           dsep_line_fault *fault) {
    double value = NAN;
    if (dsep_missing_is(&r->missing, field->begin, field->end))
        return NAN;
    const char *begin = dsep_text_skip(r->cut.format.style, field->begin, field->end);
    const char *end = dsep_text_trim(r->cut.format.style, begin, field->end);
    if (dsep_missing_is(&r->missing, begin, end))
        return NAN;
    const int is_number = dsep_text_is_number(begin, end);
    if (is_number && dsep_text_number(begin, &value) && isfinite(value))
        return value;
    if (fault->kind)
        return NAN;
    fault->kind = is_number || dsep_text_is_infinity(begin, end) ? DSEP_LINE_INFINITE
                  : dsep_text_is_decimal_comma(begin, end)       ? DSEP_LINE_COMMA
                                                                 : DSEP_LINE_TEXT;
    fault->field = number;
    dsep_text_excerpt(begin, end, fault->text, sizeof fault->text);
    return NAN;
}

/* Whether the quotes of a field match. */
static int is_whole(const dsep_text_field *field, int64_t number, dsep_line_fault *fault) {
    if (!field->fault)
        return 1;
    fault->kind =
        field->fault == DSEP_FIELD_OPEN_QUOTE ? DSEP_LINE_OPEN_QUOTE : DSEP_LINE_AFTER_QUOTE;
    fault->field = number;
    return 0;
}

static const char *slow_field(reader *r, const char *at, const dsep_text_line *line, int64_t number,
                              double *value, dsep_line_fault *fault) {
    const dsep_text_field field = dsep_text_next_field(r->cut.format.style, at, line->end);
    if (!is_whole(&field, number, fault))
        return NULL;
    if (value)
        *value = unusual_cell(r, &field, number, fault);
    if (number == r->label_number)
        r->label = field;
    return field.next;
}

/* One line into one row. Plain numbers take the short way; whatever else the long one. */
static void parse_line(reader *r, const dsep_text_line *line, double *row, dsep_line_fault *fault) {
    const dsep_text_style style = r->cut.format.style;
    const int64_t n_fields = r->cut.format.n_fields;
    const char *at = line->begin;
    int64_t number = 0;
    for (; at; number++) {
        const int64_t slot = number < n_fields ? r->slots[number] : -1;
        const char *next = NULL;
        double value = NAN;
        if (slot >= 0 && (next = dsep_text_number(dsep_text_skip(style, at, line->end), &value))) {
            const char *after = next;
            next = dsep_text_skip(style, next, line->end);
            const int whole = style.blanks ? at_field_end(style, after, line->end)
                                           : at_field_end(style, next, line->end);
            next = whole && isfinite(value) ? next : NULL;
        }
        if (!next && !(next = slow_field(r, at, line, number, slot >= 0 ? &value : NULL, fault)))
            return;
        if (slot >= 0)
            row[slot] = value;
        at = dsep_text_after(style, next, line->end);
    }
    if (number != n_fields) {
        fault->kind = DSEP_LINE_RAGGED;
        fault->field = number;
    }
}

/* The environment of a row. */
static int take_label(reader *r, const dsep_text_field *field, int64_t number,
                      dsep_line_fault *fault, dsep_error *error) {
    const char *begin = dsep_text_skip(r->cut.format.style, field->begin, field->end);
    const char *end = dsep_text_trim(r->cut.format.style, begin, field->end);
    if (dsep_missing_is(&r->missing, begin, end)) {
        if (r->settings->incomplete == DSEP_INCOMPLETE_DROP_ROWS)
            return dsep_labels_add(&r->labels, begin, begin, error);
        fault->kind = DSEP_LINE_NO_LABEL;
        fault->field = number;
        dsep_text_excerpt(begin, end, fault->text, sizeof fault->text);
        return DSEP_OK;
    }
    char *text = dsep_text_field_copy(field);
    const int code = text ? dsep_labels_add(&r->labels, text, text + strlen(text), error)
                          : dsep_out_of_memory(error, "environments");
    free(text);
    return code;
}

static int reserve_row(reader *r, dsep_error *error) {
    const int64_t needed = (r->n_rows + 1) * r->width;
    if (needed <= r->capacity)
        return DSEP_OK;
    /* A kernel that promises more than it has would end the job without a word. */
    if (r->capacity > CHUNK_MOST &&
        r->capacity * 8 > dsep_memory_available() / dsep_node_size(r->ctx))
        return dsep_out_of_memory(error, "the rows of the table");
    return dsep_array_reserve((void **)&r->rows, &r->capacity, needed, sizeof *r->rows, error);
}

static int take_sample(void *state, const dsep_text_line *line, dsep_line_fault *fault,
                       dsep_error *error) {
    reader *r = state;
    const int code = reserve_row(r, error);
    if (code)
        return code;
    parse_line(r, line, r->rows + r->n_rows * r->width, fault);
    r->n_rows++;
    return r->label_number < 0 || fault->kind
               ? DSEP_OK
               : take_label(r, &r->label, r->label_number, fault, error);
}

static int take_name(void *state, const dsep_text_line *line, dsep_line_fault *fault,
                     dsep_error *error) {
    reader *r = state;
    const dsep_text_field field = dsep_text_next_field(r->cut.format.style, line->begin, line->end);
    if (!is_whole(&field, 0, fault) || r->cut.format.label != DSEP_LABEL_VARIABLE)
        return DSEP_OK;
    char *name = dsep_text_field_copy(&field);
    const int code = name ? dsep_name_block_add(&r->block, name, name + strlen(name), error)
                          : dsep_out_of_memory(error, "column names");
    free(name);
    return code;
}

/* A line whose fields are the environments of the samples. */
static int take_label_line(reader *r, const dsep_text_line *line, dsep_line_fault *fault,
                           dsep_error *error) {
    const dsep_text_style style = r->cut.format.style;
    const int64_t first = r->cut.format.label != DSEP_LABEL_NONE;
    const char *at = line->begin;
    int64_t number = 0;
    for (int code = DSEP_OK; at; number++) {
        const dsep_text_field field = dsep_text_next_field(style, at, line->end);
        if (is_whole(&field, number, fault) && number >= first)
            code = take_label(r, &field, number, fault, error);
        if (code || fault->kind)
            return code;
        at = dsep_text_after(style, field.next, line->end);
    }
    if (number != r->cut.format.n_fields) {
        fault->kind = DSEP_LINE_RAGGED;
        fault->field = number;
    }
    return DSEP_OK;
}

static int take_variable(void *state, const dsep_text_line *line, dsep_line_fault *fault,
                         dsep_error *error) {
    reader *r = state;
    const int64_t variable = r->rows_before[line->chunk] + line->row;
    const int64_t target = variable < r->n_names ? r->target_of[variable] : -1;
    if (variable == r->chosen.environment)
        return take_label_line(r, line, fault, error);
    if (target < 0)
        return DSEP_OK;
    int code = reserve_row(r, error);
    if (!code)
        code = dsep_array_reserve((void **)&r->targets, &r->targets_capacity, r->n_rows + 1,
                                  sizeof *r->targets, error);
    if (code)
        return code;
    r->targets[r->n_rows] = target;
    parse_line(r, line, r->rows + r->n_rows * r->width, fault);
    r->n_rows++;
    return DSEP_OK;
}

/* Rank 0 looks at the first lines and tells the others. Collective. */
static int find_format(reader *r, dsep_name_block *names) {
    int code = DSEP_OK;
    dsep_text_source *source = NULL;
    dsep_error *error = dsep_context_error(r->ctx);
    int mine = dsep_missing_parse(r->settings->missing, &r->missing, error);
    if (!mine && dsep_rank(r->ctx) == 0)
        mine = dsep_text_source_open(r->cut.file, r->cut.shown, &source, error);
    if (!mine && dsep_rank(r->ctx) == 0)
        mine =
            dsep_text_format_find(source, r->settings, &r->missing, &r->cut.format, names, error);
    dsep_text_source_close(&source);
    DSEP_AGREE(r->ctx, mine);
    dsep_broadcast(r->ctx, &r->cut.format, sizeof r->cut.format, 0);
cleanup:
    return code;
}

/* The first fault of all ranks, by its place in the file. Collective. */
static int agree_on_fault(const reader *r, const dsep_text_count *count, int by_column) {
    const int64_t variable =
        count->segments.first[count->fault.kind ? count->fault.chunk : 0] + count->fault.row;
    const char *name = !by_column && r->names && variable < r->n_names ? r->names[variable] : "";
    const int mine = dsep_line_fault_explain(&r->cut, count, by_column ? r->names : NULL, name,
                                             dsep_context_error(r->ctx));
    return dsep_agree_first(r->ctx, mine, count->fault.offset);
}

/* Chooses among r->names. Collective. */
static int choose(reader *r) {
    dsep_error *error = dsep_context_error(r->ctx);
    const dsep_column_wishes wishes = {r->settings->columns, r->settings->drop,
                                       r->settings->environment, NULL};
    int mine =
        dsep_column_choice(r->settings->path, r->names, r->n_names, &wishes, &r->chosen, error);
    if (!mine)
        mine =
            dsep_names_check(r->settings->path, r->names, r->chosen.kept, r->chosen.n_kept, error);
    return dsep_agree(r->ctx, mine);
}

/* Places of fields in a row: kept columns in order, or everything after the name. Collective. */
static int place_fields(reader *r, int by_column) {
    const int64_t labels = r->cut.format.label != DSEP_LABEL_NONE;
    r->slots = dsep_array(r->cut.format.n_fields, sizeof *r->slots);
    const int mine = r->slots
                         ? DSEP_OK
                         : dsep_out_of_memory(dsep_context_error(r->ctx), "the choice of columns");
    const int code = dsep_agree(r->ctx, mine);
    if (code)
        return code;
    for (int64_t f = 0; f < r->cut.format.n_fields; f++)
        r->slots[f] = by_column ? -1 : f - labels;
    for (int64_t k = 0; by_column && k < r->chosen.n_kept; k++)
        r->slots[r->chosen.kept[k] + labels] = k;
    if (by_column && r->chosen.environment >= 0)
        r->label_number = r->chosen.environment + labels;
    r->width = by_column ? r->chosen.n_kept : r->cut.format.n_fields - labels;
    return DSEP_OK;
}

/* The table with the names of the kept columns. Collective. */
static int make_table(reader *r, int64_t n_samples, dsep_table **table) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(r->ctx);
    DSEP_AGREE(r->ctx, dsep_table_fits(r->ctx, r->cut.shown, n_samples, r->chosen.n_kept, error));
    DSEP_TRY(dsep_table_create(r->ctx, n_samples, r->chosen.n_kept, table));
    int mine = DSEP_OK;
    for (int64_t k = 0; k < r->chosen.n_kept; k++) {
        (*table)->names[k] = r->names[r->chosen.kept[k]];
        r->names[r->chosen.kept[k]] = NULL;
        r->chosen.kept[k]++;
    }
    if (r->cut.format.label == DSEP_LABEL_SHORT_HEADER)
        mine = dsep_table_note(*table, error,
                               "left out the first field of each line: the header has one field "
                               "fewer, so these are row labels");
    else if (r->cut.format.label == DSEP_LABEL_UNNAMED)
        mine = dsep_table_note(*table, error,
                               "left out the first column: it has no name, so it holds row labels");
    DSEP_AGREE(r->ctx, mine);
cleanup:
    return code;
}

/* Lines are samples: parse, then turn rows into columns. Collective. */
static int read_samples(reader *r, dsep_table **table) {
    int code = DSEP_OK;
    dsep_text_count count = {0};
    dsep_name_block header = {0};
    DSEP_TRY(find_format(r, &header));
    r->n_names = r->cut.format.n_fields - (r->cut.format.label != DSEP_LABEL_NONE);
    DSEP_TRY(dsep_names_share(r->ctx, &header, r->n_names, &r->names));
    DSEP_TRY(choose(r));
    DSEP_TRY(place_fields(r, 1));
    DSEP_TRY(dsep_text_lines_visit(r->ctx, &r->cut, take_sample, r, &count));
    DSEP_TRY(agree_on_fault(r, &count, 1));
    DSEP_TRY(make_table(r, count.segments.first[count.segments.count], table));
    DSEP_TRY(dsep_rows_to_columns(r->ctx, &count.segments, r->rows, *table));
    if (r->settings->environment)
        DSEP_TRY(dsep_environments_unite(r->ctx, r->settings, &r->labels, &count.segments, *table));
cleanup:
    dsep_text_count_clear(&count);
    dsep_name_block_clear(&header);
    return code;
}

/* Puts the names that ranks found into the order of the chunks. Not collective. */
static int order_names(const reader *r, const dsep_row_segments *segments, const char *all,
                       int64_t bytes, char **names, dsep_error *error) {
    const int64_t size = dsep_size(r->ctx);
    const char *at = all, *end = all + bytes;
    for (int64_t rank = 0; rank < size; rank++)
        for (int64_t c = rank; c < segments->count; c += size)
            for (int64_t i = segments->first[c]; i < segments->first[c + 1]; i++) {
                if (at >= end || !(names[i] = strdup(at)))
                    return dsep_out_of_memory(error, "column names");
                at += strlen(at) + 1;
            }
    return DSEP_OK;
}

/* Every rank gets the names of all lines. Collective. */
static int gather_names(reader *r, const dsep_row_segments *segments) {
    int code = DSEP_OK;
    int64_t bytes = 0;
    void *all = NULL;
    dsep_error *error = dsep_context_error(r->ctx);
    r->n_names = segments->first[segments->count];
    if (r->cut.format.label != DSEP_LABEL_VARIABLE) {
        DSEP_AGREE(r->ctx, dsep_names_numbered(r->n_names, &r->names, error));
        return DSEP_OK;
    }
    DSEP_TRY(
        dsep_gather_all(r->ctx, r->block.text ? r->block.text : "", r->block.bytes, &all, &bytes));
    r->names = dsep_array(r->n_names, sizeof *r->names);
    int mine = r->names ? DSEP_OK : dsep_out_of_memory(error, "column names");
    if (!mine)
        mine = order_names(r, segments, all, bytes, r->names, error);
    DSEP_AGREE(r->ctx, mine);
cleanup:
    free(all);
    return code;
}

static int place_variables(reader *r) {
    r->target_of = dsep_array(r->n_names, sizeof *r->target_of);
    if (!r->target_of)
        return dsep_out_of_memory(dsep_context_error(r->ctx), "the choice of columns");
    for (int64_t j = 0; j < r->n_names; j++)
        r->target_of[j] = -1;
    for (int64_t k = 0; k < r->chosen.n_kept; k++)
        r->target_of[r->chosen.kept[k]] = k;
    return DSEP_OK;
}

/* Lines are variables: first their names, for the choice, then the numbers. Collective. */
static int read_variables(reader *r, dsep_table **table) {
    int code = DSEP_OK;
    dsep_text_count names = {0}, values = {0};
    dsep_name_block none = {0};
    DSEP_TRY(find_format(r, &none));
    DSEP_TRY(dsep_text_lines_visit(r->ctx, &r->cut, take_name, r, &names));
    DSEP_TRY(agree_on_fault(r, &names, 0));
    DSEP_TRY(gather_names(r, &names.segments));
    DSEP_TRY(choose(r));
    DSEP_TRY(place_fields(r, 0));
    DSEP_AGREE(r->ctx, place_variables(r));
    r->rows_before = names.segments.first;
    DSEP_TRY(dsep_text_lines_visit(r->ctx, &r->cut, take_variable, r, &values));
    DSEP_TRY(agree_on_fault(r, &values, 0));
    DSEP_TRY(make_table(r, r->width, table));
    DSEP_TRY(dsep_columns_to_owners(r->ctx, r->rows, r->targets, r->n_rows, *table));
    if (r->settings->environment)
        DSEP_TRY(dsep_environments_unite(r->ctx, r->settings, &r->labels, NULL, *table));
cleanup:
    dsep_text_count_clear(&names);
    dsep_text_count_clear(&values);
    return code;
}

static int64_t chunk_bytes(int64_t file_bytes, int64_t ranks) {
    const int64_t share = file_bytes / (4 * ranks);
    return share < CHUNK_LEAST ? CHUNK_LEAST : share > CHUNK_MOST ? CHUNK_MOST : share;
}

int dsep_table_read_text(dsep_context *ctx, const dsep_table_settings *settings,
                         const dsep_table_path *where, dsep_table **table, int64_t **positions) {
    reader r = {.ctx = ctx, .settings = settings, .label_number = -1};
    r.cut.shown = settings->path;
    r.cut.file = where->file;
    r.cut.chunk_bytes = chunk_bytes(where->bytes, dsep_size(ctx));
    *table = NULL;
    *positions = NULL;
    const int code = settings->transpose ? read_variables(&r, table) : read_samples(&r, table);
    if (code)
        dsep_table_destroy(table);
    else
        *positions = r.chosen.kept;
    if (code)
        free(r.chosen.kept);
    dsep_names_free(&r.names, r.n_names);
    dsep_missing_clear(&r.missing);
    dsep_labels_clear(&r.labels);
    dsep_name_block_clear(&r.block);
    free(r.slots);
    free(r.rows);
    free(r.target_of);
    free(r.targets);
    return code;
}
