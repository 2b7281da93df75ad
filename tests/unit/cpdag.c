/* CPDAGs: from a DAG as Chickering's labelling gives them, and back to a DAG of the same class;
 * proven by counting for all 543 DAGs of 4 nodes; what stands for no DAG is not valid;
 * hubs of 100,000 neighbours take a moment. */
#include "solvers/cpdag.h"
#include "mpi/clock.h"
#include "mpi/random.h"
#include "tests/support/oracle.h"
#include "tests/support/tap.h"

#include <stdlib.h>
#include <string.h>

#define T DSEP_MARK_TAIL
#define A DSEP_MARK_ARROW

enum { EVERY_EDGE = ORACLE_MAX * ORACLE_MAX };

/* --- DAGs as matrices ------------------------------------------------------------------------ */

static dsep_graph *graph_of(const oracle_dag *dag) {
    dsep_edge edges[EVERY_EDGE];
    dsep_graph *graph = NULL;
    int64_t count = 0;
    for (int x = 0; x < dag->n; x++)
        for (int y = 0; y < dag->n; y++)
            if (dag->arc[x][y])
                edges[count++] = (dsep_edge){x, y, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
    dsep_graph_create(dag->n, count, edges, DSEP_GRAPH_DAG, NULL, &graph);
    return graph;
}

static oracle_dag matrix_of(const dsep_graph *graph) {
    oracle_dag dag = {.n = (int)graph->n_nodes};
    for (int x = 0; x < dag.n; x++)
        for (int y = 0; y < dag.n; y++)
            dag.arc[x][y] = dsep_graph_directed(graph, x, y);
    return dag;
}

static int joined(const oracle_dag *dag, int x, int y) {
    return dag->arc[x][y] || dag->arc[y][x];
}

/* Verma & Pearl 1990: the same skeleton and the same v-structures. */
static int equivalent(const oracle_dag *left, const oracle_dag *right) {
    int same = left->n == right->n;
    for (int x = 0; x < left->n; x++)
        for (int y = 0; y < left->n; y++) {
            same &= joined(left, x, y) == joined(right, x, y);
            for (int z = 0; z < left->n && x != y; z++)
                same &= (left->arc[x][z] && left->arc[y][z] && !joined(left, x, y)) ==
                        (right->arc[x][z] && right->arc[y][z] && !joined(right, x, y));
        }
    return same;
}

static int acyclic(const oracle_dag *dag) {
    int gone[ORACLE_MAX] = {0};
    for (int round = 0; round < dag->n; round++)
        for (int x = 0; x < dag->n; x++) {
            int parents = 0;
            for (int w = 0; w < dag->n; w++)
                parents += !gone[w] && dag->arc[w][x];
            gone[x] |= parents == 0;
        }
    for (int x = 0; x < dag->n; x++)
        if (!gone[x])
            return 0;
    return 1;
}

/* --- there and back -------------------------------------------------------------------------- */

/* The CPDAG's directed edges are kept, and the extension has the same CPDAG. */
static int extends(const dsep_graph *cpdag, const oracle_dag *from) {
    dsep_graph *dag = NULL, *again = NULL;
    if (dsep_cpdag_extend(cpdag, NULL, &dag) || !dag)
        return 0;
    const oracle_dag found = matrix_of(dag);
    int good = dag->kind == DSEP_GRAPH_DAG && acyclic(&found) && equivalent(&found, from);
    for (int64_t x = 0; x < cpdag->n_nodes; x++)
        for (int64_t y = 0; y < cpdag->n_nodes; y++)
            good &= !dsep_graph_directed(cpdag, x, y) || found.arc[x][y];
    good &= dsep_cpdag_from_dag(dag, NULL, &again) == DSEP_OK && oracle_same_graph(again, cpdag);
    dsep_graph_destroy(&dag);
    dsep_graph_destroy(&again);
    return good;
}

static int is_valid(const dsep_graph *graph, int with_knowledge) {
    int valid = -1;
    return dsep_cpdag_valid(graph, with_knowledge, NULL, &valid) ? -1 : valid;
}

static int goes_round(const oracle_dag *dag) {
    int mark[ORACLE_MAX][ORACLE_MAX];
    dsep_graph *graph = graph_of(dag), *cpdag = NULL;
    oracle_cpdag(dag, mark);
    const int good = dsep_cpdag_from_dag(graph, NULL, &cpdag) == DSEP_OK &&
                     cpdag->kind == DSEP_GRAPH_CPDAG && oracle_has_marks(cpdag, mark) &&
                     extends(cpdag, dag) && is_valid(cpdag, 0) == 1 && is_valid(cpdag, 1) == 1;
    dsep_graph_destroy(&graph);
    dsep_graph_destroy(&cpdag);
    return good;
}

static void test_random(void) {
    int good = 1;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        const dsep_random source = {seed, 1500, 0};
        const int n = 1 + (int)dsep_random_below(source, 0, 20);
        const oracle_dag dag = oracle_random_dag(seed, n, dsep_random_uniform(source, 1));
        const int right = goes_round(&dag);
        if (!right)
            tap_note("seed %llu, %d nodes", (unsigned long long)seed, n);
        good &= right;
    }
    tap_ok(good, "500 random DAGs: CPDAG as by Chickering, valid, extended within the class");
}

