/* dsep show: what a result holds, for people and for machines. */
#include "io/h5tree.h"
#include "io/result_read.h"
#include "jobs/commands.h"
#include "jobs/json_print.h"
#include "jobs/output.h"
#include "jobs/representation_read.h"
#include "jobs/show_exact.h"
#include "jobs/show_replicates.h"
#include "jobs/show_representation.h"
#include "jobs/show_text.h"
#include "jobs/study_print.h"
#include "jobs/tree_json.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STRONGEST = 20, FRAGILE = 5 }; /* most edges that are listed */

typedef struct {
    dsep_common_settings common;
    int json;
} settings;

static const dsep_option show_options[] = {
    {"json", 0, DSEP_OPTION_FLAG, offsetof(settings, json), NULL, NULL, 0, 0, NULL,
     "print everything as JSON; arrays of more than 65,536 values are described, not listed"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Show", show_options, 0, NULL},
    {"Common", dsep_common_options, offsetof(settings, common), NULL},
    {0},
};

/* --- attributes --------------------------------------------------------------------------------
 */

/* Lines after the first are set under the first. */
static void print_text(FILE *stream, const char *label, const char *text) {
    dsep_show_label(stream, label);
    for (; *text; text++) {
        if (*text == '\n' && !text[1])
            break;
        fputc(*text, stream);
        if (*text == '\n')
            dsep_show_label(stream, "");
    }
    fputc('\n', stream);
}

static void print_attribute(FILE *stream, const char *label, const dsep_h5tree *node) {
    for (int64_t i = 0; i < node->count; i++) {
        const char *shown = i ? "" : label;
        if (node->texts && !*node->texts[i])
            continue;
        if (node->texts) {
            print_text(stream, shown, node->texts[i]);
            continue;
        }
        dsep_show_label(stream, shown);
        if (node->integers && node->integers[i] < 0)
            fputs("no limit\n", stream); /* max_order */
        else if (node->integers)
            fprintf(stream, "%" PRId64 "\n", node->integers[i]);
        else if (node->reals)
            fprintf(stream, "%g\n", node->reals[i]);
        else
            fputs("...\n", stream);
    }
}

static int is_one_of(const char *name, const char *const *names) {
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return 1;
    return 0;
}

/* All attributes of a group but those that are told elsewhere. */
static void print_attributes(FILE *stream, const dsep_h5tree *group, const char *const *but) {
    for (int64_t i = 0; group && i < group->n_children; i++) {
        const dsep_h5tree *node = group->children[i];
        if (node->kind == DSEP_H5TREE_ATTRIBUTE && !is_one_of(node->name, but))
            print_attribute(stream, node->name, node);
    }
}

/* The single value called `name` wherever results keep it, as text; "" when there is none. */
static void look_up(const dsep_h5tree *tree, const char *name, char *text, size_t size) {
    static const char *const places[] = {
        "", "search/", "graph/", "variables/", "correlation/", "replicates/", "representation/"};
    *text = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places && !*text; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", places[i], name);
        const dsep_h5tree *node = dsep_h5tree_find(tree, path);
        if (!node || node->count != 1)
            continue;
        if (node->texts)
            snprintf(text, size, "%s", node->texts[0]);
        else if (node->integers)
            snprintf(text, size, "%" PRId64, node->integers[0]);
        else if (node->reals)
            snprintf(text, size, "%g", node->reals[0]);
    }
}

/* --- tables ------------------------------------------------------------------------------------
 */

static int cell_width(const dsep_h5tree *column) {
    const size_t length = strlen(column->name);
    return column->texts ? -16 : length > 12 ? (int)length : 12; /* texts stand to the left */
}

static void print_cell(FILE *stream, const dsep_h5tree *column, int64_t row) {
    const int width = cell_width(column);
    if (row >= column->count)
        fprintf(stream, " %*s", width, "");
    else if (column->texts)
        fprintf(stream, " %*s", width, column->texts[row]);
    else if (column->integers)
        fprintf(stream, " %*" PRId64, width, column->integers[row]);
    else if (column->reals)
        fprintf(stream, " %*.4g", width, column->reals[row]);
    else
        fprintf(stream, " %*s", width, "...");
}

