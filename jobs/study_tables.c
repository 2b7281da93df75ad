#include "jobs/study_tables.h"

#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 64, MOST_CHOICES = 16 };

/* Rows of a table that this rank writes, and room for one column of them. */
typedef struct {
    dsep_h5write *file;
    dsep_block mine;
    int64_t *integers;
    double *reals;
    int8_t *codes;
} writer;

static int open_writer(dsep_context *ctx, dsep_h5write *file, int64_t rows, writer *w) {
    *w = (writer){.file = file, .mine = dsep_layout_block(rows, dsep_size(ctx), dsep_rank(ctx))};
    w->integers = dsep_array(w->mine.count, sizeof *w->integers);
    w->reals = dsep_array(w->mine.count, sizeof *w->reals);
    w->codes = dsep_array(w->mine.count, sizeof *w->codes);
    const int good = w->integers && w->reals && w->codes;
    return dsep_agree(ctx, good ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a table"));
}

static void close_writer(writer *w) {
    free(w->integers);
    free(w->reals);
    free(w->codes);
}

/* --- columns --------------------------------------------------------------------------------- */

static int write_integers(writer *w, const char *name, int64_t (*of)(const void *, int64_t),
                          const void *data) {
    for (int64_t i = 0; i < w->mine.count; i++)
        w->integers[i] = of(data, w->mine.first + i);
    return dsep_h5write_column(w->file, name, DSEP_H5_INT64, w->mine, w->integers);
}

/* A column of a row-major array with `stride` of them. */
static int write_reals(writer *w, const char *name, const double *values, int64_t stride) {
    for (int64_t i = 0; i < w->mine.count; i++)
        w->reals[i] = values[(w->mine.first + i) * stride];
    return dsep_h5write_column(w->file, name, DSEP_H5_DOUBLE, w->mine, w->reals);
}

static int write_choices(writer *w, const char *name, const dsep_factor *factor,
                         const double *values, int64_t stride) {
    char text[MOST_CHOICES][64];
    const char *names[MOST_CHOICES];
    int count = 1;
    for (const char *c = factor->choices; *c; c++)
        count += *c == '|';
    for (int i = 0; i < count && i < MOST_CHOICES; i++)
        names[i] = dsep_study_value_text(factor, i, text[i]);
    for (int64_t i = 0; i < w->mine.count; i++)
        w->codes[i] = (int8_t)values[(w->mine.first + i) * stride];
    return dsep_h5write_categories(w->file, name, names, count, w->mine, w->codes);
}

static int write_factor(writer *w, const dsep_study_design *design, int f) {
    char name[NAME];
    const dsep_factor *factor = &design->factor[f];
    const double *values = design->value + f;
    snprintf(name, sizeof name, "%s", factor->name);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    return factor->kind == DSEP_FACTOR_CHOICE
               ? write_choices(w, name, factor, values, design->n_factors)
               : write_reals(w, name, values, design->n_factors);
}

/* The mean and its standard error of every figure. */
static int write_means(writer *w, const dsep_study_summary *summary, int truth) {
    int code = DSEP_OK;
    for (int v = 0; v < DSEP_STUDY_VALUES; v++) {
        char name[NAME];
        DSEP_TRY(
            write_reals(w, dsep_study_value_name(v, truth), summary->mean + v, summary->n_values));
        snprintf(name, sizeof name, "%s_mcse", dsep_study_value_name(v, truth));
        DSEP_TRY(write_reals(w, name, summary->mcse + v, summary->n_values));
    }
cleanup:
    return code;
}

static int64_t count_of(const void *data, int64_t row) {
    return ((const dsep_study_summary *)data)->count[row];
}

/* --- tables ---------------------------------------------------------------------------------- */

static int64_t seed_of_cell(const void *data, int64_t cell) {
    return (int64_t)dsep_study_cell_seed(data, cell);
}

static int write_cells(dsep_context *ctx, dsep_h5write *file, const dsep_study *study,
                       const dsep_study_summary *cells) {
    int code = DSEP_OK;
    char path[NAME];
    writer w = {0};
    DSEP_TRY(open_writer(ctx, file, cells->n_rows, &w));
    snprintf(path, sizeof path, "%s/cells", study->place);
    DSEP_TRY(dsep_h5write_table(file, path, cells->n_rows, 0, NULL));
    for (int f = 0; f < study->design->n_factors; f++)
        DSEP_TRY(write_factor(&w, study->design, f));
    DSEP_TRY(write_integers(&w, "seed", seed_of_cell, study->design));
    DSEP_TRY(write_integers(&w, "replicates", count_of, cells));
    DSEP_TRY(write_means(&w, cells, study->truth));
cleanup:
    close_writer(&w);
    return code;
}

static void name_levels(const dsep_study_design *design, int64_t rows, const char **factor,
                        const char **level, char (*text)[64]) {
    for (int64_t row = 0; row < rows; row++) {
        const dsep_study_effect effect = dsep_study_effect_of(design, row);
        factor[row] = design->factor[effect.factor].name;
        level[row] = dsep_study_effect_text(design, effect, text[row]);
    }
}

static int write_levels(dsep_context *ctx, dsep_h5write *file, const dsep_study *study,
                        const dsep_study_summary *levels) {
    int code = DSEP_OK;
    char path[NAME];
    writer w = {0};
    const int64_t rows = levels->n_rows;
    const char **factor = dsep_array(rows, sizeof *factor),
               **level = dsep_array(rows, sizeof *level);
    char(*text)[64] = dsep_array(rows, sizeof *text);
    DSEP_AGREE(ctx, factor && level && text
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "a table"));
    name_levels(study->design, rows, factor, level, text);
    DSEP_TRY(open_writer(ctx, file, rows, &w));
    snprintf(path, sizeof path, "%s/levels", study->place);
    DSEP_TRY(dsep_h5write_table(file, path, rows, 0, NULL));
    dsep_h5write_texts(file, "factor", factor);
    dsep_h5write_texts(file, "level", level);
    DSEP_TRY(write_integers(&w, "replicates", count_of, levels));
    DSEP_TRY(write_means(&w, levels, study->truth));
cleanup:
    close_writer(&w);
    free(factor);
    free(level);
    free(text);
    return code;
}

