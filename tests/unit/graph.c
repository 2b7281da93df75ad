/* The graph container: rows, twins, marks, order of edges, topological order, refusals. */
#include "mpi/graph.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <stdlib.h>
#include <string.h>

#define T DSEP_MARK_TAIL
#define A DSEP_MARK_ARROW
#define C DSEP_MARK_CIRCLE

static const dsep_edge mixed[] = {
    {4, 1, T, A}, {3, 2, T, T}, {0, 4, A, T}, {1, 0, A, A}, {2, 0, C, A}};

static int same_edge(dsep_edge a, dsep_edge b) {
    return a.source == b.source && a.target == b.target && a.mark_source == b.mark_source &&
           a.mark_target == b.mark_target;
}

static void test_mixed(void) {
    dsep_graph *g = NULL;
    tap_ok(dsep_graph_create(6, 5, mixed, DSEP_GRAPH_PAG, NULL, &g) == DSEP_OK, "a mixed graph");
    tap_ok(g->n_nodes == 6 && g->n_edges == 5 && g->kind == DSEP_GRAPH_PAG, "its sizes");
    tap_ok(dsep_graph_degree(g, 0) == 3 && dsep_graph_degree(g, 3) == 1 &&
               dsep_graph_degree(g, 5) == 0,
           "degrees");
    tap_ok(dsep_graph_find(g, 0, 4) >= 0 && dsep_graph_find(g, 4, 0) >= 0 &&
               dsep_graph_find(g, 1, 2) == -1 && dsep_graph_find(g, 5, 0) == -1,
           "who is joined");
    tap_ok(dsep_graph_directed(g, 4, 1) && !dsep_graph_directed(g, 1, 4) &&
               dsep_graph_directed(g, 4, 0) && !dsep_graph_directed(g, 0, 1) &&
               !dsep_graph_directed(g, 2, 0),
           "who points where");
    tap_ok(dsep_graph_undirected(g, 2, 3) && dsep_graph_undirected(g, 3, 2) &&
               !dsep_graph_undirected(g, 0, 1) && !dsep_graph_undirected(g, 1, 5),
           "who is undirected");
    dsep_edge edges[5];
    int64_t pair[5];
    const dsep_edge wanted[] = {
        {0, 1, A, A}, {0, 2, A, C}, {2, 3, T, T}, {4, 0, T, A}, {4, 1, T, A}};
    const int64_t wanted_pair[] = {0, 1, 4, 2, 3};
    int same = dsep_graph_edges(g, NULL, edges, pair) == DSEP_OK;
    for (int e = 0; e < 5; e++)
        same &= same_edge(edges[e], wanted[e]) && pair[e] == wanted_pair[e];
    tap_ok(same, "edges in file order: directed from the tail, others from the lower number");
    tap_ok(dsep_graph_edges(g, NULL, NULL, NULL) == DSEP_OK, "either output may be left out");
    dsep_graph *copy = NULL;
    dsep_graph_copy(g, NULL, &copy);
    dsep_graph_destroy(&g);
    tap_ok(!g && dsep_graph_directed(copy, 4, 1) && copy->kind == DSEP_GRAPH_PAG,
           "a copy lives on its own");
    dsep_graph_destroy(&copy);
    dsep_graph_destroy(&copy);
}

/* Against the definition, on a random graph. */
static int is_sound(const dsep_graph *g) {
    int sound = g->offset[0] == 0 && g->offset[g->n_nodes] == 2 * g->n_edges;
    for (int64_t x = 0; x < g->n_nodes; x++)
        for (int64_t k = g->offset[x]; k < g->offset[x + 1]; k++) {
            const int64_t t = g->twin[k], y = g->neighbour[k];
            sound &= k == g->offset[x] || g->neighbour[k - 1] < y;
            sound &= g->twin[t] == k && g->neighbour[t] == x && t >= g->offset[y] &&
                     t < g->offset[y + 1] && dsep_graph_find(g, x, y) == k;
        }
    return sound;
}

