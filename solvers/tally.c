#include "solvers/tally.h"

#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FEWEST_SLOTS = 64 };

int dsep_tally_kind(dsep_mark at_x, dsep_mark at_y) {
    return ((int)at_x - 1) * 3 + (int)at_y - 1;
}

dsep_mark dsep_tally_mark_x(int kind) {
    return (dsep_mark)(kind / 3 + 1);
}

dsep_mark dsep_tally_mark_y(int kind) {
    return (dsep_mark)(kind % 3 + 1);
}

int dsep_tally_create(dsep_error *error, dsep_tally **tally) {
    *tally = dsep_array(1, sizeof **tally);
    return *tally ? DSEP_OK : dsep_out_of_memory(error, "counts of edges");
}

void dsep_tally_destroy(dsep_tally **tally) {
    if (!tally || !*tally)
        return;
    free((*tally)->edges);
    free((*tally)->slots);
    free(*tally);
    *tally = NULL;
}

/* --- the hash table --------------------------------------------------------------------------- */

/* The slot that has the pair, or the free one where it belongs. */
static int64_t slot_of(const dsep_tally *tally, int32_t x, int32_t y) {
    uint64_t hash = ((uint64_t)x << 32 | (uint64_t)y) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    const uint64_t mask = (uint64_t)tally->n_slots - 1;
    for (uint64_t slot = hash & mask;; slot = (slot + 1) & mask) {
        const int64_t held = tally->slots[slot];
        if (held == 0 || (tally->edges[held - 1].x == x && tally->edges[held - 1].y == y))
            return (int64_t)slot;
    }
}

static int grow_slots(dsep_tally *tally, dsep_error *error) {
    const int64_t n_slots = tally->n_slots ? 2 * tally->n_slots : FEWEST_SLOTS;
    int32_t *slots = tally->n_edges < INT32_MAX ? dsep_array(n_slots, sizeof *slots) : NULL;
    if (!slots)
        return dsep_out_of_memory(error, "counts of edges");
    free(tally->slots);
    tally->slots = slots;
    tally->n_slots = n_slots;
    for (int64_t e = 0; e < tally->n_edges; e++)
        slots[slot_of(tally, tally->edges[e].x, tally->edges[e].y)] = (int32_t)(e + 1);
    return DSEP_OK;
}

/* The pair's entry, made where there is none. */
static int find_or_make(dsep_tally *tally, int32_t x, int32_t y, dsep_error *error,
                        dsep_tally_edge **edge) {
    int code = DSEP_OK;
    if (2 * (tally->n_edges + 1) > tally->n_slots)
        DSEP_TRY(grow_slots(tally, error));
    DSEP_TRY(dsep_array_reserve((void **)&tally->edges, &tally->room, tally->n_edges + 1,
                                sizeof *tally->edges, error));
    const int64_t slot = slot_of(tally, x, y);
    if (tally->slots[slot] == 0) {
        tally->edges[tally->n_edges] = (dsep_tally_edge){.x = x, .y = y};
        tally->slots[slot] = (int32_t)++tally->n_edges;
    }
    *edge = &tally->edges[tally->slots[slot] - 1];
cleanup:
    return code;
}

/* --- counting --------------------------------------------------------------------------------- */

int dsep_tally_add(dsep_tally *tally, const dsep_graph *graph, const int32_t *names,
                   dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            const int32_t y = graph->neighbour[k];
            if (y < x)
                continue;
            dsep_tally_edge *edge = NULL;
            DSEP_TRY(find_or_make(tally, names ? names[x] : (int32_t)x, names ? names[y] : y, error,
                                  &edge));
            edge->count[dsep_tally_kind(graph->mark[k], graph->mark[graph->twin[k]])]++;
        }
cleanup:
    return code;
}

void dsep_tally_clear(dsep_tally *tally) {
    tally->n_edges = 0;
    if (tally->n_slots > 0)
        memset(tally->slots, 0, (size_t)tally->n_slots * sizeof *tally->slots);
}

int dsep_tally_add_edge(dsep_tally *tally, const dsep_tally_edge *edge, dsep_error *error) {
    int code = DSEP_OK;
    dsep_tally_edge *held = NULL;
    DSEP_TRY(find_or_make(tally, edge->x, edge->y, error, &held));
    for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
        held->count[kind] += edge->count[kind];
cleanup:
    return code;
}

void dsep_tally_count(const dsep_tally *tally, dsep_edge edge, int64_t *same, int64_t *joined) {
    const int turned = edge.source > edge.target;
    const int32_t x = (int32_t)(turned ? edge.target : edge.source);
    const int32_t y = (int32_t)(turned ? edge.source : edge.target);
    const int kind = turned ? dsep_tally_kind(edge.mark_target, edge.mark_source)
                            : dsep_tally_kind(edge.mark_source, edge.mark_target);
    const int64_t held = tally->n_slots ? tally->slots[slot_of(tally, x, y)] : 0;
    *same = held ? tally->edges[held - 1].count[kind] : 0;
    *joined = held ? dsep_tally_joined(&tally->edges[held - 1]) : 0;
}

int64_t dsep_tally_joined(const dsep_tally_edge *edge) {
    int64_t joined = 0;
    for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
        joined += edge->count[kind];
    return joined;
}