static int64_t cell_of(const void *data, int64_t unit) {
    return unit / ((const dsep_study_design *)data)->n_replicates;
}

static int64_t replicate_of(const void *data, int64_t unit) {
    return unit % ((const dsep_study_design *)data)->n_replicates;
}

static int64_t seed_of_unit(const void *data, int64_t unit) {
    return (int64_t)dsep_study_unit_seed(data, unit);
}

static int write_replicates(dsep_context *ctx, dsep_h5write *file, const dsep_study *study) {
    int code = DSEP_OK;
    char path[NAME];
    writer w = {0};
    const dsep_study_design *design = study->design;
    DSEP_TRY(open_writer(ctx, file, design->n_units, &w));
    snprintf(path, sizeof path, "%s/replicates", study->place);
    DSEP_TRY(dsep_h5write_table(file, path, design->n_units, 0, NULL));
    DSEP_TRY(write_integers(&w, "cell", cell_of, design));
    DSEP_TRY(write_integers(&w, "replicate", replicate_of, design));
    DSEP_TRY(write_integers(&w, "seed", seed_of_unit, design));
    for (int v = 0; v < DSEP_STUDY_VALUES; v++)
        DSEP_TRY(write_reals(&w, dsep_study_value_name(v, study->truth), study->values + v,
                             DSEP_STUDY_VALUES));
cleanup:
    close_writer(&w);
    return code;
}

static void write_attributes(dsep_h5write *file, const dsep_study *study) {
    const dsep_study_design *design = study->design;
    int64_t done = 0;
    for (int64_t u = 0; u < design->n_units; u++)
        done += study->done[u];
    dsep_h5write_attribute_text(file, study->place, "design", design->random ? "random" : "grid");
    dsep_h5write_attribute_integer(file, study->place, "n_cells", design->n_cells);
    dsep_h5write_attribute_integer(file, study->place, "n_replicates", design->n_replicates);
    dsep_h5write_attribute_integer(file, study->place, "n_done", done);
}

int dsep_study_tables_write(dsep_context *ctx, dsep_h5write *file, const dsep_study *study) {
    int code = DSEP_OK;
    dsep_study_summary *cells = NULL, *levels = NULL;
    dsep_error *error = dsep_context_error(ctx);
    DSEP_AGREE(ctx, dsep_study_summarise_cells(study->design, DSEP_STUDY_VALUES, study->values,
                                               study->done, error, &cells));
    DSEP_AGREE(ctx, dsep_study_summarise_groups(study->design, cells, error, &levels));
    write_attributes(file, study);
    DSEP_TRY(write_cells(ctx, file, study, cells));
    DSEP_TRY(write_levels(ctx, file, study, levels));
    DSEP_TRY(write_replicates(ctx, file, study));
cleanup:
    dsep_study_summary_destroy(&cells);
    dsep_study_summary_destroy(&levels);
    return code;
}
