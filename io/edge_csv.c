#include "io/edge_csv.h"

#include "io/name_index.h"
#include "mpi/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOURCE,
    TARGET,
    MARK_SOURCE,
    MARK_TARGET,
    WEIGHT,
    P_MAX,
    ORDER,
    ROBUSTNESS,
    KNOWN = ROBUSTNESS + DSEP_ROBUSTNESS_VALUES,
    REQUIRED = WEIGHT
};

static const char *const first_known[] = {"source", "target", "mark_source", "mark_target",
                                          "weight", "p_max",  "order"};

static const char *known(int column) {
    return column < ROBUSTNESS ? first_known[column] : dsep_robustness_names[column - ROBUSTNESS];
}

/* A field in the text, unquoted in place. */
typedef struct {
    const char *text;
    int64_t length;
} field;

typedef struct {
    dsep_named_edge edge;
    int64_t line;
} row;

typedef struct {
    const char *path;
    char *text, *at, *end;
    int64_t line, row_line; /* where the reader is; where its row began */
    field *fields;
    int64_t n_fields, fields_capacity;
    int64_t n_columns, column[KNOWN]; /* -1 where the file has no such column */
    char **names;
    int64_t n_names, names_capacity;
    dsep_name_index *index;
    row *rows;
    int64_t n_rows, rows_capacity;
    dsep_error *error;
} reader;

#define WRONG(in, where, format, ...)                                                              \
    dsep_error_set((in)->error, DSEP_ERROR_DATA, "%s, line %lld: " format, (in)->path,             \
                   (long long)(where), __VA_ARGS__)

/* --- text to fields ----------------------------------------------------------------------------
 */