/* --- all DAGs of 4 nodes --------------------------------------------------------------------- */

enum { DAGS = 543, PAIRS = 6 };

/* Every pair none, forward or backward: those without a cycle. */
static int list_dags(oracle_dag *list) {
    static const int pair[PAIRS][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};
    int count = 0;
    for (int code = 0; code < 729; code++) {
        oracle_dag dag = {.n = 4};
        for (int i = 0, rest = code; i < PAIRS; i++, rest /= 3)
            if (rest % 3 > 0)
                dag.arc[pair[i][rest % 3 == 1]][pair[i][rest % 3 == 2]] = 1;
        if (acyclic(&dag) && count < DAGS)
            list[count++] = dag;
    }
    return count;
}

/* An edge of the CPDAG is directed exactly when all DAGs of the class agree on it. */
static int is_essential(const dsep_graph *cpdag, const oracle_dag *dag, const oracle_dag *list) {
    int agree[4][4];
    memset(agree, 1, sizeof agree);
    for (int i = 0; i < DAGS; i++)
        for (int x = 0; x < 4 && equivalent(dag, &list[i]); x++)
            for (int y = 0; y < 4; y++)
                agree[x][y] = agree[x][y] && list[i].arc[x][y];
    for (int x = 0; x < 4; x++)
        for (int y = 0; y < 4; y++)
            if (dsep_graph_directed(cpdag, x, y) != agree[x][y] ||
                (dsep_graph_find(cpdag, x, y) >= 0) != joined(dag, x, y))
                return 0;
    return 1;
}

static void test_all(void) {
    static oracle_dag list[DAGS];
    const int count = list_dags(list);
    int round = 1, essential = 1, classes = 0;
    for (int i = 0; i < count; i++) {
        dsep_graph *graph = graph_of(&list[i]), *cpdag = NULL;
        dsep_cpdag_from_dag(graph, NULL, &cpdag);
        essential &= cpdag && is_essential(cpdag, &list[i], list);
        round &= goes_round(&list[i]);
        int first = 1;
        for (int k = 0; k < i; k++)
            first &= !equivalent(&list[i], &list[k]);
        classes += first;
        dsep_graph_destroy(&graph);
        dsep_graph_destroy(&cpdag);
    }
    tap_ok(count == DAGS && classes == 185, "4 nodes: 543 DAGs in 185 classes");
    tap_ok(essential, "their CPDAGs direct exactly what all members of a class agree on");
    tap_ok(round, "and extend to a member of the class");
}

/* --- what is no CPDAG ------------------------------------------------------------------------ */

static void test_graph(const char *what, int64_t n_nodes, int64_t n_edges, const dsep_edge *edges,
                       int extendable, int valid) {
    dsep_graph *graph = NULL, *dag = NULL;
    dsep_graph_create(n_nodes, n_edges, edges, DSEP_GRAPH_CPDAG, NULL, &graph);
    tap_ok(dsep_cpdag_extend(graph, NULL, &dag) == DSEP_OK && (dag != NULL) == extendable,
           "%s: %s extension", what, extendable ? "an" : "no");
    tap_ok(is_valid(graph, 0) == valid && is_valid(graph, 1) == extendable,
           "%s: %s CPDAG, %s with knowledge", what, valid ? "a" : "no",
           extendable ? "possible" : "not even");
    dsep_graph_destroy(&graph);
    dsep_graph_destroy(&dag);
}

