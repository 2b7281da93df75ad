#include "jobs/variables_table.h"

#include "mpi/memory.h"
#include "solvers/standardise.h"

#include <stdlib.h>

/* Means and deviations of this rank's columns into spread [2 x mine.count]. */
static int measure(const dsep_table *table, double *spread, dsep_error *error) {
    const int64_t n = table->n_samples, count = table->mine.count;
    double *unit = dsep_array(n, sizeof *unit);
    if (!unit)
        return dsep_out_of_memory(error, "the means of columns");
    for (int64_t j = 0; j < count; j++)
        dsep_standardise(table->values + j * n, n, unit, &spread[j], &spread[count + j]);
    free(unit);
    return DSEP_OK;
}

int dsep_variables_write(dsep_context *ctx, dsep_h5write *file, const dsep_table *table,
                         const double *mean, const double *sd) {
    int code = DSEP_OK, mine = DSEP_OK;
    static const char *const types[] = {"continuous"};
    const int64_t count = table->mine.count;
    int8_t *zeros = dsep_array(count, sizeof *zeros);
    double *spread = mean ? NULL : dsep_array(2 * count, sizeof *spread);
    if (!zeros || (!mean && !spread))
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the table of variables");
    else if (!mean)
        mine = measure(table, spread, dsep_context_error(ctx));
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(dsep_h5write_table(file, "/variables", table->n_variables, 1,
                                (const char *const *)table->names));
    DSEP_TRY(dsep_h5write_categories(file, "type", types, 1, table->mine, zeros));
    DSEP_TRY(dsep_h5write_column(file, "n_missing", DSEP_H5_INT64, table->mine,
                                 table->n_missing + table->mine.first));
    DSEP_TRY(dsep_h5write_column(file, "mean", DSEP_H5_DOUBLE, table->mine, mean ? mean : spread));
    DSEP_TRY(
        dsep_h5write_column(file, "sd", DSEP_H5_DOUBLE, table->mine, sd ? sd : spread + count));
cleanup:
    free(zeros);
    free(spread);
    return code;
}
