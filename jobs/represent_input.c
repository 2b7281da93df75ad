#include "io/table_read.h"
#include "io/text_parse.h"
#include "jobs/provenance.h"
#include "jobs/represent_run.h"
#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- labels ---------------------------------------------------------------------------------- */

/* Appends "'a' (300 rows), 'b' (12 rows)" of a table's environments; long lists are cut. */
static void list_labels(const dsep_table *table, const int64_t *rows, char *text, size_t size) {
    enum { SHOWN = 20 };
    for (int64_t e = 0; e < table->n_environments && e < SHOWN; e++) {
        const size_t length = strlen(text);
        snprintf(text + length, size - length, "%s'%.48s' (%" PRId64 " row%s)", e ? ", " : "",
                 table->environment_names[e], rows[e], rows[e] == 1 ? "" : "s");
    }
    const size_t length = strlen(text);
    if (table->n_environments > SHOWN)
        snprintf(text + length, size - length, " and %" PRId64 " more",
                 table->n_environments - SHOWN);
}

static int32_t find_label(const dsep_table *table, const char *name) {
    for (int64_t e = 0; e < table->n_environments; e++)
        if (strcmp(table->environment_names[e], name) == 0)
            return (int32_t)e;
    return -1;
}

/* One label of --environments. */
static int add_label(const dsep_table *table, const int64_t *rows, const char *name, int32_t *label,
                     int64_t *count, dsep_error *error) {
    char known[1800] = "";
    const int32_t found = find_label(table, name);
    if (found < 0) {
        list_labels(table, rows, known, sizeof known);
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--environments: no row has the label '%.200s'; there are %s (one "
                              "that holds a comma goes in double quotes)",
                              name, known);
    }
    for (int64_t i = 0; i < *count; i++)
        if (label[i] == found)
            return dsep_error_set(error, DSEP_ERROR_USAGE, "--environments: '%.200s' stands twice",
                                  name);
    label[(*count)++] = found;
    return DSEP_OK;
}

/* The environments of a list, in its order, each once. label: [n_environments]. */
static int parse_labels(const dsep_table *table, const int64_t *rows, const char *list,
                        int32_t *label, int64_t *count, dsep_error *error) {
    const dsep_text_style comma = {.separator = ','};
    const char *end = list + strlen(list);
    int code = DSEP_OK;
    for (const char *at = list; at && !code;) {
        const dsep_text_field field = dsep_text_next_field(comma, at, end);
        char *name = dsep_text_field_copy(&field);
        if (field.fault)
            code = dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "--environments: a quoted label must end with a quote before the "
                                  "next comma");
        else
            code = name ? add_label(table, rows, name, label, count, error)
                        : dsep_out_of_memory(error, "--environments");
        free(name);
        at = dsep_text_after(comma, field.next, end);
    }
    return code;
}

/* --- checks ---------------------------------------------------------------------------------- */

static int check_options(const dsep_represent_settings *s, dsep_error *error) {
    if (!s->data.environment)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "which column names the environment of each row? give --environment "
                              "COLUMN");
    if (s->factors == 0)
        return dsep_error_set(error, DSEP_ERROR_USAGE, "how many latent factors? give --factors D");
    return DSEP_OK;
}

static int check_table(const dsep_represent_settings *s, const dsep_table *table,
                       const int64_t *rows, int64_t chosen, dsep_error *error) {
    char known[1800] = "";
    list_labels(table, rows, known, sizeof known);
    if (s->factors > table->n_variables)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--factors %" PRId64 ": '%s' has only %" PRId64
                              " variables; give at most so many",
                              s->factors, table->source, table->n_variables);
    if (table->n_environments < 2)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' has one environment, %s: a representation is found by what "
                              "differs between environments; name another column with "
                              "--environment",
                              table->source, known);
    if (chosen < 2)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--environments %s is one environment; name two or more of %s",
                              s->environments, known);
    return DSEP_OK;
}

/* Of those that were chosen, all that are too small, in one message. */
static int check_rows(const dsep_represent_settings *s, const dsep_table *table,
                      const int64_t *rows, const int32_t *label, int64_t count, dsep_error *error) {
    char small[1200] = "", large[600] = "";
    for (int64_t i = 0; i < count; i++) {
        const size_t a = strlen(small), b = strlen(large);
        const char *name = table->environment_names[label[i]];
        if (rows[label[i]] < s->min_rows)
            snprintf(small + a, sizeof small - a, "%s'%.48s' (%" PRId64 ")", a ? ", " : "", name,
                     rows[label[i]]);
        else
            snprintf(large + b, sizeof large - b, "%s%s", b ? "," : "", name);
    }
    if (!*small)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "fewer than %" PRId64 " rows are in environment %s: leave it out%s%s, or "
                          "lower --min-rows",
                          s->min_rows, small, *large ? " with --environments " : "", large);
}

/* --- memory ---------------------------------------------------------------------------------- */