static int load(reader *in) {
    int code = DSEP_OK;
    int64_t size = 0, capacity = 0;
    size_t got = 1;
    FILE *file = fopen(in->path, "rb");
    if (!file)
        return dsep_error_set(in->error, DSEP_ERROR_IO, "cannot read '%s': %s", in->path,
                              strerror(errno));
    while (!code && got > 0) {
        code = dsep_array_reserve((void **)&in->text, &capacity, size + 65536, 1, in->error);
        got = code ? 0 : fread(in->text + size, 1, (size_t)(capacity - size - 1), file);
        size += (int64_t)got;
    }
    if (!code && ferror(file))
        code = dsep_error_set(in->error, DSEP_ERROR_IO, "cannot read '%s': %s", in->path,
                              strerror(errno));
    fclose(file);
    if (code)
        return code;
    in->text[size] = '\0';
    in->at = in->text + (strncmp(in->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
    in->end = in->text + size;
    return memchr(in->text, '\0', (size_t)size)
               ? dsep_error_set(in->error, DSEP_ERROR_DATA, "'%s' is no text file", in->path)
               : DSEP_OK;
}

/* Past the opening quote; "" stands for one quote. */
static int quoted_field(reader *in, field *found) {
    char *to = in->at;
    found->text = to;
    while (in->at < in->end && !(in->at[0] == '"' && in->at[1] != '"')) {
        in->at += *in->at == '"';
        in->line += *in->at == '\n';
        *to++ = *in->at++;
    }
    found->length = to - found->text;
    if (in->at == in->end)
        return WRONG(in, in->row_line, "%s", "a quote is not closed");
    in->at++;
    return DSEP_OK;
}

static void plain_field(reader *in, field *found) {
    found->text = in->at;
    in->at += strcspn(in->at, ",\r\n");
    found->length = in->at - found->text;
}

/* Reads one line's fields; a line end is LF, CRLF or the end of the file. */
static int read_row(reader *in) {
    in->n_fields = 0;
    in->row_line = in->line;
    for (;;) {
        field found;
        int code = dsep_array_reserve((void **)&in->fields, &in->fields_capacity, in->n_fields + 1,
                                      sizeof *in->fields, in->error);
        if (code)
            return code;
        if (*in->at == '"') {
            in->at++;
            if ((code = quoted_field(in, &found)))
                return code;
        } else {
            plain_field(in, &found);
        }
        in->fields[in->n_fields++] = found;
        if (*in->at != ',')
            break;
        in->at++;
    }
    in->at += *in->at == '\r';
    if (in->at < in->end && *in->at != '\n')
        return WRONG(in, in->row_line, "%s", "text follows a closing quote");
    in->at += in->at < in->end;
    in->line++;
    return DSEP_OK;
}

static int is_blank(const reader *in) {
    return in->n_fields == 1 && in->fields[0].length == 0;
}

static int is_text(field found, const char *text) {
    return (int64_t)strlen(text) == found.length && memcmp(found.text, text, strlen(text)) == 0;
}

/* --- fields to edges ---------------------------------------------------------------------------
 */

static int read_header(reader *in) {
    int code = read_row(in);
    if (code)
        return code;
    in->n_columns = in->n_fields;
    for (int k = 0; k < KNOWN; k++) {
        in->column[k] = -1;
        for (int64_t i = 0; i < in->n_fields; i++)
            if (is_text(in->fields[i], known(k))) {
                if (in->column[k] >= 0)
                    return WRONG(in, 1, "the column '%s' stands twice", known(k));
                in->column[k] = i;
            }
        if (in->column[k] < 0 && k < REQUIRED)
            return WRONG(in, 1,
                         "there is no column '%s'. An edge CSV begins with the header "
                         "source,target,mark_source,mark_target",
                         known(k));
    }
    return DSEP_OK;
}

static int read_name(reader *in, int column, int64_t *node) {
    const field found = in->fields[in->column[column]];
    if (found.length == 0)
        return WRONG(in, in->row_line, "the %s has no name", known(column));
    *node = dsep_name_index_find(in->index, found.text, found.length);
    if (*node >= 0)
        return DSEP_OK;
    int code = dsep_array_reserve((void **)&in->names, &in->names_capacity, in->n_names + 1,
                                  sizeof *in->names, in->error);
    char *copy = code ? NULL : strndup(found.text, (size_t)found.length);
    if (!copy)
        return dsep_out_of_memory(in->error, "the names of a graph");
    *node = in->n_names;
    in->names[in->n_names++] = copy;
    return dsep_name_index_add(in->index, copy, in->error);
}

static int read_mark(reader *in, int column, dsep_mark *mark) {
    const field found = in->fields[in->column[column]];
    for (int m = DSEP_MARK_TAIL; m <= DSEP_MARK_CIRCLE; m++)
        if (is_text(found, dsep_mark_name(m))) {
            *mark = m;
            return DSEP_OK;
        }
    return WRONG(in, in->row_line, "%s is '%.*s'; it must be tail, arrow or circle", known(column),
                 (int)(found.length < 40 ? found.length : 40), found.text);
}

/* Unknown values are NaN. */
static int read_number(reader *in, int column, double *value) {
    *value = NAN;
    if (in->column[column] < 0)
        return DSEP_OK;
    const field found = in->fields[in->column[column]];
    char text[64], *end;
    snprintf(text, sizeof text, "%.*s", (int)(found.length < 63 ? found.length : 63), found.text);
    if (found.length == 0 || strcmp(text, "NA") == 0 || strcmp(text, "NaN") == 0)
        return DSEP_OK;
    *value = strtod(text, &end);
    return *end || found.length > 62
               ? WRONG(in, in->row_line, "%s is '%s', which is no number", known(column), text)
               : DSEP_OK;
}

static int read_edge(reader *in, row *made) {
    int code = DSEP_OK;
    double order;
    dsep_edge *edge = &made->edge.edge;
    if (in->n_fields != in->n_columns)
        return WRONG(in, in->row_line, "%lld fields, where the header has %lld",
                     (long long)in->n_fields, (long long)in->n_columns);
    DSEP_TRY(read_name(in, SOURCE, &edge->source));
    DSEP_TRY(read_name(in, TARGET, &edge->target));
    DSEP_TRY(read_mark(in, MARK_SOURCE, &edge->mark_source));
    DSEP_TRY(read_mark(in, MARK_TARGET, &edge->mark_target));
    DSEP_TRY(read_number(in, WEIGHT, &made->edge.weight));
    DSEP_TRY(read_number(in, P_MAX, &made->edge.p_max));
    DSEP_TRY(read_number(in, ORDER, &order));
    made->edge.order = order >= 0 && order < 1e9 ? (int64_t)order : -1;
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        DSEP_TRY(read_number(in, ROBUSTNESS + k, &made->edge.robustness[k]));
    made->line = in->row_line;
    if (edge->source == edge->target)
        return WRONG(in, in->row_line, "an edge joins '%s' to itself", in->names[edge->source]);
cleanup:
    return code;
}

static int read_rows(reader *in) {
    int code = DSEP_OK;
    while (!code && in->at < in->end) {
        code = read_row(in);
        if (code || is_blank(in))
            continue;
        code = dsep_array_reserve((void **)&in->rows, &in->rows_capacity, in->n_rows + 1,
                                  sizeof *in->rows, in->error);
        if (!code)
            code = read_edge(in, &in->rows[in->n_rows]);
        in->n_rows += !code;
    }
    return code;
}

static int by_pair(const void *left, const void *right) {
    const row *a = left, *b = right;
    const dsep_edge *e = &a->edge.edge, *f = &b->edge.edge;
    const int64_t keys[3][2] = {{e->source < e->target ? e->source : e->target,
                                 f->source < f->target ? f->source : f->target},
                                {e->source < e->target ? e->target : e->source,
                                 f->source < f->target ? f->target : f->source},
                                {a->line, b->line}};
    for (int k = 0; k < 3; k++)
        if (keys[k][0] != keys[k][1])
            return keys[k][0] < keys[k][1] ? -1 : 1;
    return 0;
}

/* Sorts the rows by pair, so that a pair that stands twice is found. */
static int check_pairs(reader *in) {
    if (in->n_rows > 1)
        qsort(in->rows, (size_t)in->n_rows, sizeof *in->rows, by_pair);
    for (int64_t i = 1; i < in->n_rows; i++) {
        const dsep_edge a = in->rows[i - 1].edge.edge, b = in->rows[i].edge.edge;
        if ((a.source == b.source && a.target == b.target) ||
            (a.source == b.target && a.target == b.source))
            return WRONG(in, in->rows[i].line, "'%s' and '%s' are joined in line %lld already",
                         in->names[b.source], in->names[b.target], (long long)in->rows[i - 1].line);
    }
    return DSEP_OK;
}

static int finish(reader *in, dsep_named_graph **graph) {
    dsep_named_edge *edges = dsep_array(in->n_rows, sizeof *edges);
    if (!edges)
        return dsep_out_of_memory(in->error, "the edges of a graph");
    for (int64_t i = 0; i < in->n_rows; i++)
        edges[i] = in->rows[i].edge;
    const int code =
        dsep_named_graph_create(in->names, in->n_names, edges, in->n_rows,
                                dsep_named_graph_guess(edges, in->n_rows), in->error, graph);
    free(edges);
    return code;
}

int dsep_edge_csv_read(const char *path, dsep_error *error, dsep_named_graph **graph) {
    int code = DSEP_OK;
    reader in = {.path = path, .line = 1, .error = error};
    *graph = NULL;
    DSEP_TRY(load(&in));
    DSEP_TRY(dsep_name_index_create(NULL, 0, error, &in.index));
    DSEP_TRY(read_header(&in));
    DSEP_TRY(read_rows(&in));
    DSEP_TRY(check_pairs(&in));
    DSEP_TRY(finish(&in, graph));
cleanup:
    dsep_name_index_destroy(&in.index);
    for (int64_t i = 0; i < in.n_names; i++)
        free(in.names[i]);
    free(in.names);
    free(in.rows);
    free(in.fields);
    free(in.text);
    return code;
}
