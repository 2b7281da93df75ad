#include "solvers/environments.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>

typedef struct dsep_environments_work {
    dsep_shared *shared;
    int64_t *rows;
    const double **values;
    int32_t *label;
} dsep_environments_work;

void dsep_environments_destroy(dsep_environments **environments) {
    if (!environments || !*environments)
        return;
    dsep_environments_work *work = (*environments)->work;
    if (work) {
        dsep_shared_destroy(&work->shared);
        free(work->rows);
        free(work->values);
        free(work->label);
    }
    free(work);
    free(*environments);
    *environments = NULL;
}

static int open_environments(int64_t count, dsep_error *error, dsep_environments **made) {
    dsep_environments *e = *made = dsep_array(1, sizeof *e);
    dsep_environments_work *work = dsep_array(1, sizeof *work);
    if (e && work) {
        work->rows = dsep_array(count, sizeof *work->rows);
        work->values = dsep_array(count, sizeof *work->values);
        work->label = dsep_array(count, sizeof *work->label);
        e->work = work;
        e->rows = work->rows;
        e->values = work->values;
        e->label = work->label;
        e->n_environments = count;
        if (work->rows && work->values && work->label)
            return DSEP_OK;
    } else {
        free(work);
    }
    return dsep_out_of_memory(error, "the rows of environments");
}

/* Which of those asked for each of the table's environments is; -1: none. */
static int32_t *places(const dsep_table *table, const int32_t *label, int64_t count) {
    const int64_t labels = table->environment ? table->n_environments : 1;
    int32_t *place = dsep_array(labels, sizeof *place);
    for (int64_t l = 0; place && l < labels; l++)
        place[l] = -1;
    for (int64_t e = 0; place && e < count; e++)
        place[label[e]] = (int32_t)e;
    return place;
}

static int32_t place_of(const dsep_table *table, const int32_t *place, int64_t row) {
    const int32_t label = table->environment ? table->environment[row] : 0;
    return label < 0 ? -1 : place[label];
}

/* How many rows each has, refusing what LAPACK cannot count. */
static int count_rows(const dsep_table *table, const int32_t *place, dsep_environments_work *work,
                      int64_t count, dsep_error *error) {
    int64_t worst = table->n_variables;
    for (int64_t i = 0; i < table->n_samples; i++) {
        const int32_t e = place_of(table, place, i);
        if (e >= 0)
            work->rows[e]++;
    }
    for (int64_t e = 0; e < count; e++)
        worst = work->rows[e] > worst ? work->rows[e] : worst;
    if (worst > INT32_MAX)
        return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                              "a table of %lld rows or variables is too large for linear algebra; "
                              "2147483647 is the limit",
                              (long long)worst);
    return DSEP_OK;
}

/* Refuses values of this rank's columns whose squares no sum could hold. */
static int check_sizes(const dsep_table *table, dsep_error *error) {
    static const double largest = 1e140;
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t i = 0; i < table->n_samples; i++)
            if (fabs(table->values[j * table->n_samples + i]) > largest)
                return dsep_error_set(
                    error, DSEP_ERROR_DATA,
                    "the value %g of '%.200s' is too large to be squared: measure "
                    "it in another unit",
                    table->values[j * table->n_samples + i], table->names[table->mine.first + j]);
    return DSEP_OK;
}

/* This rank's columns of all of them. at: [count] scratch, where the next row of each goes. */
static void fill(const dsep_table *table, const int32_t *place, const dsep_environments *made,
                 double *const *begin, double **at) {
    for (int64_t j = 0; j < table->mine.count; j++) {
        const double *from = table->values + j * table->n_samples;
        for (int64_t e = 0; e < made->n_environments; e++)
            at[e] = begin[e] + (table->mine.first + j) * made->rows[e];
        for (int64_t i = 0; i < table->n_samples; i++) {
            const int32_t e = place_of(table, place, i);
            if (e >= 0)
                *at[e]++ = from[i];
        }
    }
}

int dsep_environments_create(dsep_context *ctx, const dsep_table *table, const int32_t *label,
                             int64_t count, dsep_environments **environments) {
    int code = DSEP_OK;
    dsep_environments *made = NULL;
    int64_t total = 0;
    int32_t *place = places(table, label, count);
    double **begin = dsep_array(2 * count, sizeof *begin);
    *environments = NULL;
    int mine = open_environments(count, dsep_context_error(ctx), &made);
    if (!mine && (!place || !begin))
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the rows of environments");
    if (!mine)
        mine = count_rows(table, place, made->work, count, dsep_context_error(ctx));
    if (!mine)
        mine = check_sizes(table, dsep_context_error(ctx));
    DSEP_AGREE(ctx, mine);
    made->n_variables = table->n_variables;
    for (int64_t e = 0; e < count; e++)
        total += made->rows[e];
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(total, table->n_variables, sizeof(double)),
                                "the rows of environments", &made->work->shared));
    double *at = dsep_shared_data(made->work->shared);
    for (int64_t e = 0; e < count; e++) {
        made->work->label[e] = label[e];
        made->work->values[e] = begin[e] = at;
        at += made->rows[e] * table->n_variables;
    }
    fill(table, place, made, begin, begin + count);
    dsep_shared_unite(ctx, made->work->shared);
    *environments = made;
    made = NULL;
cleanup:
    free(place);
    free(begin);
    dsep_environments_destroy(&made);
    return code;
}
