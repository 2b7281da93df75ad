#include "jobs/forecast_report.h"

#include <stdio.h>

dsep_forecast_time dsep_forecast_parts(const dsep_discover_input *input, int64_t ranks) {
    dsep_forecast_time time = input->whole ? input->forecast.whole : input->forecast.tiled;
    time.order_0 /= (double)ranks;
    time.order_1 /= (double)ranks;
    time.more /= (double)ranks;
    time.reading /= (double)ranks;
    return time;
}

void dsep_forecast_print(const dsep_discover_input *input, int64_t ranks, int64_t nodes) {
    const dsep_forecast *f = &input->forecast;
    printf("Forecast for %lld variables, %lld samples, on %lld rank%s and %lld node%s\n",
           (long long)f->n_variables, (long long)f->n_samples, (long long)ranks,
           ranks == 1 ? "" : "s", (long long)nodes, nodes == 1 ? "" : "s");
    printf("  density after order 0   %.3f %% of all pairs (from a sample of columns)\n",
           100 * f->density);
    printf("  tests of order 0        %.4g\n", f->tests_0);
    printf("  tests of order 1        at most %.4g; about %.3g, as early as pairs are separated in "
           "a sample\n",
           f->tests_1, f->likely_1);
    printf("  tests of higher orders  about %.3g, by that sample%s\n", f->likely_more,
           f->cut ? " and at most its next order" : "");
    printf("  memory on each node     %.3f GB at the most, of %.3f GB there\n",
           (double)input->bytes_node / 1e9, (double)input->memory_available / 1e9);
    if (input->whole)
        printf("    correlation matrix    %.3f GB (--correlation whole)\n",
               (double)f->bytes_matrix / 1e9);
    else
        printf("    correlation matrix    none: %.3g GB %s; tiles are made and dropped "
               "(--correlation tiled)\n",
               (double)f->bytes_matrix / 1e9,
               f->bytes_whole > input->memory_available ? "are too much" : "would not pay");
    printf("    standardised columns  %.3f GB\n", (double)f->bytes_columns / 1e9);
    printf("    table                 %.3f GB\n", (double)f->bytes_table / 1e9);
    printf("    neighbours            %.3f GB\n", (double)f->bytes_adjacency / 1e9);
    printf("    separating sets       %.3f GB\n", (double)f->bytes_sets / 1e9);
    printf("    ranks themselves      %.3f GB\n", (double)(f->bytes_base + f->bytes_own) / 1e9);
    printf("    while it reads        %.3f GB\n", (double)f->bytes_reading / 1e9);
    const dsep_forecast_time time = dsep_forecast_parts(input, ranks);
    printf("  time                    about %.3g s, by a moment's measurement of this machine\n",
           dsep_forecast_seconds(input->whole ? &f->whole : &f->tiled, ranks));
    printf("    order 0               %.3g s\n", time.order_0);
    printf("    order 1               %.3g s\n", time.order_1);
    printf("    higher orders         %.3g s%s\n", time.more, f->cut ? " or more" : "");
    printf("    reading to writing    %.3g s\n", time.reading + time.rest);
}

int dsep_forecast_report(dsep_context *ctx, const dsep_discover_settings *settings,
                         dsep_discover_input *input) {
    const int code = dsep_forecast_measure(ctx, input->table, settings->alpha, settings->max_order,
                                           (uint64_t)settings->common.seed, &input->forecast);
    if (code || dsep_rank(ctx) != 0)
        return code;
    dsep_forecast_print(input, dsep_size(ctx), dsep_nodes(ctx));
    printf("  %s\n",
           input->bytes_node <= input->memory_available ? "It fits." : "It does not fit.");
    fflush(stdout);
    return DSEP_OK;
}
