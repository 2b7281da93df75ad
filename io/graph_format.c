#include "io/graph_format.h"

#include "io/edge_csv_write.h"
#include "io/graph_matrix.h"
#include "io/text_escape.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *dsep_graph_arrow(dsep_mark mark_source, dsep_mark mark_target) {
    static const char *const arrows[3][3] = {
        {"---", "-->", "--o"}, {"<--", "<->", "<-o"}, {"o--", "o->", "o-o"}};
    return arrows[mark_source - DSEP_MARK_TAIL][mark_target - DSEP_MARK_TAIL];
}

/* The same edge with its arrow to the right: readers of some formats know o-> but not <-o. */
static dsep_edge rightward(dsep_edge edge) {
    if (edge.mark_source == DSEP_MARK_ARROW && edge.mark_target != DSEP_MARK_ARROW)
        return (dsep_edge){edge.target, edge.source, edge.mark_target, edge.mark_source};
    return edge;
}

static int is_directed(dsep_edge edge) {
    return edge.mark_source == DSEP_MARK_TAIL && edge.mark_target == DSEP_MARK_ARROW;
}

/* --- csv ---------------------------------------------------------------------------------------
 */

static void csv_number(FILE *file, double value) {
    char text[32];
    dsep_csv_format_number(value, text);
    fprintf(file, ",%s", text);
}

static void csv_edge(FILE *file, const dsep_named_graph *graph, int64_t e) {
    const dsep_edge edge = graph->edges[e];
    dsep_csv_print_field(file, graph->names[edge.source], ',');
    fputc(',', file);
    dsep_csv_print_field(file, graph->names[edge.target], ',');
    fprintf(file, ",%s,%s", dsep_mark_name(edge.mark_source), dsep_mark_name(edge.mark_target));
    if (!graph->counted) {
        csv_number(file, graph->weight[e]);
        csv_number(file, graph->p_max[e]);
        csv_number(file, graph->order[e] < 0 ? NAN : (double)graph->order[e]);
        for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
            csv_number(file, graph->robustness[k][e]);
    }
    for (int k = 0; k < DSEP_SHARES; k++)
        if (graph->share[k])
            csv_number(file, graph->share[k][e]);
    fputc('\n', file);
}

static void print_csv(FILE *file, const dsep_named_graph *graph) {
    fputs("source,target,mark_source,mark_target", file);
    if (!graph->counted)
        fputs(",weight,p_max,order", file);
    for (int k = 0; !graph->counted && k < DSEP_ROBUSTNESS_VALUES; k++)
        fprintf(file, ",%s", dsep_robustness_names[k]);
    for (int k = 0; k < DSEP_SHARES; k++)
        if (graph->share[k])
            fprintf(file, ",%s", dsep_share_names[k]);
    fputc('\n', file);
    for (int64_t e = 0; e < graph->n_edges; e++)
        csv_edge(file, graph, e);
}

/* --- graphml -----------------------------------------------------------------------------------
 */

static const char graphml_head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\"\n"
    "         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
    "         xsi:schemaLocation=\"http://graphml.graphdrawing.org/xmlns "
    "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd\">\n"
    "  <key id=\"kind\" for=\"graph\" attr.name=\"kind\" attr.type=\"string\"/>\n"
    "  <key id=\"name\" for=\"node\" attr.name=\"name\" attr.type=\"string\"/>\n"
    "  <key id=\"mark_source\" for=\"edge\" attr.name=\"mark_source\" attr.type=\"string\"/>\n"
    "  <key id=\"mark_target\" for=\"edge\" attr.name=\"mark_target\" attr.type=\"string\"/>\n"
    "  <key id=\"weight\" for=\"edge\" attr.name=\"weight\" attr.type=\"double\"/>\n"
    "  <key id=\"p_max\" for=\"edge\" attr.name=\"p_max\" attr.type=\"double\"/>\n"
    "  <key id=\"order\" for=\"edge\" attr.name=\"order\" attr.type=\"long\"/>\n"
    "  <key id=\"partial_r2\" for=\"edge\" attr.name=\"partial_r2\" attr.type=\"double\"/>\n"
    "  <key id=\"robustness\" for=\"edge\" attr.name=\"robustness\" attr.type=\"double\"/>\n"
    "  <key id=\"robustness_ci\" for=\"edge\" attr.name=\"robustness_ci\" "
    "attr.type=\"double\"/>\n";