int64_t dsep_tally_total(const dsep_tally *tally) {
    int64_t total = 0;
    for (int64_t e = 0; e < tally->n_edges; e++)
        total += dsep_tally_joined(&tally->edges[e]);
    return total;
}

/* --- uniting ---------------------------------------------------------------------------------- */

static int by_pair(const void *left, const void *right) {
    const dsep_tally_edge *a = left, *b = right;
    return a->x != b->x ? (a->x > b->x) - (a->x < b->x) : (a->y > b->y) - (a->y < b->y);
}

static void sort(dsep_tally *tally) {
    if (tally->n_edges == 0)
        return;
    qsort(tally->edges, (size_t)tally->n_edges, sizeof *tally->edges, by_pair);
    memset(tally->slots, 0, (size_t)tally->n_slots * sizeof *tally->slots);
    for (int64_t e = 0; e < tally->n_edges; e++)
        tally->slots[slot_of(tally, tally->edges[e].x, tally->edges[e].y)] = (int32_t)(e + 1);
}

int dsep_tally_merge(dsep_tally *tally, const dsep_tally_edge *edges, int64_t n_edges,
                     dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t e = 0; e < n_edges; e++)
        DSEP_TRY(dsep_tally_add_edge(tally, &edges[e], error));
    sort(tally);
cleanup:
    return code;
}

/* The sum of a list in which pairs may stand more than once, in order. */
static int sum_up(const dsep_tally_edge *edges, int64_t n_edges, dsep_error *error,
                  dsep_tally **sum) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_tally_create(error, sum));
    DSEP_TRY(dsep_tally_merge(*sum, edges, n_edges, error));
cleanup:
    return code;
}

/* What goes to and comes from each rank. */
typedef struct {
    int64_t *out, *in, *ones; /* [ranks] */
    dsep_tally_edge *sorted;  /* this rank's edges; owners ascend with x */
    dsep_tally_edge *received;
} transport;

static void count_owners(dsep_context *ctx, const dsep_tally *tally, transport *way) {
    const int ranks = dsep_size(ctx);
    int64_t n_nodes = 0, owner = 0;
    for (int64_t e = 0; e < tally->n_edges; e++)
        if (tally->edges[e].y >= n_nodes)
            n_nodes = tally->edges[e].y + 1;
    dsep_max_i64(ctx, &n_nodes, 1);
    for (int64_t e = 0; e < tally->n_edges; e++) {
        const int64_t x = way->sorted[e].x;
        if (e == 0 || x != way->sorted[e - 1].x)
            owner = dsep_layout_pairs_owner(n_nodes, ranks, x);
        way->out[owner]++;
    }
}

/* Brings every edge to its owner, who sums up. */
static int send_home(dsep_context *ctx, const dsep_tally *tally, transport *way,
                     dsep_tally **owned) {
    int code = DSEP_OK;
    const int ranks = dsep_size(ctx);
    dsep_error *error = dsep_context_error(ctx);
    int64_t n_received = 0;
    if (tally->n_edges > 0)
        memcpy(way->sorted, tally->edges, (size_t)tally->n_edges * sizeof *way->sorted);
    if (tally->n_edges > 1)
        qsort(way->sorted, (size_t)tally->n_edges, sizeof *way->sorted, by_pair);
    count_owners(ctx, tally, way);
    DSEP_TRY(dsep_exchange(ctx, way->out, way->ones, way->in, way->ones, sizeof *way->out));
    for (int r = 0; r < ranks; r++)
        n_received += way->in[r];
    way->received = dsep_array(n_received, sizeof *way->received);
    DSEP_AGREE(ctx, way->received ? DSEP_OK : dsep_out_of_memory(error, "counts of edges"));
    DSEP_TRY(
        dsep_exchange(ctx, way->sorted, way->out, way->received, way->in, sizeof *way->sorted));
    DSEP_AGREE(ctx, sum_up(way->received, n_received, error, owned));
cleanup:
    return code;
}

int dsep_tally_unite(dsep_context *ctx, const dsep_tally *tally, dsep_tally **sum) {
    int code = DSEP_OK;
    const int ranks = dsep_size(ctx);
    dsep_error *error = dsep_context_error(ctx);
    dsep_tally *owned = NULL;
    void *all = NULL;
    int64_t bytes = 0;
    *sum = NULL;
    transport way = {.out = dsep_array(ranks, sizeof *way.out),
                     .in = dsep_array(ranks, sizeof *way.in),
                     .ones = dsep_array(ranks, sizeof *way.ones),
                     .sorted = dsep_array(tally->n_edges, sizeof *way.sorted)};
    DSEP_AGREE(ctx, way.out && way.in && way.ones && way.sorted
                        ? DSEP_OK
                        : dsep_out_of_memory(error, "counts of edges"));
    for (int r = 0; r < ranks; r++)
        way.ones[r] = 1;
    DSEP_TRY(send_home(ctx, tally, &way, &owned));
    DSEP_TRY(dsep_gather_all(ctx, owned->edges, owned->n_edges * (int64_t)sizeof *owned->edges,
                             &all, &bytes));
    DSEP_AGREE(ctx, sum_up(all, bytes / (int64_t)sizeof *owned->edges, error, sum));
cleanup:
    if (code)
        dsep_tally_destroy(sum);
    dsep_tally_destroy(&owned);
    free(all);
    free(way.received);
    free(way.sorted);
    free(way.out);
    free(way.in);
    free(way.ones);
    return code;
}