int64_t dsep_represent_bytes(const dsep_represent_run *run, int64_t ranks_per_node) {
    const double p = (double)run->table->n_variables, d = (double)run->settings->factors;
    const double k = (double)run->n_environments, ranks = (double)ranks_per_node;
    double node = 8 * (double)run->n_rows * p, largest = 0;
    for (int64_t e = 0; e < run->n_environments; e++) {
        const double rows = (double)run->rows[e];
        const double order = rows < p ? rows : p;
        node += rows < p ? 8 * rows * rows : 0;
        largest = order > largest ? order : largest;
    }
    if (run->settings->method != DSEP_REPRESENT_HCA)
        largest = p;
    return (int64_t)(node +
                     ranks * 8 *
                         (3 * largest * largest + 4 * k * d * p + 2 * (double)run->n_rows * d));
}

static int check_memory(dsep_context *ctx, const dsep_represent_run *run) {
    const int64_t nodes = dsep_nodes(ctx);
    const int64_t bytes = dsep_represent_bytes(run, (dsep_size(ctx) + nodes - 1) / nodes);
    int64_t there =
        run->settings->memory_per_node ? run->settings->memory_per_node : dsep_memory_available();
    dsep_min_i64(ctx, &there, 1);
    dsep_amount needed, free_memory;
    dsep_amount_bytes((double)bytes, needed);
    dsep_amount_bytes((double)there, free_memory);
    if (run->settings->dry_run && dsep_rank(ctx) == 0)
        printf("%" PRId64 " factors of %" PRId64 " variables, %" PRId64 " rows in %" PRId64
               " environments, %" PRId64 " replicates\n"
               "memory    about %s on each node beside the table; %s are there\n",
               run->settings->factors, run->table->n_variables, run->n_rows, run->n_environments,
               run->settings->replicates, needed, free_memory);
    if (bytes <= there)
        return DSEP_OK;
    return dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                     "this run needs about %s of memory on each node and %s are there: "
                     "choose variables with --columns or --drop, environments with --environments, "
                     "ask for nodes with more memory, or raise --memory-per-node if it was set too "
                     "low",
                     needed, free_memory);
}

/* --- all of it ------------------------------------------------------------------------------- */

static int choose(const dsep_represent_run *run, int64_t *rows, int32_t *label, int64_t *count,
                  dsep_error *error) {
    int code = DSEP_OK;
    const dsep_table *table = run->table;
    const dsep_represent_settings *s = run->settings;
    for (int64_t i = 0; i < table->n_samples; i++)
        rows[table->environment[i]]++;
    if (s->environments)
        DSEP_TRY(parse_labels(table, rows, s->environments, label, count, error));
    for (int64_t e = 0; e < table->n_environments && !s->environments; e++)
        label[(*count)++] = (int32_t)e;
    DSEP_TRY(check_table(s, table, rows, *count, error));
    code = check_rows(s, table, rows, label, *count, error);
cleanup:
    return code;
}

static int bring_together(dsep_context *ctx, dsep_represent_run *run) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(ctx);
    int64_t *rows = dsep_array(run->table->n_environments, sizeof *rows);
    int32_t *label = dsep_array(run->table->n_environments, sizeof *label);
    run->labels = dsep_array(run->table->n_environments, sizeof *run->labels);
    run->rows = dsep_array(run->table->n_environments, sizeof *run->rows);
    DSEP_AGREE(ctx, rows && label && run->labels && run->rows
                        ? choose(run, rows, label, &run->n_environments, error)
                        : dsep_out_of_memory(error, "the environments"));
    for (int64_t e = 0; e < run->n_environments; e++) {
        run->labels[e] = run->table->environment_names[label[e]];
        run->rows[e] = rows[label[e]];
        run->n_rows += rows[label[e]];
    }
    DSEP_TRY(check_memory(ctx, run));
    DSEP_TRY(
        dsep_environments_create(ctx, run->table, label, run->n_environments, &run->environments));
cleanup:
    free(rows);
    free(label);
    return code;
}

int dsep_represent_input(dsep_context *ctx, dsep_represent_run *run) {
    int code = DSEP_OK;
    const dsep_represent_settings *s = run->settings;
    DSEP_AGREE(ctx, check_options(s, dsep_context_error(ctx)));
    dsep_table_settings reading =
        dsep_data_settings(&s->data, run->call->arguments[0], 2 * s->min_rows);
    if (s->min_rows > 2)
        reading.min_option = "--min-rows";
    dsep_log_section_begin(ctx, "reading");
    DSEP_TRY(dsep_table_read(ctx, &reading, &run->table));
    dsep_provenance_log_input(ctx, run->table->source, run->table);
    dsep_log_section_begin(ctx, "environments");
    DSEP_TRY(bring_together(ctx, run));
cleanup:
    return code;
}

int64_t dsep_represent_find(const dsep_represent_run *run, const char *label) {
    for (int64_t e = 0; e < run->n_environments; e++)
        if (strcmp(run->labels[e], label) == 0)
            return e;
    return -1;
}
