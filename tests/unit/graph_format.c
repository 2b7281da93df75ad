/* The exact text of every format, for small graphs with awkward names. */
#include "io/graph_format.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T DSEP_MARK_TAIL
#define A DSEP_MARK_ARROW
#define C DSEP_MARK_CIRCLE

static char *awkward[] = {"a, \"b\"", "x & <y>", "\xc3\xa9", "p\\q"};
static char *plain[] = {"A", "B", "C", "D"};

/* 0 -> 1, 1 - 2, and 3 apart */
static const dsep_named_edge mixed[] = {{{0, 1, T, A}, -0.1, 1e-300, 0, {0.01, 0.095, 0}},
                                        {{1, 2, T, T}, 1.0 / 3.0, NAN, -1, {NAN, NAN, NAN}}};
/* 2 o-> 0, 0 <-> 1, 1 o-o 3 */
static const dsep_named_edge circles[] = {{{2, 0, C, A}, 2, 0.5, 1, {1, 1, 1}},
                                          {{0, 1, A, A}, NAN, 0, 2, {NAN, 0.25, NAN}},
                                          {{1, 3, C, C}, -INFINITY, 1, 3, {NAN, NAN, NAN}}};

static char *print(char *const *names, const dsep_named_edge *edges, int64_t n_edges,
                   dsep_graph_kind kind, dsep_graph_format format) {
    char *text = NULL;
    size_t size = 0;
    dsep_named_graph *graph = NULL;
    dsep_named_graph_create(names, 4, edges, n_edges, kind, NULL, &graph);
    FILE *file = open_memstream(&text, &size);
    if (!graph || !file || dsep_graph_print(file, graph, format, NULL))
        tap_note("not printed");
    if (file)
        fclose(file);
    dsep_named_graph_destroy(&graph);
    return text;
}

static void is(char *text, const char *wanted, const char *name) {
    if (!tap_ok(text && strcmp(text, wanted) == 0, "%s", name))
        printf("# got:\n%s# wanted:\n%s", text, wanted);
    free(text);
}

static char *print_mixed(dsep_graph_format format) {
    return print(awkward, mixed, 2, DSEP_GRAPH_CPDAG, format);
}

static char *print_circles(dsep_graph_format format) {
    return print(plain, circles, 3, DSEP_GRAPH_PAG, format);
}

static void test_csv(void) {
    is(print_mixed(DSEP_FORMAT_CSV),
       "source,target,mark_source,mark_target,weight,p_max,order,"
       "partial_r2,robustness,robustness_ci\n"
       "\"a, \"\"b\"\"\",x & <y>,tail,arrow,-0.1,1e-300,0,0.01,0.095,0\n"
       "x & <y>,\xc3\xa9,tail,tail,0.3333333333333333,NA,NA,NA,NA,NA\n",
       "csv");
    is(print_circles(DSEP_FORMAT_CSV),
       "source,target,mark_source,mark_target,weight,p_max,order,"
       "partial_r2,robustness,robustness_ci\n"
       "A,B,arrow,arrow,NA,0,2,NA,0.25,NA\n"
       "A,C,arrow,circle,2,0.5,1,1,1,1\n"
       "B,D,circle,circle,-inf,1,3,NA,NA,NA\n",
       "csv with circles");
}

