#include "io/table_check.h"

#include "io/table_environment.h"
#include "io/table_names.h"
#include "io/table_rows.h"
#include "io/text_parse.h"
#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORST = 3, LIST_BYTES = 1024, LEAST_VARIABLES = 2 };

typedef struct {
    dsep_context *ctx;
    const dsep_table_settings *settings;
    dsep_table *table;
    int64_t *positions; /* [n_variables] */
    dsep_error *error;
} check;

static double *column(const check *c, int64_t j) {
    return c->table->values + j * c->table->n_samples;
}

/* Whether a column does not vary: its range, or its sum of squares about the mean, is within
 * rounding of 0. */
static int is_constant(const double *values, int64_t n) {
    double low = values[0], high = values[0], sum = 0, squares = 0;
    for (int64_t i = 1; i < n; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    const double size = fmax(fabs(low), fabs(high));
    if (low == high)
        return 1;
    /* Only a range that is tiny beside the values can be rounding. */
    if (high / 2 - low / 2 > 1e-7 * size)
        return 0;
    for (int64_t i = 0; i < n; i++)
        sum += values[i] - low;
    const double mean = low + sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    const double rounding = 8 * DBL_EPSILON * size;
    return squares <= (double)n * rounding * rounding;
}

/* The first infinity in file order speaks. Text has met its own before, with line numbers. */
static int refuse_infinities(check *c) {
    const dsep_table *t = c->table;
    int64_t first_row = INT64_MAX, first_column = 0;
    for (int64_t j = 0; j < t->mine.count; j++) {
        const double *values = column(c, j);
        for (int64_t i = 0; i < t->n_samples && i < first_row; i++)
            if (isinf(values[i])) {
                first_row = i;
                first_column = t->mine.first + j;
            }
    }
    if (first_row == INT64_MAX)
        return dsep_agree_first(c->ctx, DSEP_OK, INT64_MAX);
    char name[48];
    const char *full = t->names[first_column];
    dsep_text_excerpt(full, full + strlen(full), name, sizeof name);
    const int mine =
        dsep_fail(c->ctx, DSEP_ERROR_DATA,
                  "%s: row %" PRId64 ", column %" PRId64
                  " ('%s'): found an infinite value, expected finite numbers; correct "
                  "it, or leave the column out with --drop '%s'",
                  c->settings->path, first_row + 1, c->positions[first_column], name, name);
    return dsep_agree_first(c->ctx, mine, first_row * t->n_variables + first_column);
}

/* Counts missing cells of each column, on every rank; returns their sum. Collective. */
static int64_t count_missing(check *c) {
    const dsep_table *t = c->table;
    int64_t total = 0;
    for (int64_t j = 0; j < t->mine.count; j++) {
        const double *values = column(c, j);
        int64_t count = 0;
        for (int64_t i = 0; i < t->n_samples; i++)
            count += isnan(values[i]) != 0;
        t->n_missing[t->mine.first + j] = count;
    }
    dsep_sum_i64(c->ctx, t->n_missing, t->n_variables);
    for (int64_t j = 0; j < t->n_variables; j++)
        total += t->n_missing[j];
    return total;
}

/* Marks rows with a missing cell in any column of any rank, or no environment. Collective. */
static int flag_rows(check *c, int64_t **flags, int64_t *flagged) {
    const dsep_table *t = c->table;
    *flagged = 0;
    *flags = dsep_array(t->n_samples, sizeof **flags);
    const int code =
        dsep_agree(c->ctx, *flags ? DSEP_OK : dsep_out_of_memory(c->error, "marks of rows"));
    if (code)
        return code;
    for (int64_t j = 0; j < t->mine.count; j++)
        for (int64_t i = 0; i < t->n_samples; i++)
            (*flags)[i] |= isnan(column(c, j)[i]) != 0;
    dsep_sum_i64(c->ctx, *flags, t->n_samples);
    for (int64_t i = 0; t->environment && i < t->n_samples; i++)
        (*flags)[i] += t->environment[i] < 0;
    for (int64_t i = 0; i < t->n_samples; i++)
        *flagged += (*flags)[i] > 0;
    return DSEP_OK;
}

/* The columns with most missing cells, with their shares. */
static void list_worst(const check *c, char *text, size_t room) {
    int64_t worst[WORST], n = 0;
    size_t used = 0;
    for (int64_t j = 0; j < c->table->n_variables; j++) {
        const int64_t count = c->table->n_missing[j];
        int64_t at = n;
        while (at > 0 && count > c->table->n_missing[worst[at - 1]])
            at--;
        if (count == 0 || at >= WORST)
            continue;
        n += n < WORST;
        memmove(worst + at + 1, worst + at, (size_t)(n - at - 1) * sizeof *worst);
        worst[at] = j;
    }
    for (int64_t k = 0; k < n && used < room; k++) {
        char name[48];
        const char *full = c->table->names[worst[k]];
        dsep_text_excerpt(full, full + strlen(full), name, sizeof name);
        used += (size_t)snprintf(text + used, room - used, "%s'%s' (%.3g%%)", k ? ", " : "", name,
                                 100.0 * (double)c->table->n_missing[worst[k]] /
                                     (double)c->table->n_samples);
    }
}

static int refuse_missing(check *c, int64_t cells) {
    int64_t *flags = NULL, rows = 0, columns = 0;
    char worst[LIST_BYTES] = "";
    const int code = flag_rows(c, &flags, &rows);
    free(flags);
    if (code)
        return code;
    for (int64_t j = 0; j < c->table->n_variables; j++)
        columns += c->table->n_missing[j] > 0;
    list_worst(c, worst, sizeof worst);
    return dsep_fail(c->ctx, DSEP_ERROR_DATA,
                     "%s: found %" PRId64 " missing cell%s in %" PRId64 " of %" PRId64
                     " rows and %" PRId64 " of %" PRId64
                     " columns, expected none; most are in %s. Leave them out with --incomplete "
                     "drop-rows or --incomplete drop-columns",
                     c->settings->path, cells, dsep_plural(cells), rows, c->table->n_samples,
                     columns, c->table->n_variables, worst);
}

/* Text tables have told the line before. All ranks know the same rows. */
static int refuse_unlabelled(check *c) {
    const int64_t row = dsep_environments_missing(c->table);
    if (row < 0 || c->settings->incomplete == DSEP_INCOMPLETE_DROP_ROWS)
        return DSEP_OK;
    return dsep_fail(c->ctx, DSEP_ERROR_DATA,
                     "%s: row %" PRId64
                     ", column '%s': found no environment, expected a label in every row; "
                     "correct it, or leave such rows out with --incomplete drop-rows",
                     c->settings->path, row + 1, c->settings->environment);
}

/* Takes what a table says about itself along to its smaller successor, which has nothing yet. */
static void inherit(dsep_table *from, dsep_table *to) {
    free(to->notes);
    to->source = from->source;
    to->notes = from->notes;
    to->n_environments = from->n_environments;
    to->environment = from->environment;
    to->environment_names = from->environment_names;
    from->source = from->notes = NULL;
    from->n_environments = 0;
    from->environment = NULL;
    from->environment_names = NULL;
}

/* Leaves the rows without flags. */
static void drop_environments(dsep_table *table, int64_t n_before, const int64_t *flags) {
    int64_t stay = 0;
    for (int64_t i = 0; table->environment && i < n_before; i++)
        if (!flags[i])
            table->environment[stay++] = table->environment[i];
}

static int drop_rows(check *c) {
    int code = DSEP_OK;
    dsep_table *old = c->table, *made = NULL;
    int64_t *flags = NULL, dropped = 0;
    DSEP_TRY(flag_rows(c, &flags, &dropped));
    DSEP_TRY(dsep_table_create(c->ctx, old->n_samples - dropped, old->n_variables, &made));
    for (int64_t j = 0; j < old->mine.count; j++) {
        double *to = made->values + j * made->n_samples;
        for (int64_t i = 0; i < old->n_samples; i++)
            if (!flags[i])
                *to++ = column(c, j)[i];
    }
    for (int64_t j = 0; j < old->n_variables; j++) {
        made->names[j] = old->names[j];
        old->names[j] = NULL;
        made->n_missing[j] = old->n_missing[j];
    }
    const int64_t before = old->n_samples;
    inherit(old, made);
    drop_environments(made, before, flags);
    c->table = made;
    dsep_table_destroy(&old);
    DSEP_AGREE(c->ctx, dsep_table_note(made, c->error,
                                       "dropped %" PRId64 " of %" PRId64
                                       " rows: missing cells (--incomplete drop-rows)",
                                       dropped, before));
cleanup:
    free(flags);
    return code;
}

/* Gives each column that stays its new owner. Collective. */
static int keep_columns(check *c, const int64_t *stay, int64_t count) {
    int code = DSEP_OK;
    dsep_table *old = c->table, *made = NULL;
    const int64_t n = old->n_samples, end = old->mine.first + old->mine.count;
    int64_t *targets = dsep_array(old->mine.count, sizeof *targets), mine = 0;
    DSEP_AGREE(c->ctx, targets ? DSEP_OK : dsep_out_of_memory(c->error, "the columns that stay"));
    DSEP_TRY(dsep_table_create(c->ctx, n, count, &made));
    for (int64_t k = 0; k < count; k++)
        if (stay[k] >= old->mine.first && stay[k] < end) {
            if (n > 0)
                memmove(column(c, mine), column(c, stay[k] - old->mine.first),
                        (size_t)n * sizeof(double));
            targets[mine++] = k;
        }
    DSEP_TRY(dsep_columns_to_owners(c->ctx, old->values, targets, mine, made));
    for (int64_t k = 0; k < count; k++) {
        made->names[k] = old->names[stay[k]];
        old->names[stay[k]] = NULL;
        made->n_missing[k] = old->n_missing[stay[k]];
        c->positions[k] = c->positions[stay[k]];
    }
    inherit(old, made);
    c->table = made;
    made = NULL;
    dsep_table_destroy(&old);
cleanup:
    dsep_table_destroy(&made);
    free(targets);
    return code;
}

/* Drops the marked columns and writes down which. Collective. */
static int drop_columns(check *c, const int64_t *marks, int64_t dropped, const char *why) {
    int code = DSEP_OK;
    char list[LIST_BYTES / 2];
    const int64_t p = c->table->n_variables;
    int64_t *which = dsep_array(p, sizeof *which), gone = 0, stay = dropped;
    DSEP_AGREE(c->ctx, which ? DSEP_OK : dsep_out_of_memory(c->error, "the columns that stay"));
    for (int64_t j = 0; j < p; j++)
        which[marks[j] ? gone++ : stay++] = j;
    dsep_names_list(c->table->names, which, dropped, list, sizeof list);
    DSEP_AGREE(c->ctx, dsep_table_note(c->table, c->error,
                                       "dropped %" PRId64 " of %" PRId64 " columns: %s: %s",
                                       dropped, p, why, list));
    DSEP_TRY(keep_columns(c, which + dropped, p - dropped));
cleanup:
    free(which);
    return code;
}

static int apply_missing_policy(check *c) {
    const int64_t cells = count_missing(c);
    if (cells == 0 && dsep_environments_missing(c->table) < 0)
        return DSEP_OK;
    if (c->settings->incomplete == DSEP_INCOMPLETE_DROP_ROWS)
        return drop_rows(c);
    if (c->settings->incomplete != DSEP_INCOMPLETE_DROP_COLUMNS)
        return refuse_missing(c, cells);
    int64_t columns = 0;
    for (int64_t j = 0; j < c->table->n_variables; j++)
        columns += c->table->n_missing[j] > 0;
    /* n_missing doubles as the marks; drop_columns() reads it before it moves anything. */
    return drop_columns(c, c->table->n_missing, columns,
                        "missing cells (--incomplete drop-columns)");
}

static int refuse_constant(check *c, const int64_t *marks, int64_t count) {
    char list[LIST_BYTES / 2];
    int64_t *which = dsep_array(count, sizeof *which), n = 0;
    if (!which)
        return dsep_agree(c->ctx, dsep_out_of_memory(c->error, "constant columns"));
    for (int64_t j = 0; j < c->table->n_variables; j++)
        if (marks[j])
            which[n++] = j;
    dsep_names_list(c->table->names, which, count, list, sizeof list);
    const int code = dsep_fail(
        c->ctx, DSEP_ERROR_DATA,
        "%s: found %" PRId64 " constant column%s: column %" PRId64
        " is the first of %s; expected columns that vary; leave them out with --constant drop or "
        "--drop",
        c->settings->path, count, count == 1 ? "" : "s", c->positions[which[0]], list);
    free(which);
    return dsep_agree(c->ctx, code);
}

static int apply_constant_policy(check *c) {
    int code = DSEP_OK;
    const dsep_table *t = c->table;
    int64_t count = 0;
    /* With one sample everything is constant; the number of samples is what is wrong then. */
    if (t->n_samples < 2)
        return DSEP_OK;
    int64_t *marks = dsep_array(t->n_variables, sizeof *marks);
    DSEP_AGREE(c->ctx, marks ? DSEP_OK : dsep_out_of_memory(c->error, "constant columns"));
    for (int64_t j = 0; j < t->mine.count; j++)
        marks[t->mine.first + j] = is_constant(column(c, j), t->n_samples);
    dsep_sum_i64(c->ctx, marks, t->n_variables);
    for (int64_t j = 0; j < t->n_variables; j++)
        count += marks[j];
    if (count > 0 && c->settings->constant == DSEP_CONSTANT_DROP)
        DSEP_TRY(drop_columns(c, marks, count, "constant (--constant drop)"));
    else if (count > 0)
        DSEP_TRY(refuse_constant(c, marks, count));
cleanup:
    free(marks);
    return code;
}

static int check_shape(check *c, int64_t columns_read) {
    const int64_t n = c->table->n_samples, p = c->table->n_variables;
    const int64_t needed = c->settings->min_samples > 1 ? c->settings->min_samples : 1;
    if (n < needed)
        return dsep_fail(c->ctx, DSEP_ERROR_DATA,
                         "%s: found %" PRId64 " sample%s%s, expected at least %" PRId64
                         "; use more rows%s%s (or --transpose when rows are variables)",
                         c->settings->path, n, dsep_plural(n),
                         c->settings->incomplete == DSEP_INCOMPLETE_DROP_ROWS
                             ? " after dropping rows with missing cells"
                             : "",
                         needed, c->settings->min_option ? ", or lower " : "",
                         c->settings->min_option ? c->settings->min_option : "");
    if (p < LEAST_VARIABLES)
        return dsep_fail(c->ctx, DSEP_ERROR_DATA,
                         "%s: found %" PRId64 " variable%s (of %" PRId64
                         " column%s read), expected at least %d; keep more columns, or name the "
                         "separator with --separator when columns were not told apart",
                         c->settings->path, p, dsep_plural(p), columns_read,
                         dsep_plural(columns_read), LEAST_VARIABLES);
    return DSEP_OK;
}

int dsep_table_check(dsep_context *ctx, const dsep_table_settings *settings, dsep_table **table,
                     int64_t *positions) {
    int code = DSEP_OK;
    dsep_missing missing = {0};
    const int64_t columns_read = (*table)->n_variables;
    check c = {ctx, settings, *table, positions, dsep_context_error(ctx)};
    DSEP_AGREE(ctx, dsep_missing_parse(settings->missing, &missing, c.error));
    dsep_missing_replace(&missing, c.table->values, c.table->mine.count * c.table->n_samples);
    DSEP_TRY(refuse_infinities(&c));
    DSEP_TRY(refuse_unlabelled(&c));
    DSEP_TRY(apply_missing_policy(&c));
    DSEP_TRY(apply_constant_policy(&c));
    DSEP_AGREE(ctx, check_shape(&c, columns_read));
    DSEP_TRY(dsep_environments_settle(ctx, settings, c.table));
    DSEP_TRY(dsep_table_checksum(ctx, c.table));
cleanup:
    dsep_missing_clear(&missing);
    *table = c.table;
    return code;
}
