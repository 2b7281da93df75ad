#include "solvers/adjacency.h"

#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/memory.h"
#include "solvers/flag_word.h"
#include "solvers/simd.h"

#include <stdlib.h>

/* --- making rows ----------------------------------------------------------------------------- */

/* Where the edges come from. Visits both ends of every edge whose first end is in a block of nodes,
 * counting next[node - block.first] up; writes the other end to neighbour[next], or only counts
 * when neighbour is NULL. */
typedef struct source source;
struct source {
    void (*visit)(const source *from, dsep_block mine, int64_t *next, int32_t *neighbour);
    int sorted; /* whether ends are met in ascending order */
    const uint64_t *bits;
    int64_t words;
    const dsep_pair *pairs;
    int64_t n_pairs;
};

static void meet(int64_t *next, int32_t *neighbour, int64_t other) {
    if (neighbour)
        neighbour[*next] = (int32_t)other;
    (*next)++;
}

/* The lower neighbours of a node are its bit column, read in ascending order, a word of columns at
 * a time; the higher ones its bit row. The block is made of whole words. */
static void visit_bits(const source *from, dsep_block mine, int64_t *next, int32_t *neighbour) {
    const int64_t first = mine.first, end = first + mine.count;
    for (int64_t x = 0; x < end; x++)
        for (int64_t word = first / 64; word < (end + 63) / 64; word++)
            for (uint64_t rest = from->bits[x * from->words + word]; rest; rest &= rest - 1)
                meet(&next[word * 64 + __builtin_ctzll(rest) - first], neighbour, x);
    for (int64_t x = first; x < end; x++)
        for (int64_t word = x / 64; word < from->words; word++)
            for (uint64_t rest = from->bits[x * from->words + word]; rest; rest &= rest - 1)
                meet(&next[x - first], neighbour, word * 64 + __builtin_ctzll(rest));
}

static void visit_pairs(const source *from, dsep_block mine, int64_t *next, int32_t *neighbour) {
    const uint64_t count = (uint64_t)mine.count;
    for (int64_t k = 0; k < from->n_pairs; k++) {
        const int64_t x = from->pairs[k].x, y = from->pairs[k].y;
        if ((uint64_t)(x - mine.first) < count)
            meet(&next[x - mine.first], neighbour, y);
        if ((uint64_t)(y - mine.first) < count)
            meet(&next[y - mine.first], neighbour, x);
    }
}

/* A rank fills the rows of its block of nodes: whole words of bits. */
static dsep_block block_of(dsep_context *ctx, int64_t n) {
    const dsep_block part =
        dsep_layout_block((n + 63) / 64, dsep_node_size(ctx), dsep_node_rank(ctx));
    const int64_t first = part.first * 64, end = (part.first + part.count) * 64;
    const int64_t last = end < n ? end : n;
    return (dsep_block){first, last > first ? last - first : 0};
}

static int ascending(const void *left, const void *right) {
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static void fill_rows(const source *from, dsep_block mine, const int64_t *offset, int64_t *next,
                      int32_t *neighbour) {
    for (int64_t x = 0; x < mine.count; x++)
        next[x] = offset[mine.first + x];
    from->visit(from, mine, next, neighbour);
    for (int64_t x = mine.first; x < mine.first + mine.count && !from->sorted; x++)
        qsort(neighbour + offset[x], (size_t)(offset[x + 1] - offset[x]), sizeof *neighbour,
              ascending);
}

static int open_rows(dsep_context *ctx, dsep_adjacency *made, const source *from, dsep_block mine,
                     int64_t *next) {
    int code = DSEP_OK;
    const int64_t n = made->n_nodes;
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(n + 1, sizeof(int64_t), 1), "the adjacency",
                                &made->offset_memory));
    int64_t *offset = dsep_shared_data(made->offset_memory);
    from->visit(from, mine, next, NULL);
    for (int64_t x = 0; x < mine.count; x++)
        offset[mine.first + x + 1] = next[x];
    dsep_shared_sync(ctx, made->offset_memory);
    if (dsep_node_rank(ctx) == 0)
        for (int64_t x = 0; x < n; x++)
            offset[x + 1] += offset[x];
    dsep_shared_sync(ctx, made->offset_memory);
    made->offset = offset;
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(offset[n], sizeof(int32_t), 1), "the adjacency",
                                &made->neighbour_memory));
    DSEP_TRY(dsep_shared_create(ctx, offset[n], "the adjacency", &made->gone_memory));
    made->neighbour = dsep_shared_data(made->neighbour_memory);
    made->gone = dsep_shared_data(made->gone_memory);
