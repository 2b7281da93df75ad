/* Reading edge CSVs: what is accepted, what is refused and where. */
#include "io/edge_csv.h"
#include "io/graph_format.h"
#include "io/graph_hash.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *store(dsep_context *ctx, const char *text) {
    static char path[600];
    snprintf(path, sizeof path, "%s/edges-%d.csv", tap_directory(), dsep_rank(ctx));
    FILE *file = fopen(path, "wb");
    if (file) {
        fputs(text, file);
        fclose(file);
    }
    return path;
}

static dsep_named_graph *read_text(dsep_context *ctx, const char *text) {
    dsep_named_graph *graph = NULL;
    if (dsep_edge_csv_read(store(ctx, text), dsep_context_error(ctx), &graph))
        tap_note("%s", dsep_context_error(ctx)->text);
    return graph;
}

static void test_reading(dsep_context *ctx) {
    dsep_named_graph *g = read_text(ctx, "source,target,mark_source,mark_target\n"
                                         "b,a,tail,arrow\n"
                                         "a,c,tail,tail\n");
    tap_ok(g && g->n_nodes == 3 && g->n_edges == 2, "a plain file");
    tap_ok(strcmp(g->names[0], "b") == 0 && strcmp(g->names[2], "c") == 0,
           "names in order of first use");
    tap_ok(dsep_graph_directed(g->graph, 0, 1) && dsep_graph_undirected(g->graph, 1, 2) &&
               g->graph->kind == DSEP_GRAPH_CPDAG,
           "marks and kind");
    tap_ok(isnan(g->weight[0]) && isnan(g->p_max[1]) && g->order[0] == -1, "no values are unknown");
    dsep_named_graph_destroy(&g);
    g = read_text(ctx, "\xEF\xBB\xBFmark_target,weight,extra,\"source\",mark_source,order,target,"
                       "p_max,robustness_ci,robustness\r\n"
                       "arrow,-0.25,x,\"a, \"\"b\"\"\",circle,2,\"two\nlines\",1e-3,0.125,.5\r\n"
                       "arrow,NA,,\"two\nlines\",arrow,,\xc3\xa9 & <,,NA,\r\n"
                       "\r\n");
    tap_ok(g && g->n_nodes == 3 && g->n_edges == 2,
           "any order of columns, CRLF, byte order mark, a blank line at the end");
    tap_ok(strcmp(g->names[0], "a, \"b\"") == 0 && strcmp(g->names[1], "two\nlines") == 0 &&
               strcmp(g->names[2], "\xc3\xa9 & <") == 0,
           "quoted names");
    tap_ok(g->weight[0] == -0.25 && g->p_max[0] == 1e-3 && g->order[0] == 2 &&
               isnan(g->weight[1]) && isnan(g->p_max[1]) && g->order[1] == -1,
           "values, known and not");
    tap_ok(
        g->robustness[DSEP_ROBUSTNESS][0] == .5 && g->robustness[DSEP_ROBUSTNESS_CI][0] == .125 &&
            isnan(g->robustness[DSEP_ROBUSTNESS_CI][1]) && isnan(g->robustness[DSEP_PARTIAL_R2][0]),
        "robustness, known and not");
    tap_ok(g->graph->kind == DSEP_GRAPH_PAG && g->edges[0].mark_source == DSEP_MARK_CIRCLE,
           "circles make a PAG");
    dsep_named_graph_destroy(&g);
    g = read_text(ctx, "source,target,mark_source,mark_target");
    tap_ok(g && g->n_nodes == 0 && g->n_edges == 0, "a header alone, without line end");
    dsep_named_graph_destroy(&g);
    g = read_text(ctx, "source,target,mark_source,mark_target\na,b,arrow,tail\nc,a,tail,arrow");
    tap_ok(g && g->edges[0].source == 1 && g->edges[1].source == 2 &&
               g->graph->kind == DSEP_GRAPH_DAG,
           "an arrow that points back is turned");
    dsep_named_graph_destroy(&g);
}

static void test_refusals(dsep_context *ctx) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1: there is no column 'source'"},
        {"source,target\na,b\n", "line 1: there is no column 'mark_source'"},
        {"source,source,target,mark_source,mark_target\n", "the column 'source' stands twice"},
        {"source,target,mark_source,mark_target\na,b,tail\n", "line 2: 3 fields"},
        {"source,target,mark_source,mark_target\na,b,tail,head\n",
         "line 2: mark_target is 'head'; it must be tail, arrow or circle"},
        {"source,target,mark_source,mark_target\n\na,a,tail,arrow\n",
         "line 3: an edge joins 'a' to itself"},
        {"source,target,mark_source,mark_target\na,b,tail,arrow\n\"c\nd\",a,tail,arrow\n"
         "b,a,tail,tail\n",
         "line 5: 'b' and 'a' are joined in line 2 already"},
        {"source,target,mark_source,mark_target\na,,tail,arrow\n",
         "line 2: the target has no name"},
        {"source,target,mark_source,mark_target,weight\na,b,tail,arrow,x1\n",
         "line 2: weight is 'x1', which is no number"},
        {"source,target,mark_source,mark_target\n\"a,b,tail,arrow\n",
         "line 2: a quote is not closed"},
        {"source,target,mark_source,mark_target\n\"a\"b,b,tail,arrow\n",
         "line 2: text follows a closing quote"},
    };
    dsep_named_graph *graph;
    dsep_error error = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int code = dsep_edge_csv_read(store(ctx, cases[i].text), &error, &graph);
        tap_ok(code == DSEP_ERROR_DATA && !graph && strstr(error.text, cases[i].message), "%s",
               cases[i].message);
        if (!strstr(error.text, cases[i].message))
            tap_note("%s", error.text);
    }
    tap_ok(dsep_edge_csv_read("/nowhere.csv", &error, &graph) == DSEP_ERROR_IO, "no file: %s",
           error.text);
    tap_ok(dsep_edge_csv_read("/", &error, &graph) == DSEP_ERROR_IO, "a folder: %s", error.text);
    tap_ok(dsep_edge_csv_read("/bin/sh", &error, &graph) == DSEP_ERROR_DATA, "a program: %s",
           error.text);
}

