#include "jobs/discover_input.h"

#include "io/table_path.h"
#include "io/table_rows.h"
#include "jobs/knowledge_file.h"
#include "jobs/provenance.h"
#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

dsep_forecast_layout dsep_discover_input_layout(const dsep_discover_input *input, int64_t nodes,
                                                int64_t ranks_per_node) {
    const dsep_table *table = input->table;
    return (dsep_forecast_layout){
        .nodes = nodes,
        .ranks_per_node = ranks_per_node,
        .rank_base = input->base.private,
        .node_files = input->base.files + DSEP_FILES_LATER,
        .rank_reading = dsep_table_reading_bytes(table->n_samples, table->n_variables,
                                                 nodes * ranks_per_node, input->parsed)};
}

/* A matrix where it fits and pays: its entries cost a load instead of n products. */
void dsep_discover_input_move(const dsep_discover_settings *settings,
                              const dsep_forecast_layout *layout, dsep_discover_input *input) {
    dsep_forecast *f = &input->forecast;
    dsep_forecast_memory(layout, f);
    input->whole = settings->correlation == DSEP_CORRELATION_WHOLE ||
                   (settings->correlation == DSEP_CORRELATION_AUTO && f->matrix_pays &&
                    f->bytes_whole <= input->memory_available);
    input->bytes_node = input->whole ? f->bytes_whole : f->bytes_tiled;
}

/* What ranks have before they read, and what kind of table it is. */
static void look_before(dsep_context *ctx, const char *path, dsep_discover_input *input) {
    dsep_table_path where;
    dsep_error ignored = {0}; /* the reader will say it */
    input->base = dsep_memory_look();
    int64_t most[] = {input->base.private, input->base.files, 0};
    if (dsep_rank(ctx) == 0 && !dsep_table_path_find(path, &where, &ignored))
        most[2] = where.kind == DSEP_TABLE_TEXT;
    dsep_max_i64(ctx, most, 3);
    input->base = (dsep_memory_own){most[0], most[1]};
    input->parsed = (int)most[2];
}

int dsep_discover_input_read(dsep_context *ctx, const dsep_discover_settings *settings,
                             const char *path, dsep_discover_input *input) {
    int code = DSEP_OK;
    *input = (dsep_discover_input){0};
    look_before(ctx, path, input);
    const dsep_table_settings reading = dsep_data_settings(&settings->data, path, 4);
    dsep_log_section_begin(ctx, "reading");
    DSEP_TRY(dsep_table_read(ctx, &reading, &input->table));
    dsep_provenance_log_input(ctx, path, input->table);
    if (settings->knowledge)
        DSEP_TRY(
            dsep_knowledge_file_read(ctx, settings->knowledge, input->table, &input->knowledge));
    dsep_log_section_begin(ctx, "forecast");
    DSEP_TRY(dsep_forecast_search(ctx, input->table, settings->alpha,
                                  (uint64_t)settings->common.seed, &input->forecast));
    input->memory_available =
        settings->memory_per_node ? settings->memory_per_node : dsep_memory_available();
    dsep_min_i64(ctx, &input->memory_available, 1);
    const int64_t nodes = dsep_nodes(ctx);
    const dsep_forecast_layout here =
        dsep_discover_input_layout(input, nodes, (dsep_size(ctx) + nodes - 1) / nodes);
    dsep_discover_input_move(settings, &here, input);
cleanup:
    if (code)
        dsep_discover_input_release(input);
    return code;
}

void dsep_discover_input_release(dsep_discover_input *input) {
    dsep_table_destroy(&input->table);
    dsep_knowledge_destroy(&input->knowledge);
}

const char *dsep_discover_input_fitting(const dsep_discover_input *input, int64_t there,
                                        char text[DSEP_FITTING]) {
    const int64_t base = input->forecast.bytes_base; /* whatever the variables */
    const double room = there > base && input->bytes_node > base
                            ? (double)(there - base) / (double)(input->bytes_node - base)
                            : 0;
    const int64_t fits =
        (int64_t)((double)input->forecast.n_variables * (input->whole ? sqrt(room) : room) * 0.95);
    if (fits > 1)
        snprintf(text, DSEP_FITTING, "About %lld variables would fit: ", (long long)fits);
    else
        snprintf(text, DSEP_FITTING, "No two variables would fit: ");
    return text;
}

int dsep_discover_input_fits(dsep_context *ctx, const dsep_discover_input *input) {
    if (input->bytes_node <= input->memory_available)
        return DSEP_OK;
    const dsep_forecast *f = &input->forecast;
    dsep_amount needed, there;
    char fits[DSEP_FITTING];
    const char *other = input->whole && f->bytes_tiled <= input->memory_available
                            ? "use --correlation tiled, "
                            : "";
    return dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                     "this run needs %s of memory on each node and %s are there. %s"
                     "%schoose variables with --columns or --drop, ask for "
                     "nodes with more memory, or raise --memory-per-node if it was set too low",
                     dsep_amount_bytes((double)input->bytes_node, needed),
                     dsep_amount_bytes((double)input->memory_available, there),
                     dsep_discover_input_fitting(input, input->memory_available, fits), other);
}
