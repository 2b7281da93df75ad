#include "jobs/discover_input.h"

#include "jobs/knowledge_file.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <math.h>
#include <string.h>

/* A matrix where it fits and pays: its entries cost a load instead of n products. */
static void choose(const dsep_discover_settings *settings, dsep_discover_input *input) {
    const dsep_forecast *f = &input->forecast;
    input->whole = settings->correlation == DSEP_CORRELATION_WHOLE ||
                   (settings->correlation == DSEP_CORRELATION_AUTO && f->matrix_pays &&
                    f->bytes_whole <= input->memory_available);
    input->bytes_node = input->whole ? f->bytes_whole : f->bytes_tiled;
}

int dsep_discover_input_read(dsep_context *ctx, const dsep_discover_settings *settings,
                             const char *path, dsep_discover_input *input) {
    int code = DSEP_OK;
    *input = (dsep_discover_input){0};
    const dsep_table_settings reading = dsep_data_settings(&settings->data, path, 4);
    dsep_log_section_begin(ctx, "reading");
    DSEP_TRY(dsep_table_read(ctx, &reading, &input->table));
    dsep_log_line(ctx, "input: %s, %lld samples x %lld variables, checksum %s", path,
                  (long long)input->table->n_samples, (long long)input->table->n_variables,
                  input->table->checksum);
    if (*input->table->notes)
        dsep_log_line(ctx, "%.*s", (int)(strlen(input->table->notes) - 1), input->table->notes);
    if (settings->knowledge)
        DSEP_TRY(
            dsep_knowledge_file_read(ctx, settings->knowledge, input->table, &input->knowledge));
    dsep_log_section_begin(ctx, "forecast");
    DSEP_TRY(dsep_forecast_search(ctx, input->table, settings->alpha,
                                  (uint64_t)settings->common.seed, &input->forecast));
    input->memory_available =
        settings->memory_per_node ? settings->memory_per_node : dsep_memory_available();
    dsep_min_i64(ctx, &input->memory_available, 1);
    choose(settings, input);
cleanup:
    if (code)
        dsep_discover_input_release(input);
    return code;
}

void dsep_discover_input_release(dsep_discover_input *input) {
    dsep_table_destroy(&input->table);
    dsep_knowledge_destroy(&input->knowledge);
}

int dsep_discover_input_fits(dsep_context *ctx, const dsep_discover_input *input) {
    if (input->bytes_node <= input->memory_available)
        return DSEP_OK;
    const dsep_forecast *f = &input->forecast;
    const double room = (double)input->memory_available / (double)input->bytes_node;
    const double fits = (double)f->n_variables * (input->whole ? sqrt(room) : room) * 0.95;
    const char *other = input->whole && f->bytes_tiled <= input->memory_available
                            ? "use --correlation tiled, "
                            : "";
    return dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                     "this run needs %.3g GB of memory on each node and %.3g GB are there. About "
                     "%lld variables would fit: %schoose them with --columns or --drop, ask for "
                     "nodes with more memory, or raise --memory-per-node if it was set too low",
                     (double)input->bytes_node / 1e9, (double)input->memory_available / 1e9,
                     (long long)fits, other);
}