cleanup:
    return code;
}

static int create(dsep_context *ctx, int64_t n_nodes, const source *from,
                  dsep_adjacency **adjacency) {
    int code = DSEP_OK;
    const dsep_block mine = block_of(ctx, n_nodes);
    dsep_adjacency *made = dsep_array(1, sizeof *made);
    int64_t *next = dsep_array(mine.count, sizeof *next);
    *adjacency = NULL;
    DSEP_AGREE(ctx, made && next ? DSEP_OK
                                 : dsep_out_of_memory(dsep_context_error(ctx), "the adjacency"));
    made->n_nodes = n_nodes;
    DSEP_TRY(open_rows(ctx, made, from, mine, next));
    fill_rows(from, mine, made->offset, next, dsep_shared_data(made->neighbour_memory));
    dsep_shared_sync(ctx, made->neighbour_memory);
    *adjacency = made;
    made = NULL;
cleanup:
    dsep_adjacency_destroy(&made);
    free(next);
    return code;
}

int dsep_adjacency_create(dsep_context *ctx, int64_t n_nodes, const uint64_t *bits, int64_t words,
                          dsep_adjacency **adjacency) {
    const source from = {.visit = visit_bits, .sorted = 1, .bits = bits, .words = words};
    return create(ctx, n_nodes, &from, adjacency);
}

int dsep_adjacency_create_listed(dsep_context *ctx, int64_t n_nodes, const dsep_pair *pairs,
                                 int64_t count, dsep_adjacency **adjacency) {
    int code = DSEP_OK;
    void *all = NULL;
    int64_t bytes = 0;
    *adjacency = NULL;
    DSEP_TRY(dsep_gather_all(ctx, pairs, count * (int64_t)sizeof *pairs, &all, &bytes));
    const source from = {
        .visit = visit_pairs, .pairs = all, .n_pairs = bytes / (int64_t)sizeof *pairs};
    DSEP_TRY(create(ctx, n_nodes, &from, adjacency));
cleanup:
    free(all);
    return code;
}

void dsep_adjacency_destroy(dsep_adjacency **adjacency) {
    if (!adjacency || !*adjacency)
        return;
    dsep_shared_destroy(&(*adjacency)->offset_memory);
    dsep_shared_destroy(&(*adjacency)->neighbour_memory);
    dsep_shared_destroy(&(*adjacency)->gone_memory);
    free(*adjacency);
    *adjacency = NULL;
}

/* --- asking and removing --------------------------------------------------------------------- */

/* Whether each of 64 marks is none, or of `order` or later. */
DSEP_CLONES
static uint64_t test_marks(const uint8_t *gone, uint8_t order) {
    uint8_t there[64];
#pragma omp simd
    for (int k = 0; k < 64; k++)
        there[k] = (uint8_t)(gone[k] - 1) >= (uint8_t)(order - 1);
    return dsep_flag_word(there);
}

/* The same for the rest of a row. */
static uint64_t test_rest(const uint8_t *gone, int64_t count, uint8_t order) {
    uint64_t bits = 0;
    for (int64_t k = 0; k < count; k++)
        bits |= (uint64_t)((uint8_t)(gone[k] - 1) >= (uint8_t)(order - 1)) << k;
    return bits;
}