static void test_invalid(void) {
    const dsep_edge ring[] = {{0, 1, T, T}, {1, 2, T, T}, {2, 3, T, T}, {0, 3, T, T}};
    const dsep_edge chord[] = {
        {0, 1, T, T}, {1, 2, T, T}, {2, 3, T, T}, {0, 3, T, T}, {0, 2, T, T}};
    const dsep_edge both[] = {{0, 1, A, A}, {1, 2, T, T}};
    const dsep_edge cycle[] = {{0, 1, T, A}, {1, 2, T, A}, {2, 0, T, A}};
    const dsep_edge hidden[] = {{0, 1, T, A}, {1, 2, T, A}, {2, 3, T, A}, {3, 0, T, A}};
    const dsep_edge arrow[] = {{0, 1, T, A}};
    const dsep_edge open[] = {{0, 1, T, A}, {2, 1, T, A}, {1, 3, T, T}};
    const dsep_edge forced[] = {{0, 1, T, A}, {1, 2, T, T}, {3, 2, T, A}};
    test_graph("an undirected ring of 4", 4, 4, ring, 0, 0);
    test_graph("the same with a chord", 4, 5, chord, 1, 1);
    test_graph("a bidirected edge", 3, 2, both, 0, 0);
    test_graph("a directed ring of 3", 3, 3, cycle, 0, 0);
    test_graph("a directed ring of 4", 4, 4, hidden, 0, 0);
    test_graph("an arrow without a reason", 2, 1, arrow, 1, 0);
    test_graph("a rule not applied", 4, 3, open, 1, 0);
    test_graph("an edge without a way out", 4, 3, forced, 0, 0);
    test_graph("one undirected edge", 2, 1, (dsep_edge[]){{0, 1, T, T}}, 1, 1);
    test_graph("no edge", 3, 0, NULL, 1, 1);
    test_graph("no node", 0, 0, NULL, 1, 1);
}

/* --- hubs ------------------------------------------------------------------------------------ */

enum { LEAVES = 100000 };

/* A hub and its leaves, as causes or as effects; in a fan each leaf causes the next, too. */
static dsep_graph *hub(int leaves_cause, int fan) {
    dsep_edge *edges = malloc(2 * LEAVES * sizeof *edges);
    dsep_graph *graph = NULL;
    int64_t count = 0;
    for (int64_t x = 1; x <= LEAVES; x++) {
        edges[count++] = leaves_cause ? (dsep_edge){x, 0, T, A} : (dsep_edge){0, x, T, A};
        if (fan && x < LEAVES)
            edges[count++] = (dsep_edge){x, x + 1, T, A};
    }
    dsep_graph_create(LEAVES + 1, count, edges, DSEP_GRAPH_DAG, NULL, &graph);
    free(edges);
    return graph;
}

/* directed: whether the CPDAG tells which way the hub's edges and those of the fan point. */
static void test_hub(const char *what, int leaves_cause, int fan, int directed) {
    dsep_graph *dag = hub(leaves_cause, fan), *cpdag = NULL;
    int64_t arrows = 0;
    const double before = dsep_clock_worked();
    const int code = dsep_cpdag_from_dag(dag, NULL, &cpdag);
    const int valid = !code && is_valid(cpdag, 0);
    const double seconds = dsep_clock_worked() - before;
    for (int64_t k = 0; !code && k < 2 * cpdag->n_edges; k++)
        arrows += cpdag->mark[k] == A;
    tap_ok(valid && arrows == (directed ? LEAVES : 0), "%s of 100,000 leaves: a valid CPDAG", what);
    /* a look at the hub's row for each leaf would be 10^10 steps, more than half a minute */
    tap_ok(seconds < 10, "and quickly");
    dsep_graph_destroy(&dag);
    dsep_graph_destroy(&cpdag);
}

static void test_hubs(void) {
    test_hub("a star outwards", 0, 0, 0);
    test_hub("a star inwards", 1, 0, 1);
    test_hub("a fan outwards", 0, 1, 0);
    test_hub("a fan inwards", 1, 1, 1);
}

static void test_refusals(void) {
    const dsep_edge mixed[] = {{0, 1, T, A}, {1, 2, T, T}}, both[] = {{0, 1, A, A}};
    dsep_graph *graph = NULL, *cpdag = NULL;
    dsep_error error = {0};
    dsep_graph_create(3, 2, mixed, DSEP_GRAPH_DAG, NULL, &graph);
    tap_ok(dsep_cpdag_from_dag(graph, &error, &cpdag) == DSEP_ERROR_DATA && !cpdag &&
               strcmp(error.text, "the graph is no DAG") == 0,
           "an undirected edge is in no DAG");
    dsep_graph_destroy(&graph);
    dsep_graph_create(2, 1, both, DSEP_GRAPH_DAG, NULL, &graph);
    tap_ok(dsep_cpdag_from_dag(graph, &error, &cpdag) == DSEP_ERROR_DATA && !cpdag,
           "nor is a bidirected one");
    dsep_graph_destroy(&graph);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_random();
    test_all();
    test_invalid();
    test_hubs();
    test_refusals();
    return tap_end();
}
