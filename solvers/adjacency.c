#include "solvers/adjacency.h"

#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdlib.h>

/* --- making rows from bits ------------------------------------------------------------------- */

/* A rank fills the rows of its block of nodes: the higher neighbours of a node are its own bit
 * row, the lower ones its bit column, which is read in ascending order, a word of columns at a
 * time. */
typedef struct {
    const uint64_t *bits;
    int64_t n, words;
    dsep_block mine; /* whole words of columns */
} bit_view;

static bit_view view_of(dsep_context *ctx, int64_t n, const uint64_t *bits, int64_t words) {
    const dsep_block part = dsep_layout_block(words, dsep_node_size(ctx), dsep_node_rank(ctx));
    const int64_t first = part.first * 64, end = (part.first + part.count) * 64;
    const int64_t last = end < n ? end : n;
    return (bit_view){bits, n, words, {first, last > first ? last - first : 0}};
}

/* Visits the lower neighbours of the block's nodes. next: [block] counted up; neighbour: where
 * they are written, or NULL to count only. */
static void visit_columns(bit_view view, int64_t *next, int32_t *neighbour) {
    const int64_t first = view.mine.first, end = first + view.mine.count;
    for (int64_t x = 0; x < end; x++)
        for (int64_t word = first / 64; word < (end + 63) / 64; word++)
            for (uint64_t rest = view.bits[x * view.words + word]; rest; rest &= rest - 1) {
                const int64_t y = word * 64 + __builtin_ctzll(rest);
                if (neighbour)
                    neighbour[next[y - first]] = (int32_t)x;
                next[y - first]++;
            }
}

/* The same for the higher neighbours. */
static void visit_rows(bit_view view, int64_t *next, int32_t *neighbour) {
    const int64_t first = view.mine.first, end = first + view.mine.count;
    for (int64_t x = first; x < end; x++)
        for (int64_t word = x / 64; word < view.words; word++)
            for (uint64_t rest = view.bits[x * view.words + word]; rest; rest &= rest - 1) {
                if (neighbour)
                    neighbour[next[x - first]] = (int32_t)(word * 64 + __builtin_ctzll(rest));
                next[x - first]++;
            }
}

static void count_degrees(bit_view view, int64_t *next, int64_t *offset) {
    visit_columns(view, next, NULL);
    visit_rows(view, next, NULL);
    for (int64_t x = 0; x < view.mine.count; x++)
        offset[view.mine.first + x + 1] = next[x];
}

static void fill_rows(bit_view view, const int64_t *offset, int64_t *next, int32_t *neighbour) {
    for (int64_t x = 0; x < view.mine.count; x++)
        next[x] = offset[view.mine.first + x];
    visit_columns(view, next, neighbour);
    visit_rows(view, next, neighbour);
}

int dsep_adjacency_create(dsep_context *ctx, int64_t n_nodes, const uint64_t *bits, int64_t words,
                          dsep_adjacency **adjacency) {
    int code = DSEP_OK;
    const bit_view view = view_of(ctx, n_nodes, bits, words);
    dsep_adjacency *made = dsep_array(1, sizeof *made);
    int64_t *next = dsep_array(view.mine.count, sizeof *next);
    *adjacency = NULL;
    DSEP_AGREE(ctx, made && next ? DSEP_OK
                                 : dsep_out_of_memory(dsep_context_error(ctx), "the adjacency"));
    made->n_nodes = n_nodes;
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(n_nodes + 1, sizeof(int64_t), 1), "the adjacency",
                                &made->offset_memory));
    int64_t *offset = dsep_shared_data(made->offset_memory);
    count_degrees(view, next, offset);
    dsep_shared_sync(ctx, made->offset_memory);
    if (dsep_node_rank(ctx) == 0)
        for (int64_t x = 0; x < n_nodes; x++)
            offset[x + 1] += offset[x];
    dsep_shared_sync(ctx, made->offset_memory);
    made->offset = offset;
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(offset[n_nodes], sizeof(int32_t), 1),
                                "the adjacency", &made->neighbour_memory));
    DSEP_TRY(dsep_shared_create(ctx, offset[n_nodes], "the adjacency", &made->gone_memory));
    made->neighbour = dsep_shared_data(made->neighbour_memory);
    made->gone = dsep_shared_data(made->gone_memory);
    fill_rows(view, offset, next, dsep_shared_data(made->neighbour_memory));
    dsep_shared_sync(ctx, made->neighbour_memory);
    *adjacency = made;
    made = NULL;
cleanup:
    dsep_adjacency_destroy(&made);
    free(next);
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

int64_t dsep_adjacency_frozen(const dsep_adjacency *adjacency, int64_t x, int64_t order,
                              int32_t *neighbours, uint8_t *left) {
    int64_t count = 0;
    for (int64_t k = adjacency->offset[x]; k < adjacency->offset[x + 1]; k++) {
        const uint8_t gone = adjacency->gone[k];
        if (gone > 0 && gone < order)
            continue;
        if (left)
            left[count] = gone == 0;
        neighbours[count++] = adjacency->neighbour[k];
    }
    return count;
}

int64_t dsep_adjacency_degree(const dsep_adjacency *adjacency, int64_t x) {
    int64_t degree = 0;
    for (int64_t k = adjacency->offset[x]; k < adjacency->offset[x + 1]; k++)
        degree += adjacency->gone[k] == 0;
    return degree;
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

void dsep_adjacency_remove(dsep_adjacency *adjacency, int64_t x, int64_t y, int64_t order) {
    adjacency->gone[place_of(adjacency, x, y)] = (uint8_t)order;
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

int dsep_adjacency_sync(dsep_context *ctx, dsep_adjacency *adjacency) {
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
