#include "io/table_environment.h"

#include "io/table_names.h"
#include "io/text_parse.h"
#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { SHOWN_MAX = 48 };

/* --- labels of one rank -------------------------------------------------------------------- */

static int new_name(dsep_labels *labels, const char *begin, const char *end, dsep_error *error) {
    int code = labels->index ? DSEP_OK : dsep_name_index_create(NULL, 0, error, &labels->index);
    if (!code)
        code = dsep_array_reserve((void **)&labels->names, &labels->names_capacity,
                                  labels->n_names + 1, sizeof *labels->names, error);
    if (code)
        return code;
    char *name = strndup(begin, (size_t)(end - begin));
    code = name ? dsep_name_index_add(labels->index, name, error)
                : dsep_out_of_memory(error, "environments");
    if (code)
        free(name);
    else
        labels->names[labels->n_names++] = name;
    return code;
}

int dsep_labels_add(dsep_labels *labels, const char *begin, const char *end, dsep_error *error) {
    int64_t number = -1;
    int code = dsep_array_reserve((void **)&labels->of_row, &labels->rows_capacity,
                                  labels->n_rows + 1, sizeof *labels->of_row, error);
    if (!code && begin < end) {
        number = labels->index ? dsep_name_index_find(labels->index, begin, end - begin) : -1;
        if (number < 0) {
            number = labels->n_names;
            code = new_name(labels, begin, end, error);
        }
    }
    if (!code)
        labels->of_row[labels->n_rows++] = number;
    return code;
}

void dsep_label_of_value(double value, char *text) {
    *text = 0;
    if (!isnan(value))
        snprintf(text, 32, "%.15g", value == 0 ? 0 : value);
}

int dsep_labels_add_values(dsep_labels *labels, const dsep_missing *missing, double *values,
                           int64_t count, dsep_error *error) {
    int code = DSEP_OK;
    char text[32];
    dsep_missing_replace(missing, values, count);
    for (int64_t i = 0; i < count && !code; i++) {
        dsep_label_of_value(values[i], text);
        code = dsep_labels_add(labels, text, text + strlen(text), error);
    }
    return code;
}

void dsep_labels_clear(dsep_labels *labels) {
    dsep_name_index_destroy(&labels->index);
    dsep_names_free(&labels->names, labels->n_names);
    free(labels->of_row);
    *labels = (dsep_labels){0};
}

/* --- labels of all ranks ------------------------------------------------------------------- */

/* A label of any rank: ranks tell each other hashes, so that each text is sent only once. */
typedef struct {
    uint64_t hash;
    int64_t place; /* among the labels of all ranks, rank after rank */
    int64_t number;
} entry;

static uint64_t hash_of(const char *name) {
    return XXH64(name, strlen(name), 0);
}

static int by_hash(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static entry *find(entry *entries, int64_t count, const char *name) {
    const uint64_t hash = hash_of(name);
    int64_t low = 0, high = count - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (entries[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return entries + low;
}

/* Every different label once, by its hash, with the place where it came first. Collective. */
static int gather_entries(dsep_context *ctx, const dsep_labels *labels, entry **entries,
                          int64_t *count) {
    int code = DSEP_OK;
    int64_t bytes = 0;
    uint64_t *mine = dsep_array(labels->n_names, sizeof *mine), *all = NULL;
    DSEP_AGREE(ctx, mine ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "environments"));
    for (int64_t k = 0; k < labels->n_names; k++)
        mine[k] = hash_of(labels->names[k]);
    DSEP_TRY(
        dsep_gather_all(ctx, mine, labels->n_names * (int64_t)sizeof *mine, (void **)&all, &bytes));
    const int64_t total = bytes / (int64_t)sizeof *all;
    *entries = dsep_array(total, sizeof **entries);
    DSEP_AGREE(ctx,
               *entries ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "environments"));
    for (int64_t i = 0; i < total; i++)
        (*entries)[i] = (entry){.hash = all[i], .place = i};
    qsort(*entries, (size_t)total, sizeof **entries, by_hash);
    *count = 0;
    for (int64_t i = 0; i < total; i++)
        if (i == 0 || (*entries)[i].hash != (*entries)[i - 1].hash)
            (*entries)[(*count)++] = (*entries)[i];
cleanup:
    free(mine);
    free(all);
    return code;
}

static int refuse_many(const dsep_table_settings *settings, int64_t environments, int64_t rows,
                       dsep_error *error) {
    if (environments <= rows / 2 && environments <= INT32_MAX)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "%s: --environment %s: found %" PRId64 " different label%s in %" PRId64
                          " row%s, expected at most half as many as rows; this is probably no "
                          "column of environments: name another one",
                          settings->path, settings->environment, environments,
                          dsep_plural(environments), rows, dsep_plural(rows));
}

