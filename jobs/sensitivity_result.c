#include "jobs/sensitivity_result.h"

#include "io/graph_hash.h"
#include "io/h5tree.h"
#include "jobs/output.h"
#include "jobs/provenance.h"
#include "jobs/sensitivity_edges.h"
#include "jobs/study_print.h"
#include "jobs/study_tables.h"
#include "mpi/log.h"

#include <stdlib.h>

/* What only a table has: its variables, the reference, the edges. */
static int write_edges(dsep_context *ctx, dsep_h5write *file, const dsep_sensitivity_result *r) {
    int code = DSEP_OK;
    char hash[17];
    dsep_sensitivity_edges edges = {0};
    DSEP_TRY(dsep_h5write_table(file, "/variables", r->table->n_variables, 1,
                                (const char *const *)r->table->names));
    DSEP_TRY(dsep_h5write_column(file, "n_missing", DSEP_H5_INT64, r->table->mine,
                                 r->table->n_missing + r->table->mine.first));
    dsep_graph_hash(r->reference, r->table->names, hash);
    dsep_h5write_attribute_text(file, "/sensitivity", "reference_hash", hash);
    dsep_h5write_attribute_integer(file, "/sensitivity", "reference_edges", r->reference->n_edges);
    DSEP_AGREE(ctx, dsep_sensitivity_edges_create(
                        r->design, r->campaign->done, r->table->n_variables, r->reference,
                        r->campaign->tally, dsep_context_error(ctx), &edges));
    DSEP_TRY(dsep_sensitivity_edges_write(ctx, file, r->design, &edges));
cleanup:
    dsep_sensitivity_edges_release(&edges);
    return code;
}

int dsep_sensitivity_result_write(dsep_context *ctx, const dsep_sensitivity_result *r) {
    int code = DSEP_OK;
    dsep_h5write *file = NULL;
    const dsep_study study = {.place = r->table ? "/sensitivity" : "/simulation",
                              .truth = !r->table,
                              .design = r->design,
                              .values = r->campaign->values,
                              .done = r->campaign->done};
    DSEP_TRY(dsep_h5write_create(ctx, r->path, &file));
    dsep_provenance_write(ctx, file, r->call, !r->campaign->stopped, r->running);
    if (r->table)
        dsep_provenance_input(file, r->table);
    else
        dsep_h5write_attribute_text(file, "/", "input", "simulated");
    DSEP_TRY(dsep_study_tables_write(ctx, file, &study));
    if (r->table)
        DSEP_TRY(write_edges(ctx, file, r));
    DSEP_TRY(dsep_h5write_commit(&file));
cleanup:
    dsep_h5write_abandon(&file);
    return code;
}

static int print(FILE *stream, void *data, dsep_error *error) {
    const dsep_sensitivity_result *r = data;
    dsep_h5tree *tree = NULL;
    int code = dsep_h5tree_read(r->path, NULL, error, &tree);
    if (!code)
        code = dsep_study_print(stream, tree, error);
    if (!code)
        fprintf(stream, "\n  result    %s\nNext: dsep show %s\n", r->path, r->path);
    dsep_h5tree_destroy(&tree);
    return code;
}

int dsep_sensitivity_result_print(dsep_context *ctx, const dsep_sensitivity_result *result) {
    return dsep_output_print(ctx, NULL, print, (void *)result);
}
