#include "solvers/meek.h"

#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    dsep_graph *graph;
    const dsep_triple *triples;
    int64_t n_triples;
    dsep_conflicts *conflicts;
    dsep_error *error;
} orienting;

static int adjacent(const dsep_graph *graph, int64_t x, int64_t y) {
    return dsep_graph_find(graph, x, y) >= 0;
}

static int record(orienting *o, int64_t x, int64_t y, dsep_conflict_kind kind) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_array_reserve((void **)&o->conflicts->list, &o->conflicts->room,
                                o->conflicts->count + 1, sizeof *o->conflicts->list, o->error));
    o->conflicts->list[o->conflicts->count++] = (dsep_conflict){x < y ? x : y, x < y ? y : x, kind};
cleanup:
    return code;
}

/* --- knowledge and v-structures -------------------------------------------------------------- */

static void apply_knowledge(dsep_graph *graph, const dsep_knowledge *knowledge) {
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
            if (dsep_knowledge_forbids(knowledge, x, graph->neighbour[k]))
                graph->mark[k] = DSEP_MARK_ARROW;
}

/* Arrowheads that v-structures ask for: head[k] is 1 for one at x's end of a place in row x. */
static void claim_heads(const orienting *o, uint8_t *head) {
    for (int64_t t = 0; t < o->n_triples; t++) {
        const dsep_triple triple = o->triples[t];
        if (triple.kind != DSEP_TRIPLE_COLLIDER)
            continue;
        head[dsep_graph_find(o->graph, triple.z, triple.x)] = 1;
        head[dsep_graph_find(o->graph, triple.z, triple.y)] = 1;
    }
}

static int apply_heads(orienting *o, const uint8_t *head) {
    int code = DSEP_OK;
    dsep_graph *graph = o->graph;
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            const int64_t y = graph->neighbour[k], twin = graph->twin[k];
            if (y < x || (!head[k] && !head[twin]))
                continue;
            if (!dsep_graph_place_undirected(graph, k)) {
                if ((head[k] && dsep_graph_place_directed(graph, k)) ||
                    (head[twin] && dsep_graph_place_directed(graph, graph->twin[k])))
                    DSEP_TRY(record(o, x, y, DSEP_CONFLICT_KNOWLEDGE));
                continue;
            }
            graph->mark[k] = head[k] ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
            graph->mark[twin] = head[twin] ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
            if (head[k] && head[twin])
                DSEP_TRY(record(o, x, y, DSEP_CONFLICT_V_STRUCTURES));
        }
cleanup:
    return code;
}

/* --- Meek's rules: does a - b have to be a -> b? --------------------------------------------- */

static int noncollider(const orienting *o, int64_t x, int64_t z, int64_t y) {
    return !dsep_triples_ambiguous(o->triples, o->n_triples, x, z, y);
}

/* c -> a - b, c and b not adjacent: a -> b, or there were another v-structure. */
static int rule_one(const orienting *o, int64_t a, int64_t b) {
    const dsep_graph *graph = o->graph;
    for (int64_t k = graph->offset[a]; k < graph->offset[a + 1]; k++)
        if (dsep_graph_place_directed(graph, graph->twin[k]) &&
            !adjacent(graph, graph->neighbour[k], b) && noncollider(o, graph->neighbour[k], a, b))
            return 1;
    return 0;
}

/* a -> c -> b: a -> b, or there were a cycle. */
static int rule_two(const orienting *o, int64_t a, int64_t b) {
    const dsep_graph *graph = o->graph;
    for (int64_t k = graph->offset[a]; k < graph->offset[a + 1]; k++)
        if (dsep_graph_place_directed(graph, k) &&
            dsep_graph_directed(graph, graph->neighbour[k], b))
            return 1;
    return 0;
}

/* a - c -> b and a - d -> b, c and d not adjacent. */
static int rule_three(const orienting *o, int64_t a, int64_t b) {
    const dsep_graph *graph = o->graph;
    for (int64_t k = graph->offset[a]; k < graph->offset[a + 1]; k++) {
        const int64_t c = graph->neighbour[k];
        if (!dsep_graph_place_undirected(graph, k) || !dsep_graph_directed(graph, c, b))
            continue;
        for (int64_t l = k + 1; l < graph->offset[a + 1]; l++) {
            const int64_t d = graph->neighbour[l];
            if (dsep_graph_place_undirected(graph, l) && dsep_graph_directed(graph, d, b) &&
                !adjacent(graph, c, d) && noncollider(o, c, a, d))
                return 1;
        }
    }
    return 0;
}

/* a - c -> d -> b, c and b not adjacent, a and d adjacent: only knowledge can bring this about. */
static int rule_four(const orienting *o, int64_t a, int64_t b) {
    const dsep_graph *graph = o->graph;
    for (int64_t k = graph->offset[b]; k < graph->offset[b + 1]; k++) {
        const int64_t d = graph->neighbour[k];
        if (!dsep_graph_place_directed(graph, graph->twin[k]) || !adjacent(graph, a, d))
            continue;
        for (int64_t l = graph->offset[d]; l < graph->offset[d + 1]; l++) {
            const int64_t c = graph->neighbour[l];
            if (c != a && dsep_graph_place_directed(graph, graph->twin[l]) &&
                dsep_graph_undirected(graph, a, c) && !adjacent(graph, c, b) &&
                noncollider(o, c, a, b))
                return 1;
        }
    }
    return 0;
}

