#include "io/h5write.h"
#include "jobs/provenance.h"
#include "jobs/represent_run.h"
#include "jobs/variables_table.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- quantiles ------------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double dsep_represent_quantile(const double *values, int64_t count, int64_t stride, double level,
                               double *room) {
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++)
        if (!isnan(values[i * stride]))
            room[n++] = values[i * stride];
    if (n == 0)
        return NAN;
    qsort(room, (size_t)n, sizeof *room, by_value);
    const double place = level * (double)(n - 1);
    const int64_t below = (int64_t)place;
    return below + 1 < n ? room[below] + (place - (double)below) * (room[below + 1] - room[below])
                         : room[n - 1];
}

/* --- scores ---------------------------------------------------------------------------------- */

/* Rows of this rank, of all environments one after another. */
typedef struct {
    dsep_block mine;
    double *score;        /* [mine.count x d] row after row */
    int64_t *row;         /* [mine.count] of the table */
    int32_t *environment; /* [mine.count] of the run */
} scores;

/* Fills the rows `from` .. `to` - 1 of an environment; `at` is where the first of them goes. */
static void score_rows(const dsep_represent_run *run, int64_t e, int64_t from, int64_t to,
                       double *at) {
    const dsep_representation *r = run->fit;
    const int64_t n = run->rows[e], d = r->n_factors, p = r->n_variables;
    for (int64_t j = 0; j < p; j++) {
        const double *x = run->environments->values[e] + j * n;
        double mean = 0;
        for (int64_t s = 0; s < n; s++)
            mean += x[s] / (double)n;
        for (int64_t s = from; s < to; s++)
            for (int64_t i = 0; i < d; i++)
                at[(s - from) * d + i] += r->h[i * p + j] * (x[s] - mean);
    }
}

/* The rows of the table that an environment has, from its `from`-th on. */
static void find_rows(const dsep_represent_run *run, int64_t e, int64_t from, int64_t to,
                      int64_t *row) {
    int64_t seen = 0;
    for (int64_t s = 0; s < run->table->n_samples && seen < to; s++) {
        if (run->table->environment[s] != run->environments->label[e])
            continue;
        if (seen >= from)
            row[seen - from] = s;
        seen++;
    }
}

static void fill_scores(const dsep_represent_run *run, scores *s) {
    int64_t first = 0; /* row of the environment, counted over all */
    for (int64_t e = 0; e < run->n_environments; first += run->rows[e], e++) {
        const int64_t end = s->mine.first + s->mine.count;
        const int64_t from = s->mine.first > first ? s->mine.first : first;
        const int64_t to = end < first + run->rows[e] ? end : first + run->rows[e];
        const int64_t at = from - s->mine.first;
        if (from >= to)
            continue;
        score_rows(run, e, from - first, to - first, s->score + at * run->fit->n_factors);
        find_rows(run, e, from - first, to - first, s->row + at);
        for (int64_t i = at; i < at + to - from; i++)
            s->environment[i] = (int32_t)e;
    }
}

static int write_scores(dsep_context *ctx, dsep_h5write *file, const dsep_represent_run *run) {
    int code = DSEP_OK;
    const int64_t n = run->n_rows, d = run->fit->n_factors;
    scores s = {.mine = dsep_layout_block(n, dsep_size(ctx), dsep_rank(ctx))};
    s.score = dsep_array(s.mine.count * d, sizeof *s.score);
    s.row = dsep_array(s.mine.count, sizeof *s.row);
    s.environment = dsep_array(s.mine.count, sizeof *s.environment);
    DSEP_AGREE(ctx, s.score && s.row && s.environment
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the scores"));
    fill_scores(run, &s);
    const dsep_h5write_slab line = dsep_h5write_line(n, s.mine);
    const dsep_h5write_slab block = {2, {n, d}, {s.mine.first, 0}, {s.mine.count, d}};
    DSEP_TRY(dsep_h5write_array(file, "/representation/scores", DSEP_H5_DOUBLE, &block, s.score));
    DSEP_TRY(dsep_h5write_array(file, "/representation/scores_row", DSEP_H5_INT64, &line, s.row));
    DSEP_TRY(dsep_h5write_array(file, "/representation/scores_environment", DSEP_H5_INT32, &line,
                                s.environment));
cleanup:
    free(s.score);
    free(s.row);
    free(s.environment);
    return code;
}

/* --- the file -------------------------------------------------------------------------------- */

int dsep_represent_write(dsep_context *ctx, dsep_represent_run *run, int complete,
                         const dsep_log_section *sections, int64_t n_sections) {
    int code = DSEP_OK;
    dsep_h5write *file = NULL;
    const dsep_represent_method *method = run->method;
    const dsep_representation_parts parts = {.method = method->name,
                                             .weight = method->weight,
                                             .representation = run->fit,
                                             .variables = run->table->names,
                                             .labels = run->labels,
                                             .rows = run->rows,
                                             .edges = run->edges,
                                             .n_edges = run->n_edges};
    DSEP_TRY(dsep_h5write_create(ctx, run->path, &file));
    dsep_provenance_write(ctx, file, run->call, complete, &run->running);
    dsep_provenance_input(file, run->table);
    DSEP_TRY(dsep_variables_write(ctx, file, run->table, NULL, NULL));
    DSEP_TRY(dsep_representation_write(ctx, file, &parts, run->hash));
    dsep_h5write_attribute_real(file, "/representation", "confidence", run->settings->confidence);
    dsep_h5write_attribute_text(file, "/representation", "reason", run->reason);
    DSEP_TRY(dsep_factors_table(ctx, file, &parts));
    DSEP_TRY(method->write_factors(ctx, file, run));
    DSEP_TRY(dsep_environments_table(ctx, file, &parts));
    DSEP_TRY(method->write_environments(ctx, file, run));
    DSEP_TRY(method->write(ctx, file, run));
    if (run->settings->scores)
        DSEP_TRY(write_scores(ctx, file, run));
    DSEP_TRY(dsep_provenance_timing(ctx, file, sections, n_sections));
    DSEP_TRY(dsep_h5write_commit(&file));
cleanup:
    dsep_h5write_abandon(&file);
    return code;
}
