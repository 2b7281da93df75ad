#include "io/graph_hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

static void little_endian(int64_t value, unsigned char bytes[8]) {
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)value >> (8 * i));
}

void dsep_graph_hash(const dsep_graph *graph, char *const *names, char hash[17]) {
    XXH64_state_t state;
    XXH64_reset(&state, 0);
    for (int64_t x = 0; x < graph->n_nodes; x++)
        XXH64_update(&state, names[x], strlen(names[x]) + 1);
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            unsigned char bytes[18];
            if (graph->neighbour[k] < x)
                continue;
            little_endian(x, bytes);
            little_endian(graph->neighbour[k], bytes + 8);
            bytes[16] = graph->mark[k];
            bytes[17] = graph->mark[graph->twin[k]];
            XXH64_update(&state, bytes, sizeof bytes);
        }
    snprintf(hash, 17, "%016" PRIx64, (uint64_t)XXH64_digest(&state));
}
