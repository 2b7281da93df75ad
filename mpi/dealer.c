#include "mpi/dealer.h"

#include "mpi/schedule.h"

#include <sched.h>

enum { TAG_ASK = 1, TAG_ANSWER = 3 };

/* Two rounds can meet, no more: a rank may begin the next while rank 0 still ends the last. */
static int tag(const dsep_dealer *dealer, int kind) {
    return kind + (int)(dealer->round % 2);
}

static void store(int64_t *shared, int64_t value) {
    __atomic_store_n(shared, value, __ATOMIC_RELEASE);
}

/* On node 0: cuts the next chunk off what is left; its size, 0 when there is none. */
static int64_t cut(dsep_dealer *dealer, int64_t *first) {
    int64_t size = 0;
    *first = dsep_look(&dealer->turns->position);
    do
        size = dsep_schedule_chunk(dealer->tasks, dealer->ranks, dealer->nodes, *first);
    while (!__atomic_compare_exchange_n(&dealer->turns->position, first, *first + size, 0,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return size;
}

/* By the rank that holds `asking`: gives the node a chunk, or closes it. */
static void grant(dsep_turns *turns, int64_t first, int64_t size) {
    if (size == 0) {
        store(&turns->closed, 1);
        return;
    }
    turns->chunks[turns->n_chunks] = (dsep_chunk){turns->granted, first};
    store(&turns->n_chunks, turns->n_chunks + 1);
    store(&turns->granted, turns->granted + size);
}

static int runs_low(const dsep_dealer *dealer) {
    const dsep_turns *turns = dealer->turns;
    return !dsep_look(&turns->closed) &&
           dsep_schedule_asks(dsep_look(&turns->granted) - dsep_look(&turns->next),
                              dealer->node_ranks);
}

/* On rank 0: gives whoever has asked the first task and the size of a chunk, 0 for the end. */
static void answer(dsep_dealer *dealer) {
    for (;;) {
        int found = 0;
        int64_t given[2];
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, tag(dealer, TAG_ASK), dealer->comm, &found, &status);
        if (!found)
            return;
        MPI_Recv(NULL, 0, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, dealer->comm,
                 MPI_STATUS_IGNORE);
        given[1] = cut(dealer, &given[0]);
        MPI_Send(given, 2, MPI_INT64_T, status.MPI_SOURCE, tag(dealer, TAG_ANSWER), dealer->comm);
    }
}

/* Takes the answer that this rank waits for, if it is there. */
static void collect(dsep_dealer *dealer) {
    int found = 0;
    int64_t given[2];
    MPI_Iprobe(0, tag(dealer, TAG_ANSWER), dealer->comm, &found, MPI_STATUS_IGNORE);
    if (!found)
        return;
    MPI_Recv(given, 2, MPI_INT64_T, 0, tag(dealer, TAG_ANSWER), dealer->comm, MPI_STATUS_IGNORE);
    dealer->waits = 0;
    grant(dealer->turns, given[0], given[1]);
    store(&dealer->turns->asking, 0);
}

/* One rank of a node at a time; it looks again, because another may just have been granted. */
static void ask(dsep_dealer *dealer) {
    if (__atomic_exchange_n(&dealer->turns->asking, 1, __ATOMIC_ACQ_REL))
        return;
    if (dealer->node > 0 && runs_low(dealer)) {
        MPI_Send(NULL, 0, MPI_BYTE, 0, tag(dealer, TAG_ASK), dealer->comm);
        dealer->waits = 1;
        return;
    }
    while (dealer->node == 0 && runs_low(dealer)) {
        int64_t first = 0;
        const int64_t size = cut(dealer, &first);
        grant(dealer->turns, first, size);
    }
    store(&dealer->turns->asking, 0);
}

void dsep_dealer_attend(dsep_dealer *dealer) {
    if (dealer->rank == 0)
        answer(dealer);
    if (dealer->waits)
        collect(dealer);
    if (!dsep_look(&dealer->turns->asking) && runs_low(dealer))
        ask(dealer);
}

void dsep_dealer_finish(dsep_dealer *dealer) {
    MPI_Request all = MPI_REQUEST_NULL;
    int done = 0;
    while (dealer->waits) {
        collect(dealer);
        sched_yield();
    }
    MPI_Ibarrier(dealer->comm, &all);
    while (!done) {
        if (dealer->rank == 0) /* whose answers others still need before they come here */
            answer(dealer);
        MPI_Test(&all, &done, MPI_STATUS_IGNORE);
        if (!done)
            sched_yield();
    }
}