static void test_random(void) {
    const dsep_random source = {7, DSEP_STREAM_EDGES, 0};
    dsep_edge edges[40 * 39 / 2];
    int64_t count = 0;
    for (int64_t x = 0; x < 40; x++)
        for (int64_t y = x + 1; y < 40; y++)
            if (dsep_random_uniform(source, (uint64_t)(40 * x + y)) < 0.3)
                edges[count++] = (x + y) % 2 ? (dsep_edge){x, y, T, A} : (dsep_edge){y, x, A, T};
    dsep_graph *g = NULL, *reversed = NULL;
    dsep_graph_create(40, count, edges, DSEP_GRAPH_DAG, NULL, &g);
    tap_ok(is_sound(g), "rows ascend and twins meet (%lld edges)", (long long)count);
    for (int64_t e = 0; e < count / 2; e++) {
        const dsep_edge edge = edges[e];
        edges[e] = edges[count - 1 - e];
        edges[count - 1 - e] = edge;
    }
    dsep_graph_create(40, count, edges, DSEP_GRAPH_DAG, NULL, &reversed);
    tap_ok(memcmp(g->twin, reversed->twin, (size_t)(2 * count) * sizeof *g->twin) == 0 &&
               memcmp(g->mark, reversed->mark, (size_t)(2 * count)) == 0,
           "the order of edges does not matter");
    int64_t order[40];
    int sorted = dsep_graph_topological(g, order) == 1;
    for (int64_t i = 0; i < 40; i++)
        sorted &= order[i] == i;
    tap_ok(sorted, "arrows from low to high sort as they are");
    dsep_graph_destroy(&g);
    dsep_graph_destroy(&reversed);
}

static void test_topological(void) {
    const dsep_edge dag[] = {{3, 0, T, A}, {0, 2, T, A}, {1, 4, T, T}};
    const dsep_edge cycle[] = {{0, 1, T, A}, {1, 2, T, A}, {2, 0, T, A}};
    const int64_t wanted[] = {1, 3, 0, 2, 4};
    int64_t order[5];
    dsep_graph *g = NULL;
    dsep_graph_create(5, 3, dag, DSEP_GRAPH_CPDAG, NULL, &g);
    tap_ok(dsep_graph_topological(g, order) == 1 && memcmp(order, wanted, sizeof order) == 0,
           "parents first, the lowest of the free nodes first, undirected edges do not count");
    dsep_graph_destroy(&g);
    dsep_graph_create(3, 3, cycle, DSEP_GRAPH_CPDAG, NULL, &g);
    tap_ok(dsep_graph_topological(g, order) == 0, "a cycle has no order");
    dsep_graph_destroy(&g);
}

static void test_refusals(void) {
    const dsep_edge loop[] = {{1, 1, T, A}}, twice[] = {{0, 1, T, A}, {1, 0, T, A}};
    const dsep_edge outside[] = {{0, 3, T, A}}, negative[] = {{-1, 0, T, A}};
    dsep_error error = {0};
    dsep_graph *g = NULL;
    tap_ok(dsep_graph_create(3, 1, loop, DSEP_GRAPH_DAG, &error, &g) == DSEP_ERROR_DATA && !g,
           "a loop: %s", error.text);
    tap_ok(dsep_graph_create(3, 2, twice, DSEP_GRAPH_DAG, &error, &g) == DSEP_ERROR_DATA && !g,
           "a pair twice: %s", error.text);
    tap_ok(dsep_graph_create(3, 1, outside, DSEP_GRAPH_DAG, &error, &g) == DSEP_ERROR_DATA && !g,
           "a node that is not there: %s", error.text);
    tap_ok(dsep_graph_create(3, 1, negative, DSEP_GRAPH_DAG, &error, &g) == DSEP_ERROR_DATA && !g,
           "a negative node: %s", error.text);
    tap_ok(dsep_graph_create(INT64_MAX, 0, loop, DSEP_GRAPH_DAG, &error, &g) == DSEP_ERROR_DATA,
           "more nodes than can be: %s", error.text);
    tap_ok(dsep_graph_create(0, 0, NULL, DSEP_GRAPH_DAG, &error, &g) == DSEP_OK && g->n_nodes == 0,
           "no nodes at all is a graph");
    dsep_graph_destroy(&g);
    tap_ok(strcmp(dsep_mark_name(C), "circle") == 0 &&
               strcmp(dsep_graph_kind_name(DSEP_GRAPH_CPDAG), "cpdag") == 0,
           "names");
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_mixed();
    test_random();
    test_topological();
    test_refusals();
    return tap_end();
}
