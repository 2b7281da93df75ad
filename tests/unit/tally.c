/* Counts of edges: against a table of all pairs, however graphs are dealt to ranks. */
#include "solvers/tally.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <string.h>

enum { NODES = 30, LOCAL = 12, GRAPHS = 40 };

/* The mark at x of x - y in graph g, or 0 when they are not joined; `names` are the variables. */
static int mark_of(int g, int64_t x, int64_t y) {
    const int64_t low = x < y ? x : y, high = x < y ? y : x;
    const dsep_random source = {31, 1500, (uint32_t)g};
    const uint64_t index = (uint64_t)(low * NODES + high);
    if (dsep_random_below(source, index, 10) > (uint64_t)(low + high) % 5)
        return 0;
    return 1 + (int)dsep_random_below(source, 100000 + 2 * index + (x > y), 3);
}

/* Graph g: of all variables when g is even, of some of them when it is odd. */
static void names_of(int g, int64_t *count, int32_t *names) {
    *count = g % 2 ? LOCAL : NODES;
    for (int32_t i = 0; i < *count; i++)
        names[i] = g % 2 ? i * 2 + g % 3 : i;
}

static dsep_graph *graph_of(int g) {
    int64_t count = 0, n_edges = 0;
    int32_t names[NODES];
    static dsep_edge edges[NODES * NODES];
    dsep_graph *graph = NULL;
    names_of(g, &count, names);
    for (int64_t a = 0; a < count; a++)
        for (int64_t b = a + 1; b < count; b++)
            if (mark_of(g, names[a], names[b]))
                edges[n_edges++] = (dsep_edge){a, b, (dsep_mark)mark_of(g, names[a], names[b]),
                                               (dsep_mark)mark_of(g, names[b], names[a])};
    dsep_graph_create(count, n_edges, edges, DSEP_GRAPH_PAG, NULL, &graph);
    return graph;
}

static int add(dsep_tally *tally, int g) {
    int64_t count = 0;
    int32_t names[NODES];
    names_of(g, &count, names);
    dsep_graph *graph = graph_of(g);
    const int code = dsep_tally_add(tally, graph, g % 2 ? names : NULL, NULL);
    dsep_graph_destroy(&graph);
    return code == DSEP_OK;
}

/* Slow and obvious: a cell for every pair and kind. */
static void count_all(int graphs, int32_t table[NODES][NODES][DSEP_TALLY_MARKS]) {
    memset(table, 0, sizeof(int32_t) * NODES * NODES * DSEP_TALLY_MARKS);
    for (int g = 0; g < graphs; g++) {
        int64_t count = 0;
        int32_t names[NODES];
        names_of(g, &count, names);
        for (int64_t a = 0; a < count; a++)
            for (int64_t b = a + 1; b < count; b++) {
                const int64_t x = names[a], y = names[b];
                if (mark_of(g, x, y))
                    table[x][y][3 * (mark_of(g, x, y) - 1) + mark_of(g, y, x) - 1]++;
            }
    }
}

/* Every pair of the table that was joined, in order, and no other. */
static int is_table(const dsep_tally *tally, int32_t table[NODES][NODES][DSEP_TALLY_MARKS],
                    int32_t times) {
    int64_t e = 0, total = 0;
    for (int32_t x = 0; x < NODES; x++)
        for (int32_t y = x + 1; y < NODES; y++) {
            int64_t joined = 0;
            for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
                joined += table[x][y][kind];
            if (joined == 0)
                continue;
            if (e == tally->n_edges || tally->edges[e].x != x || tally->edges[e].y != y ||
                dsep_tally_joined(&tally->edges[e]) != joined * times)
                return 0;
            for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
                if (tally->edges[e].count[kind] != table[x][y][kind] * times)
                    return 0;
            total += joined * times;
            e++;
        }
    return e == tally->n_edges && dsep_tally_total(tally) == total;
}

typedef enum { ROUND, LAST_RANK, BACKWARD } dealing;

