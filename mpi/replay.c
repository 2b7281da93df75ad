#include "mpi/replay.h"

#include "mpi/memory.h"
#include "mpi/schedule.h"

#include <stdlib.h>

/* A rank is free, or (number: ranks + node) an answer arrives. */
typedef struct {
    int64_t time, number;
} event;

typedef struct {
    int64_t first, size;
    int64_t next; /* the node's next chunk, -1 for none */
} chunk;

typedef struct {
    int64_t ranks, idle;
    int64_t turn, turns;           /* dealt by stride: done, all */
    int64_t queued;                /* tasks that no rank has taken */
    int64_t chunk, last, answered; /* at hand; the last in its queue; under way; -1 for none */
    int asking, closed;
} node;

typedef struct {
    const int64_t *cost;
    int64_t tasks, ranks, nodes, node_ranks, latency;
    int64_t position; /* the first task that no node has */
    event *heap;      /* [ranks + nodes] earliest first */
    int64_t n_events;
    node *node;   /* [nodes] */
    chunk *chunk; /* every chunk of the phase */
    int64_t n_chunks;
    dsep_replay *played;
} replay;

/* --- events ---------------------------------------------------------------------------------- */

static int earlier(event a, event b) {
    return a.time != b.time ? a.time < b.time : a.number < b.number;
}

static void push(replay *r, int64_t time, int64_t number) {
    const event added = {time, number};
    int64_t at = r->n_events++;
    for (; at > 0 && earlier(added, r->heap[(at - 1) / 2]); at = (at - 1) / 2)
        r->heap[at] = r->heap[(at - 1) / 2];
    r->heap[at] = added;
}

static event pop(replay *r) {
    const event first = r->heap[0], moved = r->heap[--r->n_events];
    int64_t at = 0;
    for (int64_t child; (child = 2 * at + 1) < r->n_events; at = child) {
        child += child + 1 < r->n_events && earlier(r->heap[child + 1], r->heap[child]);
        if (!earlier(r->heap[child], moved))
            break;
        r->heap[at] = r->heap[child];
    }
    r->heap[at] = moved;
    return first;
}

/* --- one node -------------------------------------------------------------------------------- */

static int64_t take_task(replay *r, node *n) {
    n->queued--;
    if (n->turn < n->turns)
        return n - r->node + n->turn++ * r->nodes;
    chunk *from = &r->chunk[n->chunk];
    const int64_t task = from->first++;
    if (--from->size == 0)
        n->chunk = from->next;
    return task;
}

static void start_idle(replay *r, node *n, int64_t time) {
    for (; n->idle > 0 && n->queued > 0; n->idle--) {
        const int64_t ends = time + r->cost[take_task(r, n)];
        push(r, ends, (n - r->node) * r->node_ranks);
        r->played->makespan = ends > r->played->makespan ? ends : r->played->makespan;
    }
}

/* The next chunk of what is left, or -1. */
static int64_t cut(replay *r) {
    const int64_t size = dsep_schedule_chunk(r->tasks, r->ranks, r->nodes, r->position);
    if (size == 0)
        return -1;
    r->chunk[r->n_chunks] = (chunk){r->position, size, -1};
    r->position += size;
    return r->n_chunks++;
}

static void grant(replay *r, node *n, int64_t granted, int64_t time) {
    if (granted < 0) {
        n->closed = 1;
        return;
    }
    if (n->chunk < 0)
        n->chunk = granted;
    else
        r->chunk[n->last].next = granted;
    n->last = granted;
    n->queued += r->chunk[granted].size;
    start_idle(r, n, time);
}

/* Idle ranks are turns taken ahead. Node 0 asks nobody. */
static void attend(replay *r, node *n, int64_t time) {
    start_idle(r, n, time);
    while (!n->closed && !n->asking && dsep_schedule_asks(n->queued - n->idle, n->ranks)) {
        if (n == r->node) {
            grant(r, n, cut(r), time);
            continue;
        }
        n->asking = 1;
        n->answered = cut(r);
        r->played->requests++;
        push(r, time + r->latency, r->ranks + (n - r->node));
    }
}

/* --- a phase --------------------------------------------------------------------------------- */

static void deal(replay *r) {
    const int64_t share = dsep_schedule_share(r->tasks, r->ranks, r->nodes);
    r->position = share;
    for (int64_t i = 0; i < r->nodes; i++) {
        const int64_t left = r->ranks - i * r->node_ranks;
        const int64_t turns = dsep_schedule_turns(share, i, r->nodes);
        r->node[i] = (node){.ranks = left < r->node_ranks ? left : r->node_ranks,
                            .turns = turns,
                            .queued = turns,
                            .chunk = -1,
                            .closed = share == r->tasks};
    }
    for (int64_t i = 0; i < r->ranks; i++)
        push(r, 0, i);
}

static void play(replay *r) {
    deal(r);
    while (r->n_events > 0) {
        const event now = pop(r);
        if (now.number < r->ranks) {
            node *n = &r->node[now.number / r->node_ranks];
            n->idle++;
            attend(r, n, now.time);
        } else {
            node *n = &r->node[now.number - r->ranks];
            n->asking = 0;
            grant(r, n, n->answered, now.time);
            attend(r, n, now.time);
        }
    }
    r->played->messages = 2 * r->played->requests;
}

static int64_t count_chunks(const replay *r) {
    int64_t count = 0, at = dsep_schedule_share(r->tasks, r->ranks, r->nodes);
    for (int64_t size; (size = dsep_schedule_chunk(r->tasks, r->ranks, r->nodes, at)) > 0;
         at += size)
        count++;
    return count;
}

int dsep_replay_phase(const int64_t *cost, int64_t tasks, const dsep_replay_machine *machine,
                      dsep_error *error, dsep_replay *played) {
    int code = DSEP_OK;
    replay r = {.cost = cost,
                .tasks = tasks,
                .ranks = machine->ranks,
                .nodes = (machine->ranks - 1) / machine->node_ranks + 1,
                .node_ranks = machine->node_ranks,
                .latency = machine->latency,
                .played = played};
    *played = (dsep_replay){.tasks = tasks};
    for (int64_t t = 0; t < tasks; t++) {
        played->total += cost[t];
        played->largest = cost[t] > played->largest ? cost[t] : played->largest;
    }
    r.heap = dsep_array(r.ranks + r.nodes, sizeof *r.heap);
    r.node = dsep_array(r.nodes, sizeof *r.node);
    r.chunk = dsep_array(count_chunks(&r), sizeof *r.chunk);
    if (r.heap && r.node && r.chunk)
        play(&r);
    else
        code = dsep_out_of_memory(error, "a replay");
    free(r.heap);
    free(r.node);
    free(r.chunk);
    return code;
}

double dsep_replay_efficiency(const dsep_replay *played, int64_t ranks) {
    const double spent = (double)ranks * (double)played->makespan;
    return spent > 0 ? (double)played->total / spent : 1;
}
