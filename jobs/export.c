/* dsep export: the graph of a result in the formats of other programs. */
#include "io/graph_format.h"
#include "io/h5tree.h"
#include "io/result_read.h"
#include "jobs/commands.h"
#include "jobs/output.h"

typedef struct {
    dsep_common_settings common;
    int format, what;
} settings;

enum { WHAT_GRAPH, WHAT_REPLICATES };

static const dsep_option export_options[] = {
    {"format", 'f', DSEP_OPTION_CHOICE, offsetof(settings, format), NULL, "csv", 0, 0,
     DSEP_GRAPH_FORMATS,
     "csv: one line an edge; graphml, gml: igraph, Gephi, Cytoscape; dot: Graphviz; tetrad; json; "
     "pcalg: its matrix; dagitty; adjacency: 0/1, the row causes the column"},
    {"what", 0, DSEP_OPTION_CHOICE, offsetof(settings, what), NULL, "graph", 0, 0,
     "graph|replicates", "the graph, or how often each edge was found in the replicates"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Export", export_options, 0},
    {"Common", dsep_common_options, offsetof(settings, common)},
    {0},
};

/* No command makes replicates yet; a file may still have some. */
static int refuse_replicates(const char *path, dsep_error *error) {
    dsep_h5tree *tree = NULL;
    int code = dsep_h5tree_read(path, NULL, error, &tree);
    if (!code)
        code = dsep_h5tree_check_result(tree, path, error);
    if (!code && dsep_h5tree_find(tree, "replicates/edges"))
        code = dsep_error_set(error, DSEP_ERROR_USAGE,
                              "this version cannot export replicates; read /replicates/edges of "
                              "'%s' with h5py or rhdf5",
                              path);
    else if (!code)
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' has no replicates; export its graph with --what graph", path);
    dsep_h5tree_destroy(&tree);
    return code;
}

static int print_graph(FILE *stream, void *data, dsep_error *error) {
    const dsep_invocation *call = data;
    const settings *given = call->settings;
    dsep_result *result = NULL;
    if (given->what == WHAT_REPLICATES)
        return refuse_replicates(call->arguments[0], error);
    int code = dsep_result_read(call->arguments[0], error, &result);
    if (!code)
        code = dsep_graph_print(stream, result->graph, (dsep_graph_format)given->format, error);
    dsep_result_destroy(&result);
    return code;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    const settings *given = call->settings;
    return dsep_output_print(ctx, given->common.output, print_graph, (void *)call);
}

const dsep_command dsep_command_export = {
    .name = "export",
    .arguments = "RESULT",
    .summary = "the graph in another format",
    .description = "Writes the graph of a result to standard output or to a file. Marks at the "
                   "ends of edges (tail, arrow, circle), weights, largest p-values, orders and "
                   "robustness values are kept where the format can hold them.",
    .examples = "  dsep export result.h5 > edges.csv\n"
                "  dsep export result.h5 --format graphml -o graph.graphml\n"
                "  dsep export result.h5 --format dot | dot -Tsvg > graph.svg\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .groups = groups,
    .settings_size = sizeof(settings),
    .run = run,
};