static int takes(dsep_context *ctx, dealing how, int g) {
    const int size = dsep_size(ctx);
    const int taker = how == LAST_RANK ? size - 1 : g % size;
    return taker == dsep_rank(ctx);
}

static void test_unite(dsep_context *ctx) {
    static int32_t table[NODES][NODES][DSEP_TALLY_MARKS];
    count_all(GRAPHS, table);
    for (dealing how = ROUND; how <= BACKWARD; how++) {
        dsep_tally *tally = NULL, *sum = NULL, *twice = NULL;
        int good = dsep_tally_create(NULL, &tally) == DSEP_OK;
        for (int i = 0; i < GRAPHS; i++) {
            const int g = how == BACKWARD ? GRAPHS - 1 - i : i;
            if (takes(ctx, how, g))
                good &= add(tally, g);
        }
        good &= dsep_tally_unite(ctx, tally, &sum) == DSEP_OK;
        tap_ok(good && is_table(sum, table, 1), "dealing %d: the sum of all graphs, in order",
               (int)how);
        /* The sum goes on counting: what it has it finds. */
        for (int g = 0; g < GRAPHS; g++)
            good &= add(sum, g);
        tap_ok(good && is_table(sum, table, 2), "dealing %d: and it goes on counting", (int)how);
        if (dsep_rank(ctx) != 0) {
            dsep_tally_destroy(&sum);
            dsep_tally_create(NULL, &sum);
        }
        good &= dsep_tally_unite(ctx, sum, &twice) == DSEP_OK;
        tap_ok(good && is_table(twice, table, 2), "dealing %d: united again from one rank",
               (int)how);
        dsep_tally_destroy(&twice);
        dsep_tally_destroy(&sum);
        dsep_tally_destroy(&tally);
    }
}

/* Far apart and many: the table grows and every pair is found again. */
static void test_many(dsep_context *ctx) {
    enum { MANY = 20000 };
    dsep_tally *tally = NULL, *sum = NULL;
    int good = dsep_tally_create(NULL, &tally) == DSEP_OK;
    for (int round = 0; round < 2; round++)
        for (int32_t i = 0; i < MANY; i++) {
            const int32_t x = (int32_t)((int64_t)i * 7919 % MANY) * 50000;
            dsep_tally_edge edge = {.x = x, .y = x + 1 + i % 3};
            edge.count[i % DSEP_TALLY_MARKS] = 1 + round;
            good &= dsep_tally_add_edge(tally, &edge, NULL) == DSEP_OK;
        }
    tap_ok(good && tally->n_edges == MANY && 2 * tally->n_edges <= tally->n_slots,
           "%d pairs, each once", MANY);
    good &= dsep_tally_unite(ctx, tally, &sum) == DSEP_OK && sum->n_edges == MANY;
    for (int64_t e = 0; good && e < MANY; e++)
        good &=
            sum->edges[e].x == e * 50000 && dsep_tally_joined(&sum->edges[e]) == 3 * dsep_size(ctx);
    tap_ok(good, "on every rank, three times");
    dsep_tally_destroy(&sum);
    dsep_tally_destroy(&tally);
}

static void test_empty(dsep_context *ctx) {
    dsep_tally *tally = NULL, *sum = NULL;
    dsep_tally_create(NULL, &tally);
    tap_ok(dsep_tally_unite(ctx, tally, &sum) == DSEP_OK && sum->n_edges == 0 &&
               dsep_tally_total(sum) == 0,
           "nothing counted, nothing united");
    const dsep_tally_edge edge = {.x = 1, .y = 2, .count = {[4] = 7}};
    tap_ok(dsep_tally_add_edge(sum, &edge, NULL) == DSEP_OK && dsep_tally_joined(sum->edges) == 7,
           "and more can be counted in it");
    dsep_tally_destroy(&tally);
    dsep_tally_destroy(&tally);
    dsep_tally_destroy(NULL);
    dsep_tally_destroy(&sum);
    tap_ok(!tally && !sum, "destroyed, twice and none");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_empty(ctx);
    test_unite(ctx);
    test_many(ctx);
    return tap_end();
}