static int has_to_point(const orienting *o, int64_t a, int64_t b) {
    return rule_one(o, a, b) || rule_two(o, a, b) || rule_three(o, a, b) || rule_four(o, a, b);
}

/* --- closing: rounds over the nodes whose surroundings changed ------------------------------- */

typedef struct {
    int64_t *now, *next; /* [p] nodes to look at in this round and in the next */
    int64_t n_now, n_next;
    uint8_t *waits; /* [p] bit 0: in now; bit 1: in next */
    struct {
        int64_t place;
        int head_here, head_there;
    } * found; /* what this round asks for */
    int64_t n_found, room;
} rounds;

static void look_again(rounds *r, int64_t x) {
    if (r->waits[x] & 2)
        return;
    r->waits[x] |= 2;
    r->next[r->n_next++] = x;
}

static int look_at(orienting *o, rounds *r, int64_t x) {
    int code = DSEP_OK;
    const dsep_graph *graph = o->graph;
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
        const int64_t y = graph->neighbour[k];
        if (!dsep_graph_place_undirected(graph, k) || (y < x && (r->waits[y] & 1)))
            continue;
        const int there = has_to_point(o, x, y), here = has_to_point(o, y, x);
        if (!there && !here)
            continue;
        DSEP_TRY(dsep_array_reserve((void **)&r->found, &r->room, r->n_found + 1, sizeof *r->found,
                                    o->error));
        r->found[r->n_found].place = k;
        r->found[r->n_found].head_here = here;
        r->found[r->n_found++].head_there = there;
    }
cleanup:
    return code;
}

/* The rules reach from an edge to edges of its ends' neighbours. */
static void look_around(const dsep_graph *graph, rounds *r, int64_t x) {
    look_again(r, x);
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
        look_again(r, graph->neighbour[k]);
}

static int apply_found(orienting *o, rounds *r) {
    int code = DSEP_OK;
    dsep_graph *graph = o->graph;
    for (int64_t f = 0; f < r->n_found; f++) {
        const int64_t k = r->found[f].place, twin = graph->twin[k];
        const int64_t x = graph->neighbour[twin], y = graph->neighbour[k];
        graph->mark[k] = r->found[f].head_here ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
        graph->mark[twin] = r->found[f].head_there ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
        if (r->found[f].head_here && r->found[f].head_there)
            DSEP_TRY(record(o, x, y, DSEP_CONFLICT_RULES));
        look_around(graph, r, x);
        look_around(graph, r, y);
    }
    r->n_found = 0;
cleanup:
    return code;
}

static void turn_round(rounds *r) {
    for (int64_t i = 0; i < r->n_now; i++)
        r->waits[r->now[i]] &= (uint8_t)~1;
    int64_t *spare = r->now;
    r->now = r->next;
    r->n_now = r->n_next;
    r->next = spare;
    r->n_next = 0;
    for (int64_t i = 0; i < r->n_now; i++)
        r->waits[r->now[i]] = 1;
}

int dsep_meek_close(dsep_graph *graph, const dsep_triple *triples, int64_t n_triples,
                    dsep_conflicts *conflicts, dsep_error *error) {
    int code = DSEP_OK;
    orienting o = {graph, triples, n_triples, conflicts, error};
    rounds r = {.now = dsep_array(graph->n_nodes, sizeof(int64_t)),
                .next = dsep_array(graph->n_nodes, sizeof(int64_t)),
                .waits = dsep_array(graph->n_nodes, 1)};
    if (!r.now || !r.next || !r.waits) {
        code = dsep_out_of_memory(error, "the orientation");
        goto cleanup;
    }
    for (int64_t x = 0; x < graph->n_nodes; x++)
        look_again(&r, x);
    for (turn_round(&r); r.n_now > 0; turn_round(&r)) {
        for (int64_t i = 0; i < r.n_now; i++)
            DSEP_TRY(look_at(&o, &r, r.now[i]));
        DSEP_TRY(apply_found(&o, &r));
    }
cleanup:
    free(r.now);
    free(r.next);
    free(r.waits);
    free(r.found);
    return code;
}

int dsep_meek_orient(dsep_graph *graph, const dsep_triple *triples, int64_t n_triples,
                     const dsep_knowledge *knowledge, dsep_conflicts *conflicts,
                     dsep_error *error) {
    int code = DSEP_OK;
    orienting o = {graph, triples, n_triples, conflicts, error};
    uint8_t *head = dsep_array(2 * graph->n_edges, 1);
    if (!head)
        return dsep_out_of_memory(error, "the orientation");
    graph->kind = DSEP_GRAPH_CPDAG;
    if (knowledge)
        apply_knowledge(graph, knowledge);
    claim_heads(&o, head);
    DSEP_TRY(apply_heads(&o, head));
    DSEP_TRY(dsep_meek_close(graph, triples, n_triples, conflicts, error));
cleanup:
    free(head);
    return code;
}