static void test_graphml(void) {
    char *text = print_mixed(DSEP_FORMAT_GRAPHML);
    char *graph = text ? strstr(text, "  <graph") : NULL;
    tap_ok(text &&
               strncmp(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml ", 47) == 0 &&
               strstr(text, "<key id=\"weight\" for=\"edge\" attr.name=\"weight\" "
                            "attr.type=\"double\"/>") &&
               strstr(text, "<key id=\"robustness_ci\" for=\"edge\""),
           "graphml declares its keys");
    is(graph ? strdup(graph) : NULL,
       "  <graph id=\"G\" edgedefault=\"directed\">\n"
       "    <data key=\"kind\">cpdag</data>\n"
       "    <node id=\"n0\"><data key=\"name\">a, &quot;b&quot;</data></node>\n"
       "    <node id=\"n1\"><data key=\"name\">x &amp; &lt;y&gt;</data></node>\n"
       "    <node id=\"n2\"><data key=\"name\">\xc3\xa9</data></node>\n"
       "    <node id=\"n3\"><data key=\"name\">p\\q</data></node>\n"
       "    <edge id=\"e0\" source=\"n0\" target=\"n1\" directed=\"true\">\n"
       "      <data key=\"mark_source\">tail</data>\n"
       "      <data key=\"mark_target\">arrow</data>\n"
       "      <data key=\"weight\">-0.1</data>\n"
       "      <data key=\"p_max\">1e-300</data>\n"
       "      <data key=\"order\">0</data>\n"
       "      <data key=\"partial_r2\">0.01</data>\n"
       "      <data key=\"robustness\">0.095</data>\n"
       "      <data key=\"robustness_ci\">0</data>\n"
       "    </edge>\n"
       "    <edge id=\"e1\" source=\"n1\" target=\"n2\" directed=\"false\">\n"
       "      <data key=\"mark_source\">tail</data>\n"
       "      <data key=\"mark_target\">tail</data>\n"
       "      <data key=\"weight\">0.3333333333333333</data>\n"
       "    </edge>\n"
       "  </graph>\n"
       "</graphml>\n",
       "graphml");
    free(text);
}

static void test_dot(void) {
    is(print_mixed(DSEP_FORMAT_DOT),
       "digraph dsep {\n"
       "  \"a, \\\"b\\\"\";\n"
       "  \"x & <y>\";\n"
       "  \"\xc3\xa9\";\n"
       "  \"p\\\\q\";\n"
       "  \"a, \\\"b\\\"\" -> \"x & <y>\" [dir=both, arrowtail=none, arrowhead=normal, "
       "tooltip=\"weight -0.1\"];\n"
       "  \"x & <y>\" -> \"\xc3\xa9\" [dir=both, arrowtail=none, arrowhead=none, "
       "tooltip=\"weight 0.3333333333333333\"];\n"
       "}\n",
       "dot");
}

static void test_gml(void) {
    is(print_mixed(DSEP_FORMAT_GML),
       "graph [\n"
       "  directed 1\n"
       "  kind \"cpdag\"\n"
       "  node [ id 0 label \"a, &#34;b&#34;\" ]\n"
       "  node [ id 1 label \"x &#38; <y>\" ]\n"
       "  node [ id 2 label \"&#233;\" ]\n"
       "  node [ id 3 label \"p\\q\" ]\n"
       "  edge [ source 0 target 1 markSource \"tail\" markTarget \"arrow\" weight -0.1 pMax "
       "1.0e-300 order 0 partialR2 0.01 robustness 0.095 robustnessCi 0.0 ]\n"
       "  edge [ source 1 target 2 markSource \"tail\" markTarget \"tail\" weight "
       "0.3333333333333333 ]\n"
       "]\n",
       "gml");
}

static void test_tetrad(void) {
    dsep_named_graph *graph = NULL;
    dsep_error error = {0};
    is(print(plain, mixed, 2, DSEP_GRAPH_CPDAG, DSEP_FORMAT_TETRAD),
       "Graph Nodes:\nA;B;C;D\n\nGraph Edges:\n1. A --> B\n2. B --- C\n", "tetrad");
    is(print_circles(DSEP_FORMAT_TETRAD),
       "Graph Nodes:\nA;B;C;D\n\nGraph Edges:\n1. A <-> B\n2. C o-> A\n3. B o-o D\n",
       "tetrad with circles, arrows to the right");
    dsep_named_graph_create(awkward, 4, mixed, 2, DSEP_GRAPH_CPDAG, NULL, &graph);
    tap_ok(dsep_graph_print(stdout, graph, DSEP_FORMAT_TETRAD, &error) == DSEP_ERROR_DATA,
           "names that tetrad cannot hold: %s", error.text);
    dsep_named_graph_destroy(&graph);
}

static void test_json(void) {
    is(print_mixed(DSEP_FORMAT_JSON),
       "{\n"
       "  \"kind\": \"cpdag\",\n"
       "  \"nodes\": [\"a, \\\"b\\\"\", \"x & <y>\", \"\xc3\xa9\", \"p\\\\q\"],\n"
       "  \"edges\": [\n"
       "    {\"source\": \"a, \\\"b\\\"\", \"target\": \"x & <y>\", \"mark_source\": \"tail\", "
       "\"mark_target\": \"arrow\", \"weight\": -0.1, \"p_max\": 1e-300, \"order\": 0, "
       "\"partial_r2\": 0.01, \"robustness\": 0.095, \"robustness_ci\": 0},\n"
       "    {\"source\": \"x & <y>\", \"target\": \"\xc3\xa9\", \"mark_source\": \"tail\", "
       "\"mark_target\": \"tail\", \"weight\": 0.3333333333333333, \"p_max\": null, "
       "\"order\": null, \"partial_r2\": null, \"robustness\": null, "
       "\"robustness_ci\": null}\n"
       "  ]\n"
       "}\n",
       "json");
}

static void test_matrices(void) {
    is(print_mixed(DSEP_FORMAT_PCALG),
       ",\"a, \"\"b\"\"\",x & <y>,\xc3\xa9,p\\q\n"
       "\"a, \"\"b\"\"\",0,0,0,0\n"
       "x & <y>,1,0,1,0\n"
       "\xc3\xa9,0,1,0,0\n"
       "p\\q,0,0,0,0\n",
       "pcalg's amat.cpdag: the arrow at the row");
    is(print_circles(DSEP_FORMAT_PCALG),
       ",A,B,C,D\n"
       "A,0,2,1,0\n"
       "B,2,0,0,1\n"
       "C,2,0,0,0\n"
       "D,0,1,0,0\n",
       "pcalg's amat.pag: the mark at the column");
    is(print(plain, mixed, 2, DSEP_GRAPH_CPDAG, DSEP_FORMAT_ADJACENCY),
       ",A,B,C,D\n"
       "A,0,1,0,0\n"
       "B,0,0,1,0\n"
       "C,0,1,0,0\n"
       "D,0,0,0,0\n",
       "adjacency: the row causes the column");
}

/* A matrix of 100,001 variables would be 20 GB; the list of edges is short. */
static void test_large(void) {
    enum { NODES = 100001 };
    static char name[NODES][8];
    static char *names[NODES];
    dsep_named_graph *graph = NULL;
    dsep_error error = {0};
    FILE *nowhere = fopen("/dev/null", "w");
    for (int64_t x = 0; x < NODES; x++) {
        snprintf(name[x], sizeof name[x], "%d", (int)x);
        names[x] = name[x];
    }
    const int made =
        !dsep_named_graph_create(names, NODES, NULL, 0, DSEP_GRAPH_CPDAG, &error, &graph);
    for (int f = 0; f < 2; f++)
        tap_ok(made &&
                   dsep_graph_print(nowhere, graph, f ? DSEP_FORMAT_PCALG : DSEP_FORMAT_ADJACENCY,
                                    &error) == DSEP_ERROR_USAGE &&
                   strstr(error.text, "20 GB") && strstr(error.text, "csv"),
               "%s: a matrix of 100,001 variables is refused", f ? "pcalg" : "adjacency");
    tap_ok(made && !dsep_graph_print(nowhere, graph, DSEP_FORMAT_TETRAD, &error), "a list is not");
    fclose(nowhere);
    dsep_named_graph_destroy(&graph);
}

static void test_dagitty(void) {
    is(print_mixed(DSEP_FORMAT_DAGITTY),
       "pdag {\n"
       "\"a, \\\"b\\\"\"\n"
       "\"x & <y>\"\n"
       "\"\xc3\xa9\"\n"
       "\"p\\\\q\"\n"
       "\"a, \\\"b\\\"\" -> \"x & <y>\"\n"
       "\"x & <y>\" -- \"\xc3\xa9\"\n"
       "}\n",
       "dagitty");
    is(print_circles(DSEP_FORMAT_DAGITTY),
       "pag {\n\"A\"\n\"B\"\n\"C\"\n\"D\"\n\"A\" <-> \"B\"\n\"C\" @-> \"A\"\n\"B\" @-@ \"D\"\n}\n",
       "dagitty with circles");
    is(print(plain, mixed, 1, DSEP_GRAPH_DAG, DSEP_FORMAT_DAGITTY),
       "dag {\n\"A\"\n\"B\"\n\"C\"\n\"D\"\n\"A\" -> \"B\"\n}\n", "dagitty's dag");
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_csv();
    test_graphml();
    test_dot();
    test_gml();
    test_tetrad();
    test_json();
    test_matrices();
    test_large();
    test_dagitty();
    return tap_end();
}