/* A small table as it stands in the file, without its index. */
static void print_table(FILE *stream, const dsep_h5tree *tree, const char *path,
                        const char *title) {
    const dsep_h5tree *table = dsep_h5tree_find(tree, path);
    const dsep_h5tree *order = table ? dsep_h5tree_find(table, "column-order") : NULL;
    if (!order || !order->texts || order->count == 0)
        return;
    const dsep_h5tree *first = dsep_h5tree_find(table, order->texts[0]);
    fprintf(stream, "\n%s\n", title);
    for (int64_t c = 0; c < order->count; c++) {
        const dsep_h5tree *column = dsep_h5tree_find(table, order->texts[c]);
        if (column)
            fprintf(stream, " %*s", cell_width(column), order->texts[c]);
    }
    fputc('\n', stream);
    for (int64_t row = 0; first && row < first->count && row < 100; row++) {
        for (int64_t c = 0; c < order->count; c++) {
            const dsep_h5tree *column = dsep_h5tree_find(table, order->texts[c]);
            if (column)
                print_cell(stream, column, row);
        }
        fputc('\n', stream);
    }
}

/* --- the graph ---------------------------------------------------------------------------------
 */

typedef struct {
    int64_t directed, undirected, bidirected, circles;
} census;

static census count_edges(const dsep_named_graph *graph) {
    census found = {0};
    for (int64_t e = 0; e < graph->n_edges; e++) {
        const dsep_mark a = graph->edges[e].mark_source, b = graph->edges[e].mark_target;
        found.undirected += a == DSEP_MARK_TAIL && b == DSEP_MARK_TAIL;
        found.directed += a == DSEP_MARK_TAIL && b == DSEP_MARK_ARROW;
        found.bidirected += a == DSEP_MARK_ARROW && b == DSEP_MARK_ARROW;
        found.circles += a == DSEP_MARK_CIRCLE || b == DSEP_MARK_CIRCLE;
    }
    return found;
}

static const char *kind_title(dsep_graph_kind kind) {
    static const char *const titles[] = {"skeleton", "CPDAG", "PAG", "DAG"};
    return titles[kind];
}

typedef struct {
    double size;
    int64_t edge;
} strength;

/* Strongest first; the unknown last; ties by edge. */
static int by_strength(const void *left, const void *right) {
    const strength *a = left, *b = right;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return (a->edge > b->edge) - (a->edge < b->edge);
}

static void print_edge(FILE *stream, const dsep_named_graph *graph, int64_t e, int width) {
    dsep_show_edge(stream, graph->names, graph->edges[e], width);
    if (!isnan(graph->weight[e]))
        fprintf(stream, "  %+.4f", graph->weight[e]);
    if (!isnan(graph->p_max[e]))
        fprintf(stream, "  p_max %.3g", graph->p_max[e]);
    fputc('\n', stream);
}

static int shown_width(const dsep_named_graph *graph, const strength *list, int64_t count) {
    dsep_edge edges[STRONGEST];
    for (int64_t i = 0; i < count; i++)
        edges[i] = graph->edges[list[i].edge];
    return dsep_show_width(graph->names, edges, count);
}

/* meaning: what weights are. */
static int print_strongest(FILE *stream, const dsep_named_graph *graph, const char *meaning,
                           dsep_error *error) {
    const int64_t shown = graph->n_edges < STRONGEST ? graph->n_edges : STRONGEST;
    strength *list = dsep_array(graph->n_edges, sizeof *list);
    if (!list)
        return dsep_out_of_memory(error, "a list of edges");
    for (int64_t e = 0; e < graph->n_edges; e++)
        list[e] = (strength){isnan(graph->weight[e]) ? -1 : fabs(graph->weight[e]), e};
    qsort(list, (size_t)graph->n_edges, sizeof *list, by_strength);
    if (shown > 0)
        fprintf(stream, "\nEdges%s (%s)\n", shown < graph->n_edges ? ", the 20 strongest" : "",
                meaning);
    const int width = shown_width(graph, list, shown);
    for (int64_t i = 0; i < shown; i++)
        print_edge(stream, graph, list[i].edge, width);
    if (shown < graph->n_edges)
        fprintf(stream, "  and %" PRId64 " more: dsep export lists them all\n",
                graph->n_edges - shown);
    free(list);
    return DSEP_OK;
}