int64_t dsep_adjacency_frozen(const dsep_adjacency *adjacency, int64_t x, int64_t order,
                              int32_t *neighbours, int32_t *places) {
    const int64_t first = adjacency->offset[x], length = adjacency->offset[x + 1] - first;
    const int32_t *row = adjacency->neighbour + first;
    const uint8_t *gone = adjacency->gone + first;
    int64_t count = 0;
    for (int64_t at = 0; at < length; at += 64) {
        uint64_t rest = length - at >= 64 ? test_marks(gone + at, (uint8_t)order)
                                          : test_rest(gone + at, length - at, (uint8_t)order);
        for (; rest; rest &= rest - 1) {
            const int64_t k = at + __builtin_ctzll(rest);
            if (places)
                places[count] = (int32_t)k;
            neighbours[count++] = row[k];
        }
    }
    return count;
}

/* Place of y in row x, or of the first neighbour behind it. */
static int64_t place_of(const dsep_adjacency *adjacency, int64_t x, int64_t y) {
    int64_t low = adjacency->offset[x], high = adjacency->offset[x + 1];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (adjacency->neighbour[middle] < y)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many are there still, or went at `order` (1 or more) or later; order 0: are there still. */
DSEP_CLONES
static int64_t count_there(const uint8_t *gone, int64_t count, uint8_t order) {
    int64_t sum = 0;
    for (int64_t first = 0; first < count; first += 1 << 20) {
        const int32_t end = count - first < 1 << 20 ? (int32_t)(count - first) : 1 << 20;
        int32_t part = 0;
#pragma omp simd reduction(+ : part)
        for (int32_t k = 0; k < end; k++)
            part += (uint8_t)(gone[first + k] - 1) >= (uint8_t)(order - 1);
        sum += part;
    }
    return sum;
}

int64_t dsep_adjacency_frozen_degree(const dsep_adjacency *adjacency, int64_t x, int64_t order) {
    const int64_t first = adjacency->offset[x];
    return count_there(adjacency->gone + first, adjacency->offset[x + 1] - first, (uint8_t)order);
}

int64_t dsep_adjacency_degree(const dsep_adjacency *adjacency, int64_t x) {
    return dsep_adjacency_frozen_degree(adjacency, x, 0);
}

int64_t dsep_adjacency_degree_beyond(const dsep_adjacency *adjacency, int64_t x, int higher) {
    const int64_t first = adjacency->offset[x], middle = place_of(adjacency, x, x);
    const int64_t from = higher ? middle : first, end = higher ? adjacency->offset[x + 1] : middle;
    return count_there(adjacency->gone + from, end - from, 0);
}

int dsep_adjacency_stays(const dsep_adjacency *adjacency, int64_t x, int32_t place) {
    return adjacency->gone[adjacency->offset[x] + place] == 0;
}

void dsep_adjacency_remove(dsep_adjacency *adjacency, int64_t x, int32_t place, int64_t order) {
    adjacency->gone[adjacency->offset[x] + place] = (uint8_t)order;
}

void dsep_adjacency_mark(dsep_adjacency *adjacency, dsep_pair edge, int64_t order) {
    adjacency->gone[place_of(adjacency, edge.x, edge.y)] = (uint8_t)order;
    adjacency->gone[place_of(adjacency, edge.y, edge.x)] = (uint8_t)order;
}

void dsep_adjacency_unite(dsep_context *ctx, dsep_adjacency *adjacency) {
    dsep_shared_unite(ctx, adjacency->gone_memory);
}

/* Every node's rows name their neighbours in ascending order. So, going through x in ascending
 * order, x itself is the next name in the row of each of its higher neighbours y. */
static void join_ends(dsep_adjacency *adjacency, dsep_block nodes, int64_t *next) {
    uint8_t *gone = adjacency->gone;
    for (int64_t y = 0; y < adjacency->n_nodes; y++)
        next[y] = place_of(adjacency, y, nodes.first);
    for (int64_t x = nodes.first; x < nodes.first + nodes.count; x++)
        for (int64_t k = place_of(adjacency, x, x); k < adjacency->offset[x + 1]; k++) {
            const int64_t twin = next[adjacency->neighbour[k]]++;
            if (gone[k] != gone[twin])
                gone[k] = gone[twin] = gone[k] > gone[twin] ? gone[k] : gone[twin];
        }
}

/* Marks both ends of the removed edges of all ranks, each rank of a node a part of them. */
static int spread_lists(dsep_context *ctx, dsep_adjacency *adjacency, const dsep_pair *removed,
                        int64_t count, int64_t order) {
    int code = DSEP_OK;
    void *all = NULL;
    int64_t bytes = 0;
    DSEP_TRY(dsep_gather_all(ctx, removed, count * (int64_t)sizeof *removed, &all, &bytes));
    const dsep_block mine = dsep_layout_block(bytes / (int64_t)sizeof *removed, dsep_node_size(ctx),
                                              dsep_node_rank(ctx));
    for (int64_t k = mine.first; k < mine.first + mine.count; k++)
        dsep_adjacency_mark(adjacency, ((const dsep_pair *)all)[k], order);
    dsep_shared_sync(ctx, adjacency->gone_memory);
cleanup:
    free(all);
    return code;
}

/* Unites all marks and joins the ends of every edge. */
static int spread_marks(dsep_context *ctx, dsep_adjacency *adjacency) {
    int code = DSEP_OK;
    const dsep_block nodes =
        dsep_layout_block(adjacency->n_nodes, dsep_node_size(ctx), dsep_node_rank(ctx));
    int64_t *next = dsep_array(adjacency->n_nodes, sizeof *next);
    DSEP_AGREE(ctx, next ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the adjacency"));
    dsep_shared_unite(ctx, adjacency->gone_memory);
    join_ends(adjacency, nodes, next);
    dsep_shared_sync(ctx, adjacency->gone_memory);
cleanup:
    free(next);
    return code;
}

void dsep_adjacency_restore(dsep_context *ctx, dsep_adjacency *adjacency, int64_t order) {
    const dsep_block mine = dsep_layout_block(adjacency->offset[adjacency->n_nodes],
                                              dsep_node_size(ctx), dsep_node_rank(ctx));
    for (int64_t k = mine.first; k < mine.first + mine.count; k++)
        if (adjacency->gone[k] == order)
            adjacency->gone[k] = 0;
    dsep_shared_sync(ctx, adjacency->gone_memory);
}

/* Lists of a sixteenth of the marks' bytes: to find a place costs more than to pass over it. */
int64_t dsep_adjacency_list_limit(const dsep_adjacency *adjacency) {
    return adjacency->offset[adjacency->n_nodes] / (16 * (int64_t)sizeof(dsep_pair));
}

int dsep_adjacency_sync(dsep_context *ctx, dsep_adjacency *adjacency, const dsep_pair *removed,
                        int64_t count, int64_t order, int64_t *bytes) {
    int64_t total = count;
    dsep_sum_i64(ctx, &total, 1);
    const int few = total <= dsep_adjacency_list_limit(adjacency);
    *bytes = few ? total * (int64_t)sizeof *removed : adjacency->offset[adjacency->n_nodes];
    return few ? spread_lists(ctx, adjacency, removed, count, order) : spread_marks(ctx, adjacency);
}

int dsep_adjacency_graph(const dsep_adjacency *adjacency, dsep_error *error, dsep_graph **graph) {
    int64_t count = 0;
    for (int64_t x = 0; x < adjacency->n_nodes; x++)
        count += dsep_adjacency_degree(adjacency, x);
    dsep_edge *edges = dsep_array(count / 2, sizeof *edges);
    if (!edges)
        return dsep_out_of_memory(error, "the skeleton");
    count = 0;
    for (int64_t x = 0; x < adjacency->n_nodes; x++)
        for (int64_t k = adjacency->offset[x]; k < adjacency->offset[x + 1]; k++)
            if (adjacency->gone[k] == 0 && adjacency->neighbour[k] > x)
                edges[count++] =
                    (dsep_edge){x, adjacency->neighbour[k], DSEP_MARK_TAIL, DSEP_MARK_TAIL};
    const int code =
        dsep_graph_create(adjacency->n_nodes, count, edges, DSEP_GRAPH_SKELETON, error, graph);
    free(edges);
    return code;
}
