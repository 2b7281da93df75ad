#include "mpi/schedule.h"

enum { PARTS = 2 }; /* a chunk is one part in PARTS * nodes */

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

int64_t dsep_schedule_share(int64_t tasks, int64_t ranks, int64_t nodes) {
    return nodes == 1 ? tasks : least(tasks, ranks);
}

int64_t dsep_schedule_turns(int64_t share, int64_t node, int64_t nodes) {
    return share > node ? (share - node - 1) / nodes + 1 : 0;
}

int64_t dsep_schedule_chunk(int64_t tasks, int64_t ranks, int64_t nodes, int64_t position) {
    const int64_t left = tasks - position, round = ranks / nodes;
    const int64_t size = least(position, left) / (PARTS * nodes);
    return size > round ? size : least(left, round);
}

int dsep_schedule_asks(int64_t left, int64_t node_ranks) {
    return left < node_ranks;
}

/* Growing and shrinking take PARTS * nodes * (1 + 1/2 + 1/3 + ...) chunks each. */
int64_t dsep_schedule_chunks_most(int64_t nodes) {
    return 64 * PARTS * nodes;
}