/* The edges that the weakest common cause would undo. */
static int print_fragile(FILE *stream, const dsep_result *result, dsep_error *error) {
    const dsep_named_graph *graph = result->graph;
    const double *until = graph->robustness[DSEP_ROBUSTNESS_CI];
    int64_t known = 0;
    strength *list = dsep_array(graph->n_edges, sizeof *list);
    if (!list)
        return dsep_out_of_memory(error, "a list of edges");
    for (int64_t e = 0; e < graph->n_edges; e++)
        if (!isnan(until[e]))
            list[known++] = (strength){-until[e], e};
    if (known > 1)
        qsort(list, (size_t)known, sizeof *list, by_strength);
    const int64_t shown = known < FRAGILE ? known : FRAGILE;
    const int width = shown_width(graph, list, shown);
    if (shown > 0)
        fprintf(stream,
                "\nMost fragile edges: how much of the variance left of both ends an unmeasured "
                "common cause\nhas to explain so that the test at alpha %g no longer rejects, and "
                "until nothing is left\n",
                result->alpha);
    for (int64_t i = 0; i < shown; i++) {
        const int64_t e = list[i].edge;
        dsep_show_edge(stream, graph->names, graph->edges[e], width);
        fprintf(stream, "  not significant from %.2f %% on, zero at %.2f %%\n", 100 * until[e],
                100 * graph->robustness[DSEP_ROBUSTNESS][e]);
    }
    free(list);
    return DSEP_OK;
}

static void print_census(FILE *stream, const dsep_result *result) {
    const dsep_named_graph *graph = result->graph;
    const census found = count_edges(graph);
    fprintf(stream, "\nGraph\n");
    dsep_show_label(stream, "kind");
    fprintf(stream, "%s over %" PRId64 " %s\n", kind_title(graph->graph->kind), graph->n_nodes,
            result->own_nodes ? "nodes" : "variables");
    dsep_show_label(stream, "edges");
    fprintf(stream, "%" PRId64 ": %" PRId64 " directed, %" PRId64 " undirected", graph->n_edges,
            found.directed, found.undirected);
    if (found.bidirected)
        fprintf(stream, ", %" PRId64 " bidirected", found.bidirected);
    if (found.circles)
        fprintf(stream, ", %" PRId64 " with a circle", found.circles);
    fputc('\n', stream);
}

static void print_validity(FILE *stream, const dsep_h5tree *tree, dsep_graph_kind kind) {
    const dsep_h5tree *valid = dsep_h5tree_find(tree, "graph/valid");
    if (!valid || !valid->integers || valid->count != 1)
        return;
    if (valid->integers[0])
        print_text(stream, "valid", kind == DSEP_GRAPH_DAG ? "yes, without a cycle" : "yes");
    else
        print_text(stream, "valid",
                   kind == DSEP_GRAPH_DAG
                       ? "NO: the edges have a cycle"
                       : "NO: no DAG has this graph's skeleton and arrows; the tests contradict "
                         "each other somewhere");
}

/* --- the whole ---------------------------------------------------------------------------------
 */

/* What was read: the record `input` is JSON of path, shape and checksum. */
typedef struct {
    json_t *record;
    const char *path, *checksum;
    int64_t n_samples, n_variables;
} origin;

static origin find_origin(const dsep_h5tree *tree) {
    origin found = {.record = json_loads(dsep_h5tree_text(tree, "input", ""), 0, NULL)};
    json_int_t samples = 0, variables = 0;
    if (json_unpack(found.record, "{s:s, s:[I,I], s:s}", "path", &found.path, "shape", &samples,
                    &variables, "checksum", &found.checksum) != 0)
        found.path = NULL;
    found.n_samples = (int64_t)samples;
    found.n_variables = (int64_t)variables;
    return found;
}

static void print_origin(FILE *stream, const dsep_h5tree *tree) {
    const origin from = find_origin(tree);
    if (from.path) {
        dsep_show_label(stream, "input");
        fprintf(stream, "%s: %" PRId64 " samples x %" PRId64 " variables, checksum %s\n", from.path,
                from.n_samples, from.n_variables, from.checksum);
    } else {
        print_text(stream, "input", dsep_h5tree_text(tree, "input", "not recorded"));
    }
    json_decref(from.record);
}