/* Numbers the entries by place; every rank gets their texts from who had them first. Collective. */
static int share_names(dsep_context *ctx, const dsep_labels *labels, entry *entries, int64_t count,
                       char ***names) {
    int code = DSEP_OK, mine = DSEP_OK;
    int64_t bytes = 0;
    void *all = NULL;
    dsep_name_block block = {0};
    dsep_error *error = dsep_context_error(ctx);
    const int64_t before = dsep_sum_before(ctx, labels->n_names);
    for (int64_t k = 0; k < labels->n_names && !mine; k++) {
        const char *name = labels->names[k];
        if (find(entries, count, name)->place == before + k)
            mine = dsep_name_block_add(&block, name, name + strlen(name), error);
    }
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(dsep_gather_all(ctx, block.text ? block.text : "", block.bytes, &all, &bytes));
    DSEP_AGREE(ctx, dsep_names_unpack(all, bytes, count, names, error));
    for (int64_t e = 0; e < count; e++)
        find(entries, count, (*names)[e])->number = e;
cleanup:
    dsep_name_block_clear(&block);
    free(all);
    return code;
}

/* The number of each of this rank's labels. Not collective. */
static int number_labels(const dsep_labels *labels, entry *entries, int64_t count,
                         char *const *names, int64_t *numbers, dsep_error *error) {
    for (int64_t k = 0; k < labels->n_names; k++) {
        numbers[k] = find(entries, count, labels->names[k])->number;
        if (strcmp(names[numbers[k]], labels->names[k]) != 0)
            return dsep_error_set(error, DSEP_ERROR_INTERNAL,
                                  "the environments '%.48s' and '%.48s' have the same hash",
                                  names[numbers[k]], labels->names[k]);
    }
    return DSEP_OK;
}

/* Every rank gets the number of every row. Collective. */
static int share_rows(dsep_context *ctx, const dsep_labels *labels,
                      const dsep_row_segments *segments, const int64_t *numbers,
                      dsep_table *table) {
    int code = DSEP_OK;
    const int64_t n = table->n_samples, *label = labels->of_row;
    const dsep_row_segments whole = {1, (int64_t[]){0, labels->n_rows}};
    const int64_t first = segments ? dsep_rank(ctx) : 0, step = dsep_size(ctx);
    int64_t *rows = dsep_array(n, sizeof *rows);
    table->environment = dsep_array(n, sizeof *table->environment);
    DSEP_AGREE(ctx, rows && table->environment
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "environments"));
    if (!segments)
        segments = &whole;
    for (int64_t s = first; s < segments->count; s += step)
        for (int64_t i = segments->first[s]; i < segments->first[s + 1]; i++, label++)
            rows[i] = *label < 0 ? 0 : numbers[*label] + 1;
    dsep_sum_i64(ctx, rows, n);
    for (int64_t i = 0; i < n; i++)
        table->environment[i] = (int32_t)(rows[i] - 1);
cleanup:
    free(rows);
    return code;
}