/* What is printed is read back, bit for bit. */
static void test_round_trip(dsep_context *ctx) {
    static char text[1000];
    char *names[] = {"a", "b", "c"};
    const dsep_named_edge edges[] = {
        {{0, 1, DSEP_MARK_TAIL, DSEP_MARK_ARROW}, .1, 1e-9, 3, {.01, 1.0 / 3, 2.0 / 7}},
        {{1, 2, DSEP_MARK_TAIL, DSEP_MARK_TAIL}, NAN, .5, -1, {NAN, 1, 0}}};
    dsep_named_graph *made = NULL, *back = NULL;
    FILE *file = fmemopen(text, sizeof text, "w");
    dsep_named_graph_create(names, 3, edges, 2, DSEP_GRAPH_CPDAG, NULL, &made);
    const int printed = made && !dsep_graph_print(file, made, DSEP_FORMAT_CSV, NULL);
    fclose(file);
    back = read_text(ctx, text);
    int same = printed && back && back->n_edges == 2;
    for (int e = 0; same && e < 2; e++) {
        same &= back->order[e] == edges[e].order && back->p_max[e] == edges[e].p_max;
        for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
            same &= back->robustness[k][e] == edges[e].robustness[k] ||
                    (isnan(back->robustness[k][e]) && isnan(edges[e].robustness[k]));
    }
    tap_ok(same, "a printed CSV is read back");
    dsep_named_graph_destroy(&made);
    dsep_named_graph_destroy(&back);
}

static void test_many(dsep_context *ctx) {
    static char text[400000];
    size_t length = (size_t)snprintf(text, sizeof text, "source,target,mark_source,mark_target\n");
    for (int i = 0; i < 5000; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "node-%d,node-%d,tail,arrow\n", i, i + 1);
    dsep_named_graph *g = read_text(ctx, text);
    tap_ok(g && g->n_nodes == 5001 && g->n_edges == 5000 &&
               strcmp(g->names[4321], "node-4321") == 0 &&
               dsep_graph_directed(g->graph, 4999, 5000),
           "thousands of names");
    dsep_named_graph_destroy(&g);
}

static void test_mapping(dsep_context *ctx) {
    char *names[] = {"c", "x", "a", "b"}, *few[] = {"a", "c"};
    dsep_error error = {0};
    dsep_named_graph *mapped = NULL, *none = NULL;
    dsep_named_graph *g = read_text(ctx, "source,target,mark_source,mark_target,weight,partial_r2\n"
                                         "b,a,tail,arrow,1,.5\na,c,tail,tail,2,.25\n");
    tap_ok(dsep_named_graph_map(g, names, 4, &error, &mapped) == DSEP_OK && mapped->n_nodes == 4 &&
               dsep_graph_directed(mapped->graph, 3, 2) && mapped->edges[0].source == 0 &&
               mapped->weight[0] == 2 && mapped->robustness[DSEP_PARTIAL_R2][0] == .25,
           "a graph over other names");
    tap_ok(dsep_named_graph_map(g, few, 2, &error, &none) == DSEP_ERROR_DATA && !none &&
               strstr(error.text, "'b'"),
           "names that are missing: %s", error.text);
    dsep_named_graph_destroy(&mapped);
    dsep_named_graph_destroy(&g);
}

/* The hash of a - b -> c, from an independent XXH64 of the bytes written out. */
static void test_hash(dsep_context *ctx) {
    char first[17], second[17], third[17];
    char *names[] = {"a", "b", "c"};
    dsep_named_graph *g = read_text(ctx, "source,target,mark_source,mark_target\n"
                                         "a,b,tail,tail\nb,c,tail,arrow\n");
    dsep_named_graph *h = read_text(ctx, "source,target,mark_source,mark_target\n"
                                         "b,a,tail,tail\nc,b,arrow,tail\n");
    dsep_named_graph *mapped = NULL;
    dsep_named_graph_map(h, names, 3, NULL, &mapped);
    dsep_graph_hash(g->graph, g->names, first);
    dsep_graph_hash(mapped->graph, mapped->names, second);
    dsep_graph_hash(h->graph, h->names, third);
    tap_ok(strcmp(first, "8d16f1cbd26659bc") == 0,
           "the hash is that of the bytes it is defined by: %s", first);
    tap_ok(strcmp(first, second) == 0, "the same graph, the same hash");
    tap_ok(strcmp(first, third) != 0, "other order of names, other hash");
    dsep_named_graph_destroy(&g);
    dsep_named_graph_destroy(&h);
    dsep_named_graph_destroy(&mapped);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_reading(ctx);
    test_refusals(ctx);
    test_round_trip(ctx);
    test_many(ctx);
    test_mapping(ctx);
    test_hash(ctx);
    return tap_end();
}
