/* The adjacency of a search: rows from bits and from lists, the past at the start of every order,
 * removals that all nodes come to know and that can be taken back, against a plain matrix. */
#include "solvers/adjacency.h"
#include "mpi/exchange.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAST_ORDER = 4, MOST = 200 };

/* The same in the plainest form: 0 never joined, -1 joined now, else the order that removed it. */
typedef struct {
    int64_t p;
    int state[MOST][MOST];
} plain;

static plain draw(int64_t p, double density) {
    plain g = {.p = p};
    for (int64_t x = 0; x < p; x++)
        for (int64_t y = x + 1; y < p; y++)
            if (dsep_random_uniform((dsep_random){31, 1400, (uint32_t)p},
                                    (uint64_t)(x * MOST + y)) < density)
                g.state[x][y] = g.state[y][x] = -1;
    return g;
}

static dsep_adjacency *create(dsep_context *ctx, const plain *g) {
    const int64_t words = (g->p + 63) / 64;
    uint64_t *bits = calloc((size_t)(g->p * words), sizeof *bits);
    dsep_adjacency *adjacency = NULL;
    for (int64_t x = 0; x < g->p; x++)
        for (int64_t y = x + 1; y < g->p; y++)
            if (g->state[x][y])
                bits[x * words + y / 64] |= (uint64_t)1 << y % 64;
    if (dsep_adjacency_create(ctx, g->p, bits, words, &adjacency))
        tap_note("%s", dsep_context_error(ctx)->text);
    free(bits); /* the rows must live without them */
    return adjacency;
}

/* The same from lists: pairs are dealt to ranks and shuffled; the last rank often has none. */
static dsep_adjacency *create_listed(dsep_context *ctx, const plain *g) {
    dsep_pair *pairs = malloc((size_t)(g->p * g->p) * sizeof *pairs);
    dsep_adjacency *adjacency = NULL;
    int64_t count = 0;
    for (int64_t x = 0; x < g->p; x++)
        for (int64_t y = x + 1; y < g->p; y++) {
            const dsep_random source = {32, 1402, (uint32_t)(x * MOST + y)};
            if (!g->state[x][y] ||
                (int)dsep_random_below(source, 0, (uint64_t)dsep_size(ctx)) != dsep_rank(ctx))
                continue;
            const uint64_t at = dsep_random_below(source, 1, (uint64_t)count + 1);
            pairs[count++] = pairs[at];
            pairs[at] = (dsep_pair){(int32_t)x, (int32_t)y};
        }
    if (dsep_adjacency_create_listed(ctx, g->p, pairs, count, &adjacency))
        tap_note("%s", dsep_context_error(ctx)->text);
    free(pairs);
    return adjacency;
}

static int rows_right(const dsep_adjacency *a, const plain *g) {
    int good = a->n_nodes == g->p && a->offset[0] == 0;
    for (int64_t x = 0; x < g->p; x++) {
        int64_t at = a->offset[x];
        for (int64_t y = 0; y < g->p; y++)
            if (g->state[x][y] && at < a->offset[x + 1])
                good &= a->neighbour[at++] == y;
            else
                good &= !g->state[x][y];
        good &= at == a->offset[x + 1];
    }
    return good;
}

static int same_rows(const dsep_adjacency *a, const dsep_adjacency *b) {
    const size_t offsets = (size_t)(a->n_nodes + 1) * sizeof *a->offset;
    return a->n_nodes == b->n_nodes && memcmp(a->offset, b->offset, offsets) == 0 &&
           memcmp(a->neighbour, b->neighbour,
                  (size_t)a->offset[a->n_nodes] * sizeof *a->neighbour) == 0;
}

/* Neighbours that x had when `order` began. */
static int frozen_right(const dsep_adjacency *a, const plain *g, int64_t x, int64_t order) {
    int32_t found[MOST];
    const int64_t count = dsep_adjacency_frozen(a, x, order, found, NULL);
    int64_t at = 0;
    int good = 1;
    for (int64_t y = 0; y < g->p; y++)
        if (g->state[x][y] == -1 || g->state[x][y] >= order)
            good &= at < count && found[at++] == y;
    return good && at == count;
}