int dsep_environments_unite(dsep_context *ctx, const dsep_table_settings *settings,
                            const dsep_labels *labels, const dsep_row_segments *segments,
                            dsep_table *table) {
    int code = DSEP_OK;
    entry *entries = NULL;
    int64_t count = 0;
    char **names = NULL;
    dsep_error *error = dsep_context_error(ctx);
    int64_t *numbers = dsep_array(labels->n_names, sizeof *numbers);
    DSEP_AGREE(ctx, numbers ? DSEP_OK : dsep_out_of_memory(error, "environments"));
    DSEP_TRY(gather_entries(ctx, labels, &entries, &count));
    DSEP_AGREE(ctx, refuse_many(settings, count, table->n_samples, error));
    DSEP_TRY(share_names(ctx, labels, entries, count, &names));
    DSEP_AGREE(ctx, number_labels(labels, entries, count, names, numbers, error));
    DSEP_TRY(share_rows(ctx, labels, segments, numbers, table));
    table->environment_names = names;
    table->n_environments = count;
    names = NULL;
cleanup:
    dsep_names_free(&names, count);
    free(entries);
    free(numbers);
    return code;
}

/* --- environments of a table ---------------------------------------------------------------- */

int64_t dsep_environments_missing(const dsep_table *table) {
    for (int64_t i = 0; table->environment && i < table->n_samples; i++)
        if (table->environment[i] < 0)
            return i;
    return -1;
}

/* Numbers by first appearance; sizes: [n_environments] in the new order. */
static void renumber(dsep_table *table, int64_t *numbers, int64_t *sizes, char **names) {
    int64_t count = 0;
    for (int64_t e = 0; e < table->n_environments; e++)
        numbers[e] = -1;
    for (int64_t i = 0; i < table->n_samples; i++) {
        int32_t *of_row = table->environment + i;
        int64_t *number = numbers + *of_row;
        if (*number < 0) {
            *number = count;
            names[count++] = table->environment_names[*of_row];
            table->environment_names[*of_row] = NULL;
        }
        *of_row = (int32_t)*number;
        sizes[*number]++;
    }
    dsep_names_free(&table->environment_names, table->n_environments);
    table->environment_names = names;
    table->n_environments = count;
}

static int check_names(const dsep_table_settings *settings, const dsep_table *table,
                       dsep_error *error) {
    for (int64_t e = 0; e < table->n_environments; e++)
        if (!dsep_name_is_utf8(table->environment_names[e])) {
            char shown[SHOWN_MAX];
            const char *name = table->environment_names[e];
            dsep_text_excerpt(name, name + strlen(name), shown, sizeof shown);
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "%s: --environment %s: the label '%s' is not UTF-8; convert the "
                                  "file, for example with iconv -f LATIN1 -t UTF-8",
                                  settings->path, settings->environment, shown);
        }
    return refuse_many(settings, table->n_environments, table->n_samples, error);
}

static int note_sizes(const dsep_table_settings *settings, dsep_table *table, const int64_t *sizes,
                      dsep_error *error) {
    int64_t least = sizes[0], most = sizes[0];
    for (int64_t e = 1; e < table->n_environments; e++) {
        least = sizes[e] < least ? sizes[e] : least;
        most = sizes[e] > most ? sizes[e] : most;
    }
    char range[32] = "";
    if (least < most)
        snprintf(range, sizeof range, "%" PRId64 " to ", least);
    return dsep_table_note(
        table, error, "environment %s: %" PRId64 " environment%s, %s%" PRId64 " row%s%s",
        settings->environment, table->n_environments, dsep_plural(table->n_environments), range,
        most, dsep_plural(most), least == most && table->n_environments > 1 ? " each" : "");
}

int dsep_environments_settle(dsep_context *ctx, const dsep_table_settings *settings,
                             dsep_table *table) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(ctx);
    int64_t *numbers = NULL, *sizes = NULL;
    char **names = NULL;
    if (!table->environment || table->n_samples == 0)
        return DSEP_OK;
    numbers = dsep_array(table->n_environments, sizeof *numbers);
    sizes = dsep_array(table->n_environments, sizeof *sizes);
    names = dsep_array(table->n_environments, sizeof *names);
    DSEP_AGREE(ctx,
               numbers && sizes && names ? DSEP_OK : dsep_out_of_memory(error, "environments"));
    renumber(table, numbers, sizes, names);
    names = NULL;
    DSEP_AGREE(ctx, check_names(settings, table, error));
    DSEP_AGREE(ctx, note_sizes(settings, table, sizes, error));
cleanup:
    free(numbers);
    free(sizes);
    free(names);
    return code;
}
