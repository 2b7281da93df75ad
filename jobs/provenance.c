#include "jobs/provenance.h"

#include "jobs/build_info.h"
#include "jobs/whole_write.h"
#include "mpi/clock.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/blas.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void dsep_provenance_log(dsep_context *ctx, const dsep_invocation *call) {
    const dsep_common_settings *common = call->settings;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    dsep_log_line(ctx, "dsep %s on %s, %d rank%s on %d node%s, BLAS kernels %s, seed %lld",
                  DSEP_VERSION, host, dsep_size(ctx), dsep_size(ctx) == 1 ? "" : "s",
                  dsep_nodes(ctx), dsep_nodes(ctx) == 1 ? "" : "s", dsep_blas_core(),
                  (long long)common->seed);
    dsep_log_line(ctx, "%s", call->line);
}

void dsep_provenance_log_input(dsep_context *ctx, const char *path, const dsep_table *table) {
    dsep_log_line(ctx, "input: %s, %lld samples x %lld variables, checksum %s", path,
                  (long long)table->n_samples, (long long)table->n_variables, table->checksum);
    if (*table->notes)
        dsep_log_line(ctx, "%.*s", (int)(strlen(table->notes) - 1), table->notes);
}

void dsep_provenance_write(dsep_context *ctx, dsep_h5write *file, const dsep_invocation *call,
                           int complete, const dsep_running *running) {
    char build[4096], now[32];
    const dsep_common_settings *common = call->settings;
    dsep_build_info(build, sizeof build);
    dsep_clock_date(dsep_clock_now(), now);
    dsep_h5write_attribute_text(file, "/", "encoding-type", "dsep-result");
    dsep_h5write_attribute_text(file, "/", "encoding-version", "0.1.0");
    dsep_h5write_attribute_integer(file, "/", "complete", complete);
    dsep_h5write_attribute_text(file, "/", "command", call->line);
    dsep_h5write_attribute_text(file, "/", "study", call->study);
    dsep_h5write_attribute_integer(file, "/", "seed", common->seed);
    dsep_h5write_attribute_text(file, "/", "created", now);
    dsep_h5write_attribute_text(file, "/", "dsep-version", DSEP_VERSION);
    dsep_h5write_attribute_text(file, "/", "build", build);
    if (!running)
        return;
    char *lines = dsep_running_lines(ctx, running);
    dsep_h5write_attribute_text(file, "/", "runs", lines);
    if (running->parts)
        dsep_h5write_attribute_text(file, "/", "parts", running->parts);
    dsep_h5write_attribute_real(file, "/", "seconds", dsep_running_seconds(running));
    free(lines);
}

void dsep_provenance_input(dsep_h5write *file, const dsep_table *table) {
    json_t *input = json_pack("{s:s, s:[I,I], s:s}", "path", table->source, "shape",
                              (json_int_t)table->n_samples, (json_int_t)table->n_variables,
                              "checksum", table->checksum);
    char *text = input ? json_dumps(input, 0) : NULL;
    dsep_h5write_attribute_text(file, "/", "input", text);
    dsep_h5write_attribute_text(file, "/", "input-notes", table->notes);
    free(text);
    json_decref(input);
}

int dsep_provenance_timing(dsep_context *ctx, dsep_h5write *file, const dsep_log_section *sections,
                           int64_t n_sections) {
    int code = DSEP_OK;
    const int64_t n = n_sections;
    const dsep_block mine = dsep_whole_on_zero(ctx, n);
    const char **names = dsep_array(n, sizeof *names);
    double *values = dsep_array(3 * n, sizeof *values);
    DSEP_AGREE(ctx, names && values ? DSEP_OK
                                    : dsep_out_of_memory(dsep_context_error(ctx), "the timings"));
    for (int64_t i = 0; i < n; i++) {
        names[i] = sections[i].name;
        values[i] = sections[i].min;
        values[n + i] = sections[i].mean;
        values[2 * n + i] = sections[i].max;
    }
    DSEP_TRY(dsep_h5write_table(file, "/timing", n, 1, names));
    dsep_h5write_texts(file, "section", names);
    DSEP_TRY(dsep_h5write_column(file, "min", DSEP_H5_DOUBLE, mine, values));
    DSEP_TRY(dsep_h5write_column(file, "mean", DSEP_H5_DOUBLE, mine, values + n));
    DSEP_TRY(dsep_h5write_column(file, "max", DSEP_H5_DOUBLE, mine, values + 2 * n));
cleanup:
    free(names);
    free(values);
    return code;
}
