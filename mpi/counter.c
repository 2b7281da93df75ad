#include "mpi/counter.h"

#include "mpi/dealer.h"
#include "mpi/schedule.h"
#include "mpi/shared.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { SELDOM = 64 }; /* one call of dsep_counter_serve() in so many looks for messages */

struct dsep_counter {
    dsep_shared *shared;
    dsep_dealer dealer;
    int64_t own;   /* turns dealt by stride */
    int64_t chunk; /* where this rank found its last turn */
    int64_t calls;
};

/* A lone node needs no chunks and no messages. */
static int open_counter(dsep_context *ctx, dsep_counter *made) {
    int code = DSEP_OK;
    const int64_t nodes = dsep_nodes(ctx);
    const int64_t chunks = nodes > 1 ? dsep_schedule_chunks_most(nodes) : 0;
    made->dealer = (dsep_dealer){.comm = MPI_COMM_NULL,
                                 .ranks = dsep_size(ctx),
                                 .node = dsep_node(ctx),
                                 .nodes = nodes,
                                 .node_ranks = dsep_node_size(ctx),
                                 .rank = dsep_rank(ctx)};
    DSEP_TRY(dsep_shared_create(ctx,
                                (int64_t)sizeof(dsep_turns) + chunks * (int64_t)sizeof(dsep_chunk),
                                "the task counter", &made->shared));
    made->dealer.turns = dsep_shared_data(made->shared);
    if (nodes > 1)
        DSEP_AGREE(ctx, MPI_Comm_dup(dsep_comm(ctx), &made->dealer.comm)
                            ? dsep_fail(ctx, DSEP_ERROR_INTERNAL, "no communicator for the tasks")
                            : DSEP_OK);
cleanup:
    return code;
}

int dsep_counter_create(dsep_context *ctx, dsep_counter **counter) {
    int code = DSEP_OK;
    dsep_counter *made = calloc(1, sizeof *made);
    *counter = NULL;
    if (made)
        made->dealer.comm = MPI_COMM_NULL;
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_fail(ctx, DSEP_ERROR_RESOURCES, "out of memory"));
    DSEP_TRY(open_counter(ctx, made));
    *counter = made;
    made = NULL;
cleanup:
    dsep_counter_destroy(&made);
    return code;
}

void dsep_counter_destroy(dsep_counter **counter) {
    if (!counter || !*counter)
        return;
    if ((*counter)->dealer.comm != MPI_COMM_NULL)
        MPI_Comm_free(&(*counter)->dealer.comm);
    dsep_shared_destroy(&(*counter)->shared);
    free(*counter);
    *counter = NULL;
}

void dsep_counter_reset(dsep_context *ctx, dsep_counter *counter, int64_t tasks) {
    dsep_dealer *dealer = &counter->dealer;
    const int64_t share = dsep_schedule_share(tasks, dealer->ranks, dealer->nodes);
    counter->own = dsep_schedule_turns(share, dealer->node, dealer->nodes);
    counter->chunk = 0;
    dealer->tasks = tasks;
    dealer->round++;
    dsep_shared_sync(ctx, counter->shared); /* nobody still asks for tasks of the last round */
    if (dsep_node_rank(ctx) == 0) {
        memset(dealer->turns, 0, sizeof *dealer->turns);
        dealer->turns->granted = counter->own;
        dealer->turns->closed = share == tasks;
        dealer->turns->position = share;
    }
    dsep_shared_sync(ctx, counter->shared);
}

/* The task of a granted turn. from: a chunk no later than its own, moved on. */
static int64_t task_of(const dsep_counter *counter, int64_t turn, int64_t *from) {
    const dsep_turns *turns = counter->dealer.turns;
    if (turn < counter->own)
        return counter->dealer.node + turn * counter->dealer.nodes;
    const int64_t chunks = dsep_look(&turns->n_chunks);
    while (*from + 1 < chunks && turns->chunks[*from + 1].turn <= turn)
        ++*from;
    return turns->chunks[*from].task + turn - turns->chunks[*from].turn;
}

int64_t dsep_counter_next(dsep_counter *counter) {
    dsep_turns *turns = counter->dealer.turns;
    const int64_t turn = __atomic_fetch_add(&turns->next, 1, __ATOMIC_RELAXED);
    if (counter->dealer.nodes == 1)
        return turn < counter->dealer.tasks ? turn : -1;
    dsep_dealer_attend(&counter->dealer);
    while (turn >= dsep_look(&turns->granted)) {
        if (dsep_look(&turns->closed) && turn >= dsep_look(&turns->granted))
            return -1;
        sched_yield();
        dsep_dealer_attend(&counter->dealer);
    }
    return task_of(counter, turn, &counter->chunk);
}

void dsep_counter_serve(dsep_counter *counter) {
    if (counter->dealer.nodes > 1 && ++counter->calls % SELDOM == 0)
        dsep_dealer_attend(&counter->dealer);
}

int64_t dsep_counter_taken(const dsep_counter *counter) {
    const dsep_turns *turns = counter->dealer.turns;
    const int64_t turn = dsep_look(&turns->next), granted = dsep_look(&turns->granted);
    int64_t from = counter->chunk;
    if (turn < granted)
        return task_of(counter, turn, &from);
    if (dsep_look(&turns->closed))
        return counter->dealer.tasks;
    return granted > 0 ? task_of(counter, granted - 1, &from) + 1 : 0;
}

void dsep_counter_finish(dsep_context *ctx, dsep_counter *counter) {
    if (dsep_nodes(ctx) > 1)
        dsep_dealer_finish(&counter->dealer);
}
