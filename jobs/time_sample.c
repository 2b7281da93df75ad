#include "jobs/time_sample.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of variables and environments: nobody sees them. */
static int name_all(int64_t count, char **names) {
    for (int64_t i = 0; i < count; i++)
        if (asprintf(&names[i], "%lld", (long long)i) < 0) {
            names[i] = NULL;
            return 0;
        }
    return 1;
}

/* A table of one rank without values. */
static int create(dsep_context *own, int64_t rows, int64_t columns, int64_t environments,
                  dsep_table **made) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_table_create(own, rows, columns, made));
    dsep_table *t = *made;
    int good = name_all(columns, t->names);
    if (environments > 1) {
        t->environment = dsep_array(rows, sizeof *t->environment);
        t->environment_names = dsep_array(environments, sizeof *t->environment_names);
        t->n_environments = t->environment_names ? environments : 0;
        good &=
            t->environment && t->environment_names && name_all(environments, t->environment_names);
    }
    if (!good)
        code = dsep_out_of_memory(dsep_context_error(own), "a sample");
cleanup:
    return code;
}

static int64_t column_of(int64_t all, int64_t columns, int64_t column) {
    return column * all / columns;
}

/* --- of a table ------------------------------------------------------------------------------ */

/* The rows: how many, and which into row [n_samples]. counts: [2 environments] zeroed. */
static int64_t choose_rows(const dsep_table *from, int64_t rows, int64_t least, int64_t *counts,
                           int64_t *row) {
    const int64_t groups = from->n_environments > 1 ? from->n_environments : 1;
    int64_t *taken = counts + groups, chosen = 0;
    const double share = (double)rows / (double)from->n_samples;
    for (int64_t s = 0; s < from->n_samples; s++)
        counts[groups > 1 ? from->environment[s] : 0]++;
    for (int64_t s = 0; s < from->n_samples; s++) {
        const int64_t e = groups > 1 ? from->environment[s] : 0;
        if ((double)taken[e] >= share * (double)counts[e] && taken[e] >= least)
            continue;
        taken[e]++;
        row[chosen++] = s;
    }
    return chosen;
}

/* Each column from its owner. */
static void share_columns(dsep_context *ctx, const dsep_table *from, const int64_t *row,
                          dsep_table *sample) {
    const int64_t n = sample->n_samples;
    for (int64_t c = 0; c < sample->n_variables; c++) {
        const int64_t which = column_of(from->n_variables, sample->n_variables, c);
        const int owner = (int)dsep_layout_owner(from->n_variables, dsep_size(ctx), which);
        const double *values = from->values + (which - from->mine.first) * from->n_samples;
        for (int64_t s = 0; s < n && owner == dsep_rank(ctx); s++)
            sample->values[c * n + s] = values[row[s]];
        dsep_broadcast(ctx, sample->values + c * n, n * (int64_t)sizeof(double), owner);
        sample->n_missing[c] = from->n_missing[which];
    }
    for (int64_t s = 0; s < n && sample->environment; s++)
        sample->environment[s] = from->environment[row[s]];
}

int dsep_time_sample(dsep_context *ctx, dsep_context *own, const dsep_table *from, int64_t columns,
                     int64_t rows, int64_t least, dsep_table **sample) {
    int code = DSEP_OK;
    const int64_t wide = columns < from->n_variables ? columns : from->n_variables;
    int64_t *counts = dsep_array(2 * from->n_environments + 2, sizeof *counts);
    int64_t *row = dsep_array(from->n_samples, sizeof *row);
    *sample = NULL;
    if (counts && row) {
        const int64_t chosen = choose_rows(from, rows, least, counts, row);
        code = create(own, chosen, wide, from->n_environments, sample);
    }
    DSEP_AGREE(ctx, counts && row && !code
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "a sample"));
    share_columns(ctx, from, row, *sample);
cleanup:
    free(counts);
    free(row);
    if (code)
        dsep_table_destroy(sample);
    return code;
}

/* --- of environments ------------------------------------------------------------------------- */

int dsep_time_sample_environments(dsep_context *own, const dsep_environments *from, int64_t count,
                                  const int64_t *rows, int64_t columns, dsep_table **sample) {
    int64_t n = 0, first = 0;
    for (int64_t e = 0; e < count; e++)
        n += rows[e];
    const int code = create(own, n, columns, count, sample);
    for (int64_t e = 0; e < count && !code; first += rows[e++])
        for (int64_t c = 0; c < columns; c++) {
            const int64_t which = column_of(from->n_variables, columns, c);
            const double *values = from->values[e] + which * from->rows[e];
            memcpy((*sample)->values + c * n + first, values, (size_t)rows[e] * sizeof *values);
            for (int64_t s = 0; s < rows[e]; s++)
                (*sample)->environment[first + s] = (int32_t)e;
        }
    if (code)
        dsep_table_destroy(sample);
    return code;
}
