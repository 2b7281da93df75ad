#include "jobs/forecast_report.h"

#include "mpi/amount.h"

#include <stdio.h>

dsep_forecast_time dsep_forecast_parts(const dsep_discover_input *input, int64_t ranks) {
    dsep_forecast_time time = input->whole ? input->forecast.whole : input->forecast.tiled;
    time.order_0 /= (double)ranks;
    time.order_1 /= (double)ranks;
    time.more /= (double)ranks;
    time.reading /= (double)ranks;
    return time;
}

static void print_bytes(const char *what, int64_t bytes) {
    dsep_amount text;
    printf("    %-21s %s\n", what, dsep_amount_bytes((double)bytes, text));
}

static void print_memory(const dsep_discover_input *input) {
    const dsep_forecast *f = &input->forecast;
    dsep_amount a, b;
    printf("  memory on each node     %s at the most, of %s there\n",
           dsep_amount_bytes((double)input->bytes_node, a),
           dsep_amount_bytes((double)input->memory_available, b));
    dsep_amount_bytes((double)f->bytes_matrix, a);
    if (input->whole)
        printf("    correlation matrix    %s (--correlation whole)\n", a);
    else
        printf("    correlation matrix    none: %s %s; tiles are made and dropped "
               "(--correlation tiled)\n",
               a, f->bytes_whole > input->memory_available ? "are too much" : "would not pay");
    print_bytes("standardised columns", f->bytes_columns);
    print_bytes("table", f->bytes_table);
    print_bytes("neighbours", f->bytes_adjacency);
    print_bytes("separating sets", f->bytes_sets);
    print_bytes("ranks themselves", f->bytes_base + f->bytes_own);
    print_bytes("while it reads", f->bytes_reading);
}

static void print_span(const char *what, double seconds, const char *more) {
    dsep_amount text;
    printf("    %-21s %s%s\n", what, dsep_amount_seconds(seconds, text), more);
}

void dsep_forecast_print(const dsep_discover_input *input, int64_t ranks, int64_t nodes) {
    const dsep_forecast *f = &input->forecast;
    dsep_amount a, b;
    printf("Forecast for %lld variables, %lld samples, on %lld rank%s and %lld node%s\n",
           (long long)f->n_variables, (long long)f->n_samples, (long long)ranks,
           ranks == 1 ? "" : "s", (long long)nodes, nodes == 1 ? "" : "s");
    printf("  density after order 0   %.3f %% of all pairs (from a sample of columns)\n",
           100 * f->density);
    printf("  tests of order 0        %s\n", dsep_amount_count(f->tests_0, a));
    printf("  tests of order 1        at most %s; about %s, as early as pairs are separated in "
           "a sample\n",
           dsep_amount_count(f->tests_1, a), dsep_amount_count(f->likely_1, b));
    printf("  tests of higher orders  about %s, by that sample%s\n",
           dsep_amount_count(f->likely_more, a), f->cut ? " and at most its next order" : "");
    print_memory(input);
    const dsep_forecast_time time = dsep_forecast_parts(input, ranks);
    const double all = dsep_forecast_seconds(input->whole ? &f->whole : &f->tiled, ranks);
    printf("  time                    %s%s, by a moment's measurement of this machine\n",
           all < 0.01 ? "" : "about ", dsep_amount_seconds(all, a));
    print_span("order 0", time.order_0, "");
    print_span("order 1", time.order_1, "");
    print_span("higher orders", time.more, f->cut ? " or more" : "");
    print_span("reading to writing", time.reading + time.rest, "");
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