static void print_head(FILE *stream, const dsep_h5tree *tree, const char *path) {
    static const char *const elsewhere[] = {
        "encoding-type", "encoding-version", "complete", "study", "build",
        "command",       "dsep-version",     "input",    NULL};
    fprintf(stream, "%s: a result of dsep %s\n", path,
            dsep_h5tree_text(tree, "dsep-version", "(version not recorded)"));
    if (!dsep_h5tree_integer(tree, "complete", 0))
        fputs("\nPARTIAL: the run was stopped before its end. What is here is right as far as it "
              "goes.\n",
              stream);
    fputs("\nRun\n", stream);
    print_text(stream, "command", dsep_h5tree_text(tree, "command", "not recorded"));
    print_origin(stream, tree);
    print_attributes(stream, tree, elsewhere);
}

static void print_clause(FILE *stream, const dsep_h5tree *tree, const char *name,
                         const char *before) {
    char value[256];
    look_up(tree, name, value, sizeof value);
    if (*value)
        fprintf(stream, "%s%s", before, value);
}

/* The samples that count: a representation uses the rows of its environments alone. */
static int64_t count_samples(const dsep_h5tree *tree, const origin *from) {
    int64_t sum = 0;
    const dsep_h5tree *rows = dsep_h5tree_find(tree, "representation/environments/rows");
    if (!rows || !rows->integers)
        return from->n_samples;
    for (int64_t k = 0; k < rows->count; k++)
        sum += rows->integers[k];
    return sum;
}

/* One sentence with all that a reader needs to do it again. */
static void print_paper(FILE *stream, const dsep_h5tree *tree, const dsep_result *result) {
    const dsep_named_graph *graph = result->graph;
    const census found = count_edges(graph);
    const origin from = find_origin(tree);
    char hash[64];
    look_up(tree, "graph-hash", hash, sizeof hash);
    fprintf(stream, "\nFor a paper\n  We learned a %s over %" PRId64 " %s",
            kind_title(graph->graph->kind), graph->n_nodes,
            dsep_representation_is_in(tree) ? "latent factors"
            : result->own_nodes             ? "nodes"
                                            : "variables");
    if (from.path)
        fprintf(stream, " from %" PRId64 " samples", count_samples(tree, &from));
    json_decref(from.record);
    fprintf(stream, " with dsep %s", dsep_h5tree_text(tree, "dsep-version", DSEP_VERSION));
    print_clause(stream, tree, "method", "; method ");
    print_clause(stream, tree, "test", ", test ");
    print_clause(stream, tree, "alpha", ", alpha = ");
    print_clause(stream, tree, "orientation", ", orientation ");
    print_clause(stream, tree, "seed", ", seed ");
    print_clause(stream, tree, "done", ", replicates ");
    print_clause(stream, tree, "scheme", " by ");
    fprintf(stream, "; it has %" PRId64 " edge%s, %" PRId64 " of them directed", graph->n_edges,
            graph->n_edges == 1 ? "" : "s", found.directed);
    fprintf(stream, "%s%s%s%s.\n", dsep_h5tree_integer(tree, "complete", 0) ? "" : " (partial run)",
            *hash ? " (graph " : "", hash, *hash ? ")" : "");
}

/* A group's attributes under a title, when it has any. */
static void print_section(FILE *stream, const dsep_h5tree *tree, const char *path,
                          const char *title) {
    static const char *const none[] = {NULL};
    const dsep_h5tree *group = dsep_h5tree_find(tree, path);
    if (!group || group->n_children == 0)
        return;
    fprintf(stream, "\n%s\n", title);
    print_attributes(stream, group, none);
}

/* Pairs whose direction two rules of orientation, or a rule and the knowledge, disagree about. */
static void print_conflicts(FILE *stream, const dsep_h5tree *tree, const dsep_named_graph *graph) {
    enum { SHOWN = 10 };
    const dsep_h5tree *first = dsep_h5tree_find(tree, "graph/conflicts/first");
    const dsep_h5tree *second = dsep_h5tree_find(tree, "graph/conflicts/second");
    if (!first || !second || !first->integers || !second->integers || first->count != second->count)
        return;
    fprintf(stream, "\nConflicts: %" PRId64 " edges that are asked to point both ways\n",
            first->count);
    for (int64_t i = 0; i < first->count && i < SHOWN; i++) {
        const int64_t x = first->integers[i], y = second->integers[i];
        if (x >= 0 && x < graph->n_nodes && y >= 0 && y < graph->n_nodes)
            fprintf(stream, "  %s, %s\n", graph->names[x], graph->names[y]);
    }
    if (first->count > SHOWN)
        fprintf(stream, "  and %" PRId64 " more in /graph/conflicts\n", first->count - SHOWN);
}