static int state_right(const dsep_adjacency *a, const plain *g) {
    int good = 1;
    for (int64_t x = 0; x < g->p; x++) {
        int32_t found[MOST];
        int32_t places[MOST];
        int64_t degree = 0, count = dsep_adjacency_frozen(a, x, 1, found, places);
        for (int64_t y = 0; y < g->p; y++)
            degree += g->state[x][y] == -1;
        for (int64_t k = 0; k < count; k++)
            good &= dsep_adjacency_stays(a, x, places[k]) == (g->state[x][found[k]] == -1);
        good &= dsep_adjacency_degree(a, x) == degree;
        for (int64_t order = 1; order <= LAST_ORDER + 1; order++)
            good &= frozen_right(a, g, x, order);
    }
    return good;
}

static int graph_right(const dsep_adjacency *a, const plain *g) {
    dsep_graph *graph = NULL;
    if (dsep_adjacency_graph(a, NULL, &graph))
        return 0;
    int good = graph->kind == DSEP_GRAPH_SKELETON && graph->n_nodes == g->p;
    for (int64_t x = 0; x < g->p; x++)
        for (int64_t y = 0; y < g->p; y++)
            good &= dsep_graph_undirected(graph, x, y) == (g->state[x][y] == -1) &&
                    (dsep_graph_find(graph, x, y) >= 0) == (g->state[x][y] == -1);
    dsep_graph_destroy(&graph);
    return good;
}

/* By the names of its ends. */
static void remove_edge(dsep_adjacency *a, int64_t x, int64_t y, int64_t order) {
    for (int64_t k = a->offset[x]; k < a->offset[x + 1]; k++)
        if (a->neighbour[k] == y)
            dsep_adjacency_remove(a, x, (int32_t)(k - a->offset[x]), order);
}

/* What this rank has removed since the last sync. */
typedef struct {
    int64_t count;
    dsep_pair pairs[MOST * MOST / 2];
} list;

/* Removes about a third of the edges at an order, each by one rank, and notes it in `g`. */
static int64_t remove_some(dsep_context *ctx, dsep_adjacency *a, plain *g, int order, list *own) {
    int64_t removed = 0;
    const double share = order % 2 ? 1. / 3 : .01; /* too many for lists, and few */
    for (int64_t x = 0; x < g->p; x++)
        for (int64_t y = x + 1; y < g->p; y++) {
            const dsep_random source = {(uint64_t)order, 1401, (uint32_t)(x * MOST + y)};
            if (g->state[x][y] != -1 || dsep_random_uniform(source, 0) > share)
                continue;
            const uint64_t who = dsep_random_below(source, 1, (uint64_t)dsep_size(ctx));
            if ((int)who == dsep_rank(ctx)) {
                remove_edge(a, removed % 2 ? y : x, removed % 2 ? x : y, order);
                own->pairs[own->count++] = (dsep_pair){(int32_t)x, (int32_t)y};
            }
            g->state[x][y] = g->state[y][x] = order;
            removed++;
        }
    return removed;
}

/* While an order removes, its frozen neighbourhoods and those before it must not move, whatever
 * of the others' removals is already seen. */
static int past_stands(const dsep_adjacency *a, const plain *g, int order) {
    int good = 1;
    for (int64_t x = 0; x < g->p; x++)
        for (int64_t earlier = 1; earlier <= order; earlier++)
            good &= frozen_right(a, g, x, earlier);
    return good;
}

static void test_size(dsep_context *ctx, int64_t p, double density, const char *title) {
    plain g = draw(p, density);
    dsep_adjacency *a = create(ctx, &g), *listed = create_listed(ctx, &g);
    tap_ok(a && rows_right(a, &g), "%s, %lld nodes, density %g: rows", title, (long long)p,
           density);
    tap_ok(listed && rows_right(listed, &g) && same_rows(a, listed) && state_right(listed, &g) &&
               graph_right(listed, &g),
           "%s, %lld nodes, density %g: the same rows from lists", title, (long long)p, density);
    dsep_adjacency_destroy(&listed);
    tap_ok(state_right(a, &g) && graph_right(a, &g), "%s, %lld nodes: before any removal", title,
           (long long)p);
    int good = 1;
    int64_t removed = 0;
    for (int order = 1; order <= LAST_ORDER; order++) {
        dsep_barrier(ctx); /* all have looked before anyone removes */
        list own = {.count = 0};
        int64_t bytes = 0;
        removed += remove_some(ctx, a, &g, order, &own);
        good &= past_stands(a, &g, order);
        dsep_adjacency_sync(ctx, a, own.pairs, own.count, order, &bytes);
        good &= state_right(a, &g) && graph_right(a, &g) && rows_right(a, &g);
    }
    tap_ok(good, "%s, %lld nodes: %lld edges removed at orders 1 to 4, known to all", title,
           (long long)p, (long long)removed);
    dsep_adjacency_destroy(&a);
    tap_ok(!a, "%s, %lld nodes: destroyed", title, (long long)p);
}

