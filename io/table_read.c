#include "io/table_read.h"

#include "io/table_check.h"
#include "io/table_h5.h"
#include "io/table_npy.h"
#include "io/table_path.h"
#include "io/table_text.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

dsep_table_settings dsep_table_default_settings(void) {
    return (dsep_table_settings){.header = DSEP_HEADER_AUTO,
                                 .incomplete = DSEP_INCOMPLETE_ERROR,
                                 .constant = DSEP_CONSTANT_ERROR,
                                 .min_samples = 2};
}

/* One rank looks, so that all see the same file even when it changes. Collective. */
static int find_path(dsep_context *ctx, const char *path, dsep_table_path *where) {
    int code = DSEP_OK;
    int mine = dsep_fault(ctx, "table-open");
    if (!mine && dsep_rank(ctx) == 0)
        mine = dsep_table_path_find(path, where, dsep_context_error(ctx));
    DSEP_AGREE(ctx, mine);
    dsep_broadcast(ctx, where, sizeof *where, 0);
cleanup:
    return code;
}

static int read_kind(dsep_context *ctx, const dsep_table_settings *settings,
                     const dsep_table_path *where, dsep_table **table, int64_t **positions) {
    switch (where->kind) {
    case DSEP_TABLE_NPY:
        return dsep_table_read_npy(ctx, settings, where, table, positions);
    case DSEP_TABLE_HDF5:
    case DSEP_TABLE_H5AD:
        return dsep_table_read_h5(ctx, settings, where, table, positions);
    default:
        return dsep_table_read_text(ctx, settings, where, table, positions);
    }
}

static int set_source(dsep_context *ctx, const char *path, dsep_table *table) {
    table->source = strdup(path);
    return dsep_agree(ctx, table->source ? DSEP_OK
                                         : dsep_out_of_memory(dsep_context_error(ctx), "a path"));
}

int dsep_table_read(dsep_context *ctx, const dsep_table_settings *settings, dsep_table **table) {
    int code = DSEP_OK;
    dsep_table *made = NULL;
    int64_t *positions = NULL;
    *table = NULL;
    dsep_table_path *where = calloc(1, sizeof *where);
    DSEP_AGREE(ctx, where ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a path"));
    if (!settings->path)
        DSEP_TRY(dsep_fail(ctx, DSEP_ERROR_USAGE, "no table was named; expected DATA"));
    DSEP_TRY(find_path(ctx, settings->path, where));
    DSEP_TRY(read_kind(ctx, settings, where, &made, &positions));
    DSEP_TRY(set_source(ctx, settings->path, made));
    DSEP_TRY(dsep_table_check(ctx, settings, &made, positions));
    *table = made;
    made = NULL;
cleanup:
    dsep_table_destroy(&made);
    free(positions);
    free(where);
    return code;
}