/* The variables, causes first. */
static void print_causal_order(FILE *stream, const dsep_h5tree *tree) {
    enum { SHOWN = 20 };
    const dsep_h5tree *order = dsep_h5tree_find(tree, "lingam/order");
    const dsep_h5tree *names = dsep_h5tree_find(tree, "variables/_index");
    if (!order || !order->integers || !names || !names->texts)
        return;
    dsep_show_label(stream, "order");
    for (int64_t i = 0; i < order->count && i < SHOWN; i++)
        if (order->integers[i] >= 0 && order->integers[i] < names->count)
            fprintf(stream, "%s%s", i ? " " : "", names->texts[order->integers[i]]);
    fputs(order->count > SHOWN ? " ...\n" : "\n", stream);
}

static int print_graph(FILE *stream, const dsep_h5tree *tree, const char *path, dsep_error *error) {
    static const char *const told[] = {
        "kind", "valid", "n_edges", "n_directed", "n_samples", "robustness_alpha", "weight", NULL};
    static const char tested[] = "weight; p_max is the largest p-value of any test of the pair";
    dsep_result *result = NULL;
    if (!dsep_h5tree_find(tree, "graph/edges"))
        return DSEP_OK;
    int code = dsep_result_read(path, error, &result);
    if (code)
        return code;
    print_census(stream, result);
    print_validity(stream, tree, result->graph->graph->kind);
    print_attributes(stream, dsep_h5tree_find(tree, "graph"), told);
    code = print_strongest(stream, result->graph, dsep_h5tree_text(tree, "graph/weight", tested),
                           error);
    if (!code)
        code = print_fragile(stream, result, error);
    if (!code && dsep_h5tree_find(tree, "replicates/edges"))
        code = dsep_show_replicates(stream, path, result->graph, error);
    dsep_show_exact(stream, tree, result->graph);
    print_conflicts(stream, tree, result->graph);
    print_section(stream, tree, "knowledge", "Knowledge");
    print_section(stream, tree, "search", "Search");
    print_table(stream, tree, "search/levels", "Tests, by order");
    print_section(stream, tree, "lingam", "LiNGAM");
    print_causal_order(stream, tree);
    print_section(stream, tree, "continuous", "Optimisation");
    print_table(stream, tree, "timing", "Time, seconds over ranks");
    if (!code && strcmp(dsep_h5tree_text(tree, "input", ""), "simulated") != 0)
        print_paper(stream, tree, result);
    dsep_result_destroy(&result);
    return code;
}

static int print(FILE *stream, void *data, dsep_error *error) {
    const dsep_invocation *call = data;
    const settings *given = call->settings;
    const char *path = call->arguments[0];
    dsep_h5tree *tree = NULL;
    int code = dsep_h5tree_read(path, NULL, error, &tree);
    if (!code)
        code = dsep_h5tree_check_result(tree, path, error);
    if (!code && given->json) {
        code = dsep_json_print(stream, dsep_tree_json(tree), error);
    } else if (!code) {
        print_head(stream, tree, path);
        if (dsep_representation_is_in(tree))
            code = dsep_show_representation(stream, path, error);
        if (!code)
            code = print_graph(stream, tree, path, error);
        if (!code)
            print_table(stream, tree, "sensitivity/robustness",
                        "Robustness to an unmeasured common cause");
        if (!code)
            code = dsep_study_print(stream, tree, error);
    }
    dsep_h5tree_destroy(&tree);
    return code;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    const settings *given = call->settings;
    return dsep_output_print(ctx, given->common.output, print, (void *)call);
}

const dsep_command dsep_command_show = {
    .name = "show",
    .arguments = "RESULT",
    .summary = "what a result holds",
    .description = "Prints what was run, on what, and what was found: the graph and its strongest "
                   "edges, the search, the time, and a sentence for a paper.",
    .examples = "  dsep show result.h5\n"
                "  dsep show result.h5 --json | jq .graph.n_edges\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .groups = groups,
    .settings_size = sizeof(settings),
    .run = run,
};
