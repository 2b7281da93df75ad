/* dsep export: the graphs of a result in the formats of other programs. */
#include "io/graph_format.h"
#include "io/result_read.h"
#include "jobs/commands.h"
#include "jobs/output.h"
#include "jobs/replicates_read.h"

#include <string.h>

typedef struct {
    dsep_common_settings common;
    int format, what;
} settings;

enum { WHAT_GRAPH, WHAT_REPLICATES, WHAT_ENSEMBLE };

static const dsep_option export_options[] = {
    {"format", 'f', DSEP_OPTION_CHOICE, offsetof(settings, format), NULL, "auto", 0, 0,
     DSEP_GRAPH_FORMATS "|auto",
     "auto: graphml, dot (also .gv), gml or json where the name of --output ends so, else csv. "
     "csv: one line an edge; graphml, gml: igraph, Gephi, Cytoscape; dot: Graphviz; tetrad; json; "
     "pcalg: its matrix; dagitty; adjacency: 0/1, the row causes the column"},
    {"what", 0, DSEP_OPTION_CHOICE, offsetof(settings, what), NULL, "graph", 0, 0,
     "graph|replicates|preserved|highest|majority|threshold",
     "the graph, with shares where there are replicates; replicates: every pair that they ever "
     "joined, with the share of each pair of marks; or one graph out of them: preserved: every "
     "such "
     "pair with its most frequent marks; highest: the most frequent outcome of each pair; "
     "majority: "
     "what more than half of them have; threshold: pairs joined in at least the share that the "
     "result tells"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Export", export_options, 0, NULL},
    {"Common", dsep_common_options, offsetof(settings, common), NULL},
    {0},
};

enum { FORMAT_AUTO = DSEP_FORMAT_ADJACENCY + 1 };

/* The format that was asked for, by its name or by that of the file. */
static dsep_graph_format format_of(const settings *given) {
    static const struct {
        const char *suffix;
        dsep_graph_format format;
    } known[] = {{".graphml", DSEP_FORMAT_GRAPHML},
                 {".dot", DSEP_FORMAT_DOT},
                 {".gv", DSEP_FORMAT_DOT},
                 {".gml", DSEP_FORMAT_GML},
                 {".json", DSEP_FORMAT_JSON}};
    const char *dot = given->common.output ? strrchr(given->common.output, '.') : NULL;
    if (given->format != FORMAT_AUTO)
        return (dsep_graph_format)given->format;
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (strcmp(dot, known[i].suffix) == 0)
            return known[i].format;
    return DSEP_FORMAT_CSV;
}

/* What replicates say, of which the last in the order of --what are the ensemble graphs. */
static int print_counted(FILE *stream, const settings *given, const char *path,
                         const dsep_named_graph *learned, dsep_error *error) {
    dsep_replicates_found found;
    dsep_named_graph *graph = NULL;
    int code = dsep_replicates_open(path, learned, error, &found);
    if (!code && given->what == WHAT_REPLICATES)
        code = dsep_replicates_pairs(&found, error, &graph);
    else if (!code)
        code = dsep_replicates_ensemble(&found, (dsep_ensemble_rule)(given->what - WHAT_ENSEMBLE),
                                        error, &graph);
    if (!code)
        code = dsep_graph_print(stream, graph, format_of(given), error);
    dsep_named_graph_destroy(&graph);
    dsep_replicates_close(&found);
    return code;
}

static int print_graph(FILE *stream, void *data, dsep_error *error) {
    const dsep_invocation *call = data;
    const settings *given = call->settings;
    const char *path = call->arguments[0];
    dsep_result *result = NULL;
    int code = dsep_result_read(path, error, &result);
    if (!code && given->what == WHAT_GRAPH)
        code = dsep_graph_print(stream, result->graph, format_of(given), error);
    else if (!code)
        code = print_counted(stream, given, path, result->graph, error);
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
    .description =
        "Writes the graph of a result to standard output or to a file. Marks at the "
        "ends of edges (tail, arrow, circle), weights, largest p-values, orders and "
        "robustness values are kept where the format can hold them, and so are the shares of "
        "replicates. What replicates say has the share that joined a pair as its weight.",
    .examples = "  dsep export result.h5 > edges.csv\n"
                "  dsep export result.h5 -o graph.graphml\n"
                "  dsep export result.h5 --format dot | dot -Tsvg > graph.svg\n"
                "  dsep export result.h5 --what replicates > shares.csv\n"
                "  dsep export result.h5 --what threshold --format graphml -o stable.graphml\n",
    .min_arguments = 1,
    .max_arguments = 1,
    .groups = groups,
    .settings_size = sizeof(settings),
    .run = run,
};
