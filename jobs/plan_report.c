#include "jobs/plan_report.h"

#include "jobs/forecast_report.h"
#include "mpi/amount.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *dsep_plan_time(double seconds, char text[32]) {
    const unsigned long long whole = seconds > 0 ? (unsigned long long)ceil(seconds) : 0;
    const unsigned hours = whole / 3600 % 24, minutes = whole / 60 % 60, rest = whole % 60;
    int at = 0;
    if (whole >= 86400)
        at = snprintf(text, 32, "%llu-", whole / 86400);
    snprintf(text + at, (size_t)(32 - at), "%02u:%02u:%02u", hours, minutes, rest);
    return text;
}

static int64_t megabytes(int64_t bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *json_of_request(const dsep_plan *plan) {
    json_t *reasons = json_array();
    for (int i = 0; i < plan->n_reasons; i++)
        json_array_append_new(reasons, json_string(plan->reason[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "nodes", (json_int_t)plan->nodes, "ntasks",
                     (json_int_t)plan->ranks, "ntasks_per_node", (json_int_t)plan->ranks_per_node,
                     "mem_mb", (json_int_t)megabytes(plan->bytes_asked), "time_seconds",
                     plan->seconds_asked > 0 ? json_real(plan->seconds_asked) : json_null(),
                     "reasons", reasons);
}

static void add_memory(json_t *memory, const dsep_plan_needs *needs) {
    const dsep_forecast *f = &needs->input.forecast;
    const struct {
        const char *name;
        int64_t bytes;
    } parts[] = {{"standardised_columns", f->bytes_columns},
                 {"correlation_matrix", f->bytes_matrix},
                 {"adjacency", f->bytes_adjacency},
                 {"separating_sets", f->bytes_sets},
                 {"ranks", f->bytes_own},
                 {"reading", f->bytes_reading},
                 {"peak_whole", f->bytes_whole},
                 {"peak_tiled", f->bytes_tiled}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        json_object_set_new(memory, parts[i].name, json_integer(parts[i].bytes));
}

static json_t *json_of_memory(const dsep_plan_told *told) {
    const dsep_plan_needs *needs = told->needs;
    const int64_t table =
        needs->is_pc ? needs->input.forecast.bytes_table : needs->table / told->plan->nodes;
    json_t *memory =
        json_pack("{s:I, s:I, s:I, s:I}", "table", (json_int_t)table, "rank_base",
                  (json_int_t)needs->base.private, "files", (json_int_t)needs->base.files, "peak",
                  (json_int_t)told->plan->bytes_node);
    if (memory && needs->is_pc)
        add_memory(memory, needs);
    return memory;
}

static void add_search(json_t *tree, const dsep_plan_told *told) {
    const dsep_discover_input *input = &told->needs->input;
    const dsep_forecast *f = &input->forecast;
    const dsep_forecast_time time = dsep_forecast_parts(input, told->plan->ranks);
    json_object_set_new(tree, "density", json_real(f->density));
    json_object_set_new(tree, "tests",
                        json_pack("{s:f, s:f, s:f, s:f}", "order_0", f->tests_0, "order_1_at_most",
                                  f->tests_1, "order_1", f->likely_1, "higher_orders",
                                  f->likely_more));
    json_object_set_new(tree, "correlation", json_string(input->whole ? "whole" : "tiled"));
    json_object_set_new(tree, "seconds_parts",
                        json_pack("{s:f, s:f, s:f, s:f, s:f}", "order_0", time.order_0, "order_1",
                                  time.order_1, "higher_orders", time.more, "reading", time.reading,
                                  "rest", time.rest));
    json_object_set_new(tree, "order_not_forecast", f->cut ? json_integer(f->cut) : json_null());
}

static json_t *known(double value) {
    return value > 0 ? json_real(value) : json_null();
}

static void print_json(const dsep_plan_told *told) {
    const dsep_plan *plan = told->plan;
    json_t *tree = json_pack(
        "{s:s, s:I, s:I, s:o, s:o, s:I, s:o, s:o, s:b, s:o}", "plan_of", told->needs->subject,
        "n_samples", (json_int_t)told->needs->n_samples, "n_variables",
        (json_int_t)told->needs->n_variables, "memory_per_node", json_of_memory(told), "seconds",
        known(plan->seconds), "memory_available", (json_int_t)told->plan->memory_node, "disk",
        plan->bytes_disk ? json_integer(plan->bytes_disk) : json_null(), "checkpoint",
        plan->bytes_checkpoint ? json_integer(plan->bytes_checkpoint) : json_null(), "fits",
        told->fits, "slurm", told->fits ? json_of_request(plan) : json_null());
    if (tree && told->needs->is_pc)
        add_search(tree, told);
    char *text = tree ? json_dumps(tree, JSON_INDENT(2)) : NULL;
    puts(text ? text : "{}");
    free(text);
    json_decref(tree);
}

/* --- text ------------------------------------------------------------------------------------ */

static void print_size(const char *what, int64_t bytes, const char *note) {
    dsep_amount size;
    if (bytes > 0)
        printf("  %-23s %s%s\n", what, dsep_amount_bytes((double)bytes, size), note);
}

void dsep_plan_print_needs(const dsep_plan_told *told) {
    const dsep_plan *plan = told->plan;
    const dsep_plan_needs *needs = told->needs;
    dsep_amount needed, there, time;
    dsep_amount_bytes((double)plan->bytes_node, needed);
    if (needs->is_pc)
        dsep_forecast_print(&needs->input, plan->ranks, plan->nodes);
    else
        printf("Forecast for %s of %lld variables, %lld samples, on %lld rank%s and %lld node%s\n"
               "  memory on each node     %s at the most, of %s there\n",
               needs->subject, (long long)needs->n_variables, (long long)needs->n_samples,
               (long long)plan->ranks, plan->ranks == 1 ? "" : "s", (long long)plan->nodes,
               plan->nodes == 1 ? "" : "s", needed,
               dsep_amount_bytes((double)plan->memory_node, there));
    if (!needs->is_pc && needs->units == 0 && plan->seconds > 0)
        printf("  time                    about %s, carried on from a sample\n",
               dsep_amount_seconds(plan->seconds, time));
    if (needs->units > 0)
        printf("  units of work           %lld, which ranks share%s\n", (long long)needs->units,
               told->shape->parts > 1 ? ", and parts of the array" : "");
    if (needs->units > 0 && plan->seconds > 0)
        printf("  memory with all of them %s on each node\n"
               "  time with all of them   about %s\n",
               needed, dsep_amount_seconds(plan->seconds, time));
    print_size("result on disk", plan->bytes_disk, " at the most");
    print_size("checkpoints on disk", plan->bytes_checkpoint, ", with the one before");
    printf("  %s\n", told->fits ? "It fits." : "It does not fit.");
}

/* The option of plan's own that a word is, as --name or --name=value; NULL: none. */
static const dsep_option *own_option(const dsep_plan_told *told, const char *word, size_t length) {
    for (const dsep_option *o = told->own; o->name; o++) {
        const size_t named = strlen(o->name);
        if (length >= named + 2 && strncmp(word, "--", 2) == 0 &&
            strncmp(word + 2, o->name, named) == 0 &&
            (length == named + 2 || word[named + 2] == '='))
            return o;
    }
    return NULL;
}

/* Length of the first word, with its quotes. */
static size_t word_length(const char *at) {
    size_t length = 0;
    for (int quoted = 0; at[length] && (quoted || at[length] != ' '); length++)
        quoted ^= at[length] == '\'';
    return length;
}

/* The line behind "dsep plan" without plan's own options. */
static void print_line(const dsep_plan_told *told) {
    const char *at = told->line + strlen("dsep plan");
    while (*at) {
        at += *at == ' ';
        const size_t length = word_length(at);
        const dsep_option *own = own_option(told, at, length);
        if (!own)
            printf(" %.*s", (int)length, at);
        const int apart = own && own->kind != DSEP_OPTION_FLAG && !memchr(at, '=', length);
        at += length;
        if (apart && *at) { /* its value is the next word */
            at++;
            at += word_length(at);
        }
    }
}

/* What the user said, said again; the rest dsep submit finds as this plan did. */
static void print_submit(const dsep_plan_told *told) {
    const dsep_plan *plan = told->plan;
    const dsep_plan_shape *s = told->shape;
    const int all = s->node_cores || s->node_memory; /* submit knows no other machine */
    printf("\nSubmit it\n  dsep submit");
    if (s->parts > 1)
        printf(" --array %lld", (long long)s->parts);
    if (s->nodes || all)
        printf(" --nodes %lld", (long long)plan->nodes);
    if (s->ranks || all)
        printf(" --ranks %lld", (long long)plan->ranks);
    if (s->ranks_per_node)
        printf(" --ranks-per-node %lld", (long long)plan->ranks_per_node);
    if (s->memory || all)
        printf(" --memory %lldM", (long long)megabytes(plan->bytes_asked));
    printf(" discover");
    print_line(told);
    printf("\n");
}

static void print_text(const dsep_plan_told *told) {
    char time[32];
    const dsep_plan *plan = told->plan;
    dsep_plan_print_needs(told);
    if (!told->fits)
        return;
    printf("\nThe Slurm request%s\n", told->shape->parts > 1 ? ", of each part" : "");
    for (int i = 0; i < plan->n_reasons; i++)
        printf("  # %s\n", plan->reason[i]);
    printf("  #SBATCH --nodes=%lld\n  #SBATCH --ntasks=%lld\n  #SBATCH --ntasks-per-node=%lld\n"
           "  #SBATCH --mem=%lldM\n",
           (long long)plan->nodes, (long long)plan->ranks, (long long)plan->ranks_per_node,
           (long long)megabytes(plan->bytes_asked));
    if (plan->seconds_asked > 0)
        printf("  #SBATCH --time=%s\n", dsep_plan_time(plan->seconds_asked, time));
    if (told->shape->parts > 1)
        printf("  #SBATCH --array=1-%lld\n", (long long)told->shape->parts);
    print_submit(told);
}

void dsep_plan_print(const dsep_plan_told *told, int json) {
    if (json)
        print_json(told);
    else
        print_text(told);
    fflush(stdout);
}