/* Orders are given up before they are done, as when time is short, and tried again. */
static void test_restore(dsep_context *ctx, int64_t p, int from_list, const char *title) {
    plain g = draw(p, .4);
    dsep_adjacency *a = from_list ? create_listed(ctx, &g) : create(ctx, &g);
    int good = 1;
    int64_t taken_back = 0;
    for (int order = 1; order <= LAST_ORDER; order++) {
        plain before = g;
        dsep_barrier(ctx);
        list own = {.count = 0}, again = {.count = 0};
        int64_t bytes = 0;
        taken_back += remove_some(ctx, a, &g, order, &own);
        dsep_adjacency_sync(ctx, a, own.pairs, own.count, order, &bytes);
        good &= state_right(a, &g);
        dsep_barrier(ctx);
        dsep_adjacency_restore(ctx, a, order);
        good &= state_right(a, &before) && graph_right(a, &before) && rows_right(a, &before);
        dsep_barrier(ctx);
        dsep_adjacency_restore(ctx, a, order); /* nothing is left to take back */
        dsep_adjacency_restore(ctx, a, order + 1);
        good &= state_right(a, &before);
        g = before;
        dsep_barrier(ctx);
        remove_some(ctx, a, &g, order, &again);
        dsep_adjacency_sync(ctx, a, again.pairs, again.count, order, &bytes);
        good &= state_right(a, &g) && graph_right(a, &g);
    }
    tap_ok(good && (p < 60 || taken_back > p),
           "%s, %lld nodes %s: %lld removals taken back and made again", title, (long long)p,
           from_list ? "from lists" : "from bits", (long long)taken_back);
    dsep_adjacency_destroy(&a);
}

static void test_sizes(dsep_context *ctx, const char *title) {
    static const int64_t sizes[] = {1, 2, 63, 64, 65, 200};
    for (int i = 0; i < 6; i++)
        test_size(ctx, sizes[i], .3, title);
    test_size(ctx, 65, 0, title);
    test_size(ctx, 129, 1, title);
    for (int from_list = 0; from_list < 2; from_list++) {
        test_restore(ctx, 2, from_list, title);
        test_restore(ctx, 65, from_list, title);
        test_restore(ctx, 150, from_list, title);
    }
}

static void test_nodes(const char *ranks) {
    dsep_context *ctx = NULL;
    char title[32];
    snprintf(title, sizeof title, "%s rank%s a node", ranks, *ranks == '1' ? "" : "s");
    setenv("DSEP_NODE_RANKS", ranks, 1);
    dsep_context_create(MPI_COMM_WORLD, &ctx);
    test_sizes(ctx, title);
    dsep_context_destroy(&ctx);
}

/* The largest order that a byte per place can hold. */
static void test_highest(dsep_context *ctx) {
    plain g = draw(2, 1);
    dsep_adjacency *a = create(ctx, &g);
    int32_t found[2];
    int32_t place = 7;
    const dsep_pair pair = {0, 1};
    int64_t bytes = 0;
    if (dsep_rank(ctx) == 0)
        remove_edge(a, 0, 1, DSEP_ADJACENCY_MAX_ORDER);
    dsep_adjacency_sync(ctx, a, &pair, dsep_rank(ctx) == 0, DSEP_ADJACENCY_MAX_ORDER, &bytes);
    tap_ok(dsep_adjacency_degree(a, 0) == 0 && dsep_adjacency_degree(a, 1) == 0 &&
               dsep_adjacency_frozen(a, 1, DSEP_ADJACENCY_MAX_ORDER, found, &place) == 1 &&
               place == 0 && !dsep_adjacency_stays(a, 1, place) &&
               dsep_adjacency_frozen(a, 0, DSEP_ADJACENCY_MAX_ORDER + 1, found, &place) == 0,
           "an edge removed at the highest order");
    dsep_adjacency_destroy(&a);
    dsep_adjacency_destroy(&a);
    dsep_adjacency_destroy(NULL);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_highest(ctx);
    test_sizes(ctx, "one node");
    test_nodes("1");
    test_nodes("2");
    return tap_end();
}
