#include "mpi/counter.h"

#include "mpi/shared.h"

#include <stdlib.h>

struct dsep_counter {
    dsep_shared *shared;
    int64_t *next; /* in shared memory: tasks this node has handed out */
    int64_t tasks, node, nodes;
};

int dsep_counter_create(dsep_context *ctx, dsep_counter **counter) {
    int code = DSEP_OK;
    dsep_counter *made = calloc(1, sizeof *made);
    *counter = NULL;
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_fail(ctx, DSEP_ERROR_RESOURCES, "out of memory"));
    DSEP_TRY(dsep_shared_create(ctx, sizeof(int64_t), "the task counter", &made->shared));
    made->next = dsep_shared_data(made->shared);
    made->node = dsep_node(ctx);
    made->nodes = dsep_nodes(ctx);
    *counter = made;
    made = NULL;
cleanup:
    dsep_counter_destroy(&made);
    return code;
}

void dsep_counter_destroy(dsep_counter **counter) {
    if (!counter || !*counter)
        return;
    dsep_shared_destroy(&(*counter)->shared);
    free(*counter);
    *counter = NULL;
}

void dsep_counter_reset(dsep_context *ctx, dsep_counter *counter, int64_t tasks) {
    dsep_shared_sync(ctx, counter->shared); /* nobody still asks for tasks of the last round */
    if (dsep_node_rank(ctx) == 0)
        __atomic_store_n(counter->next, 0, __ATOMIC_SEQ_CST);
    counter->tasks = tasks;
    dsep_shared_sync(ctx, counter->shared);
}

int64_t dsep_counter_next(dsep_counter *counter) {
    const int64_t turn = __atomic_fetch_add(counter->next, 1, __ATOMIC_RELAXED);
    const int64_t task = counter->node + turn * counter->nodes;
    return task < counter->tasks ? task : -1;
}

int64_t dsep_counter_taken(const dsep_counter *counter) {
    const int64_t taken = __atomic_load_n(counter->next, __ATOMIC_RELAXED) * counter->nodes;
    return taken < counter->tasks ? taken : counter->tasks;
}