/* Unknown values are left out. */
static void graphml_number(FILE *file, const char *key, double value) {
    char text[32];
    if (!isfinite(value))
        return;
    dsep_csv_format_number(value, text);
    fprintf(file, "      <data key=\"%s\">%s</data>\n", key, text);
}

static void graphml_edge(FILE *file, const dsep_named_graph *graph, int64_t e) {
    const dsep_edge edge = graph->edges[e];
    fprintf(file,
            "    <edge id=\"e%" PRId64 "\" source=\"n%" PRId64 "\" target=\"n%" PRId64
            "\" directed=\"%s\">\n",
            e, edge.source, edge.target, is_directed(edge) ? "true" : "false");
    fprintf(file, "      <data key=\"mark_source\">%s</data>\n", dsep_mark_name(edge.mark_source));
    fprintf(file, "      <data key=\"mark_target\">%s</data>\n", dsep_mark_name(edge.mark_target));
    graphml_number(file, "weight", graph->weight[e]);
    graphml_number(file, "p_max", graph->p_max[e]);
    if (graph->order[e] >= 0)
        fprintf(file, "      <data key=\"order\">%" PRId64 "</data>\n", graph->order[e]);
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        graphml_number(file, dsep_robustness_names[k], graph->robustness[k][e]);
    for (int k = 0; k < DSEP_SHARES; k++)
        if (graph->share[k])
            graphml_number(file, dsep_share_names[k], graph->share[k][e]);
    fputs("    </edge>\n", file);
}

static void print_graphml(FILE *file, const dsep_named_graph *graph) {
    fputs(graphml_head, file);
    for (int k = 0; k < DSEP_SHARES; k++)
        if (graph->share[k])
            fprintf(file, "  <key id=\"%s\" for=\"edge\" attr.name=\"%s\" attr.type=\"double\"/>\n",
                    dsep_share_names[k], dsep_share_names[k]);
    fprintf(file, "  <graph id=\"G\" edgedefault=\"directed\">\n    <data key=\"kind\">%s</data>\n",
            dsep_graph_kind_name(graph->graph->kind));
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        fprintf(file, "    <node id=\"n%" PRId64 "\"><data key=\"name\">", x);
        dsep_print_xml(file, graph->names[x]);
        fputs("</data></node>\n", file);
    }
    for (int64_t e = 0; e < graph->n_edges; e++)
        graphml_edge(file, graph, e);
    fputs("  </graph>\n</graphml>\n", file);
}

/* --- dot ---------------------------------------------------------------------------------------
 */

static const char *dot_shape(dsep_mark mark) {
    static const char *const shapes[] = {"none", "normal", "odot"};
    return shapes[mark - DSEP_MARK_TAIL];
}

/* `weight` has a meaning of its own in Graphviz, so values go to the tooltip. */
static void dot_edge(FILE *file, const dsep_named_graph *graph, int64_t e) {
    const dsep_edge edge = graph->edges[e];
    char weight[32];
    dsep_csv_format_number(graph->weight[e], weight);
    fputs("  ", file);
    dsep_print_quoted(file, graph->names[edge.source]);
    fputs(" -> ", file);
    dsep_print_quoted(file, graph->names[edge.target]);
    fprintf(file, " [dir=both, arrowtail=%s, arrowhead=%s, tooltip=\"%s %s\"];\n",
            dot_shape(edge.mark_source), dot_shape(edge.mark_target),
            graph->counted ? "share" : "weight", weight);
}

