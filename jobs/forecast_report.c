#include "jobs/forecast_report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static dsep_forecast_time time_of(const dsep_discover_input *input) {
    return input->whole ? input->forecast.whole : input->forecast.tiled;
}

static void print_json(const dsep_discover_input *input) {
    const dsep_forecast *f = &input->forecast;
    const dsep_forecast_time time = time_of(input);
    json_t *tree = json_pack(
        "{s:I, s:I, s:f, s:{s:f, s:f}, s:s, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:f, s:{s:f, "
        "s:f, s:f}, "
        "s:I, s:b}",
        "n_samples", (json_int_t)f->n_samples, "n_variables", (json_int_t)f->n_variables, "density",
        f->density, "tests", "order_0", f->tests_0, "order_1_at_most", f->tests_1, "correlation",
        input->whole ? "whole" : "tiled", "memory_per_node", "table", (json_int_t)f->bytes_table,
        "standardised_columns", (json_int_t)f->bytes_columns, "correlation_matrix",
        (json_int_t)f->bytes_matrix, "adjacency", (json_int_t)f->bytes_adjacency, "peak",
        (json_int_t)input->bytes_node, "peak_whole", (json_int_t)f->bytes_whole, "peak_tiled",
        (json_int_t)f->bytes_tiled, "seconds", time.order_0 + time.order_1 + time.rest,
        "seconds_parts", "order_0", time.order_0, "order_1_at_most", time.order_1, "rest",
        time.rest, "memory_available", (json_int_t)input->memory_available, "fits",
        input->bytes_node <= input->memory_available);
    char *text = tree ? json_dumps(tree, JSON_INDENT(2)) : NULL;
    puts(text ? text : "{}");
    free(text);
    json_decref(tree);
}

static void print_text(dsep_context *ctx, const dsep_discover_input *input) {
    const dsep_forecast *f = &input->forecast;
    printf("Forecast for %lld variables, %lld samples, on %d rank%s and %d node%s\n",
           (long long)f->n_variables, (long long)f->n_samples, dsep_size(ctx),
           dsep_size(ctx) == 1 ? "" : "s", dsep_nodes(ctx), dsep_nodes(ctx) == 1 ? "" : "s");
    printf("  density after order 0   %.3f %% of all pairs (from a sample of columns)\n",
           100 * f->density);
    printf("  tests of order 0        %.4g\n", f->tests_0);
    printf("  tests of order 1        at most %.4g; separated pairs stop early\n", f->tests_1);
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
    const dsep_forecast_time time = time_of(input);
    printf("  time                    about %.3g s on these ranks, by a moment's measurement\n",
           time.order_0 + time.order_1 + time.rest);
    printf("    order 0               %.3g s\n", time.order_0);
    printf("    order 1               at most %.3g s\n", time.order_1);
    printf("    reading to writing    %.3g s\n", time.rest);
    printf("  %s\n",
           input->bytes_node <= input->memory_available ? "It fits." : "It does not fit.");
}

void dsep_forecast_report(dsep_context *ctx, dsep_discover_input *input, int json) {
    dsep_forecast_measure(ctx, &input->forecast);
    if (dsep_rank(ctx) != 0)
        return;
    if (json)
        print_json(input);
    else
        print_text(ctx, input);
    fflush(stdout);
}