static void print_dot(FILE *file, const dsep_named_graph *graph) {
    fputs("digraph dsep {\n", file);
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        fputs("  ", file);
        dsep_print_quoted(file, graph->names[x]);
        fputs(";\n", file);
    }
    for (int64_t e = 0; e < graph->n_edges; e++)
        dot_edge(file, graph, e);
    fputs("}\n", file);
}

/* --- gml ---------------------------------------------------------------------------------------
 */

/* Keys of GML are letters and digits: p_max is pMax. */
static void gml_key(FILE *file, const char *name) {
    fputc(' ', file);
    for (; *name; name++)
        if (*name == '_')
            fputc(toupper((unsigned char)*++name), file);
        else
            fputc(*name, file);
}

static void gml_number(FILE *file, const char *name, double value) {
    char text[32];
    if (!isfinite(value))
        return;
    dsep_csv_format_number(value, text);
    /* a real of GML has a point; an exponent is allowed after it alone */
    const size_t digits = strcspn(text, ".e");
    gml_key(file, name);
    fprintf(file, " %.*s%s%s", (int)digits, text, text[digits] == '.' ? "" : ".0", text + digits);
}

static void gml_edge(FILE *file, const dsep_named_graph *graph, int64_t e) {
    const dsep_edge edge = graph->edges[e];
    fprintf(file,
            "  edge [ source %" PRId64 " target %" PRId64 " markSource \"%s\" markTarget \"%s\"",
            edge.source, edge.target, dsep_mark_name(edge.mark_source),
            dsep_mark_name(edge.mark_target));
    gml_number(file, "weight", graph->weight[e]);
    gml_number(file, "p_max", graph->p_max[e]);
    if (graph->order[e] >= 0)
        fprintf(file, " order %" PRId64, graph->order[e]);
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        gml_number(file, dsep_robustness_names[k], graph->robustness[k][e]);
    for (int k = 0; k < DSEP_SHARES; k++)
        if (graph->share[k])
            gml_number(file, dsep_share_names[k], graph->share[k][e]);
    fputs(" ]\n", file);
}

static void print_gml(FILE *file, const dsep_named_graph *graph) {
    fprintf(file, "graph [\n  directed 1\n  kind \"%s\"\n",
            dsep_graph_kind_name(graph->graph->kind));
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        fprintf(file, "  node [ id %" PRId64 " label ", x);
        dsep_print_gml(file, graph->names[x]);
        fputs(" ]\n", file);
    }
    for (int64_t e = 0; e < graph->n_edges; e++)
        gml_edge(file, graph, e);
    fputs("]\n", file);
}

/* --- tetrad ------------------------------------------------------------------------------------
 */

static int check_tetrad(const dsep_named_graph *graph, dsep_error *error) {
    for (int64_t x = 0; x < graph->n_nodes; x++)
        if (!graph->names[x][0] || strpbrk(graph->names[x], " \t\r\n,;"))
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "Tetrad's format cannot hold the name '%s': it divides names by "
                                  "blanks, commas and semicolons. Rename the variable, or take "
                                  "--format graphml",
                                  graph->names[x]);
    return DSEP_OK;
}

static void print_tetrad(FILE *file, const dsep_named_graph *graph) {
    fputs("Graph Nodes:\n", file);
    for (int64_t x = 0; x < graph->n_nodes; x++)
        fprintf(file, "%s%s", x ? ";" : "", graph->names[x]);
    fputs("\n\nGraph Edges:\n", file);
    for (int64_t e = 0; e < graph->n_edges; e++) {
        const dsep_edge edge = rightward(graph->edges[e]);
        fprintf(file, "%" PRId64 ". %s %s %s\n", e + 1, graph->names[edge.source],
                dsep_graph_arrow(edge.mark_source, edge.mark_target), graph->names[edge.target]);
    }
}

/* --- json --------------------------------------------------------------------------------------
 */

static void json_number(FILE *file, const char *name, double value) {
    fprintf(file, ", \"%s\": ", name);
    dsep_print_json_number(file, value);
}

static void json_edge(FILE *file, const dsep_named_graph *graph, int64_t e) {
    const dsep_edge edge = graph->edges[e];
    fputs("    {\"source\": ", file);
    dsep_print_json(file, graph->names[edge.source]);
    fputs(", \"target\": ", file);
    dsep_print_json(file, graph->names[edge.target]);
    fprintf(file, ", \"mark_source\": \"%s\", \"mark_target\": \"%s\"",
            dsep_mark_name(edge.mark_source), dsep_mark_name(edge.mark_target));
    if (!graph->counted) {
        json_number(file, "weight", graph->weight[e]);
        json_number(file, "p_max", graph->p_max[e]);
        json_number(file, "order", graph->order[e] < 0 ? NAN : (double)graph->order[e]);
        for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
            json_number(file, dsep_robustness_names[k], graph->robustness[k][e]);
    }
    for (int k = 0; k < DSEP_SHARES; k++)
        if (graph->share[k])
            json_number(file, dsep_share_names[k], graph->share[k][e]);
    fputs(e + 1 < graph->n_edges ? "},\n" : "}\n", file);
}

static void print_json(FILE *file, const dsep_named_graph *graph) {
    fprintf(file, "{\n  \"kind\": \"%s\",\n  \"nodes\": [",
            dsep_graph_kind_name(graph->graph->kind));
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        fputs(x ? ", " : "", file);
        dsep_print_json(file, graph->names[x]);
    }
    fputs("],\n  \"edges\": [\n", file);
    for (int64_t e = 0; e < graph->n_edges; e++)
        json_edge(file, graph, e);
    fputs("  ]\n}\n", file);
}

/* --- dagitty -----------------------------------------------------------------------------------
 */

static const char *dagitty_arrow(dsep_edge edge) {
    static const char *const arrows[3][3] = {
        {"--", "->", "-@"}, {"<-", "<->", "<-@"}, {"@-", "@->", "@-@"}};
    return arrows[edge.mark_source - DSEP_MARK_TAIL][edge.mark_target - DSEP_MARK_TAIL];
}

static void print_dagitty(FILE *file, const dsep_named_graph *graph) {
    static const char *const types[] = {"pdag", "pdag", "pag", "dag"};
    fprintf(file, "%s {\n", types[graph->graph->kind]);
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        dsep_print_quoted(file, graph->names[x]);
        fputc('\n', file);
    }
    for (int64_t e = 0; e < graph->n_edges; e++) {
        const dsep_edge edge = rightward(graph->edges[e]);
        dsep_print_quoted(file, graph->names[edge.source]);
        fprintf(file, " %s ", dagitty_arrow(edge));
        dsep_print_quoted(file, graph->names[edge.target]);
        fputc('\n', file);
    }
    fputs("}\n", file);
}

/* --- all ---------------------------------------------------------------------------------------
 */

int dsep_graph_print(FILE *file, const dsep_named_graph *graph, dsep_graph_format format,
                     dsep_error *error) {
    static void (*const printers[])(FILE *, const dsep_named_graph *) = {
        [DSEP_FORMAT_CSV] = print_csv,         [DSEP_FORMAT_GRAPHML] = print_graphml,
        [DSEP_FORMAT_DOT] = print_dot,         [DSEP_FORMAT_GML] = print_gml,
        [DSEP_FORMAT_TETRAD] = print_tetrad,   [DSEP_FORMAT_JSON] = print_json,
        [DSEP_FORMAT_DAGITTY] = print_dagitty, [DSEP_FORMAT_ADJACENCY] = NULL};
    const int is_pag = graph->graph->kind == DSEP_GRAPH_PAG;
    int code = DSEP_OK;
    if (format == DSEP_FORMAT_PCALG)
        return dsep_graph_matrix_print(file, graph, is_pag ? dsep_entry_pag : dsep_entry_cpdag,
                                       error);
    if (format == DSEP_FORMAT_ADJACENCY)
        return dsep_graph_matrix_print(file, graph, dsep_entry_cause, error);
    if (format == DSEP_FORMAT_TETRAD)
        code = check_tetrad(graph, error);
    if (!code)
        printers[format](file, graph);
    return code;
}
