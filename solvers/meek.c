#include "solvers/meek.h"

#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    dsep_graph *graph;
    const dsep_triple *triples;
    int64_t n_triples;
    int has_ambiguous;
    dsep_conflicts *conflicts;
    dsep_error *error;
    int32_t *parent;    /* [2 n_edges] row x begins with its parents so far */
    int64_t *n_parents; /* [p] */
} orienting;

static int adjacent(const dsep_graph *graph, int64_t x, int64_t y) {
    return dsep_graph_degree(graph, x) < dsep_graph_degree(graph, y)
               ? dsep_graph_find(graph, x, y) >= 0
               : dsep_graph_find(graph, y, x) >= 0;
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

/* The place in z's row of its neighbour x, by the shorter of the two rows. */
static int64_t place_of(const dsep_graph *graph, int64_t z, int64_t x) {
    return dsep_graph_degree(graph, z) <= dsep_graph_degree(graph, x)
               ? dsep_graph_find(graph, z, x)
               : graph->twin[dsep_graph_find(graph, x, z)];
}

/* Arrowheads that v-structures ask for: head[k] is 1 for one at x's end of a place in row x. */
static void claim_heads(const orienting *o, uint8_t *head) {
    for (int64_t t = 0; t < o->n_triples; t++) {
        const dsep_triple triple = o->triples[t];
        if (triple.kind != DSEP_TRIPLE_COLLIDER)
            continue;
        head[place_of(o->graph, triple.z, triple.x)] = 1;
        head[place_of(o->graph, triple.z, triple.y)] = 1;
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
    return !o->has_ambiguous || !dsep_triples_ambiguous(o->triples, o->n_triples, x, z, y);
}

/* The parents of b that a is joined to, by the shorter of a's row and b's list of parents. */
typedef struct {
    int64_t a, b, at;
    int by_row;
} parent_walk;

static parent_walk walk_parents(const orienting *o, int64_t a, int64_t b) {
    const int by_row = dsep_graph_degree(o->graph, a) < o->n_parents[b];
    return (parent_walk){a, b, by_row ? o->graph->offset[a] : 0, by_row};
}

/* The place in a's row of the next one, or -1 after the last. */
static int64_t next_parent(const orienting *o, parent_walk *walk) {
    const dsep_graph *graph = o->graph;
    if (walk->by_row) {
        while (walk->at < graph->offset[walk->a + 1]) {
            const int64_t place = walk->at++;
            if (dsep_graph_directed(graph, graph->neighbour[place], walk->b))
                return place;
        }
        return -1;
    }
    while (walk->at < o->n_parents[walk->b]) {
        const int32_t parent = o->parent[graph->offset[walk->b] + walk->at++];
        const int64_t place = dsep_graph_find(graph, walk->a, parent);
        if (place >= 0)
            return place;
    }
    return -1;
}

/* c -> a - b, c and b not adjacent: a -> b, or there were another v-structure. */
static int rule_one(const orienting *o, int64_t a, int64_t b) {
    const int32_t *parent = o->parent + o->graph->offset[a];
    for (int64_t i = 0; i < o->n_parents[a]; i++)
        if (!adjacent(o->graph, parent[i], b) && noncollider(o, parent[i], a, b))
            return 1;
    return 0;
}

/* a -> c -> b: a -> b, or there were a cycle. */
static int rule_two(const orienting *o, int64_t a, int64_t b) {
    parent_walk walk = walk_parents(o, a, b);
    for (int64_t k; (k = next_parent(o, &walk)) >= 0;)
        if (dsep_graph_place_directed(o->graph, k))
            return 1;
    return 0;
}

/* a - c -> b and a - d -> b, c and d not adjacent: b -> a would make a v-structure or a cycle. */
static int rule_three(const orienting *o, int64_t a, int64_t b) {
    const dsep_graph *graph = o->graph;
    parent_walk first = walk_parents(o, a, b);
    for (int64_t k; (k = next_parent(o, &first)) >= 0;) {
        if (!dsep_graph_place_undirected(graph, k))
            continue;
        const int64_t c = graph->neighbour[k];
        parent_walk second = first;
        for (int64_t l; (l = next_parent(o, &second)) >= 0;)
            if (dsep_graph_place_undirected(graph, l) && !adjacent(graph, c, graph->neighbour[l]) &&
                noncollider(o, c, a, graph->neighbour[l]))
                return 1;
    }
    return 0;
}

/* a - c -> d -> b, c and b not adjacent, a and d adjacent: only knowledge can bring this about. */
static int rule_four(const orienting *o, int64_t a, int64_t b) {
    const dsep_graph *graph = o->graph;
    parent_walk to_b = walk_parents(o, a, b);
    for (int64_t k; (k = next_parent(o, &to_b)) >= 0;) {
        parent_walk to_d = walk_parents(o, a, graph->neighbour[k]);
        for (int64_t l; (l = next_parent(o, &to_d)) >= 0;) {
            const int64_t c = graph->neighbour[l];
            if (dsep_graph_place_undirected(graph, l) && !adjacent(graph, c, b) &&
                noncollider(o, c, a, b))
                return 1;
        }
    }
    return 0;
}

static int has_to_point(const orienting *o, int64_t a, int64_t b) {
    return rule_one(o, a, b) || rule_two(o, a, b) || rule_three(o, a, b) || rule_four(o, a, b);
}

/* --- closing: rounds over the edges whose surroundings changed ------------------------------- */

/* An edge is known by its place in the lower node's row. */
typedef struct {
    int32_t *left;   /* [2 n_edges] row x begins with its edges that may be undirected, as places
                        counted from offset[x] */
    int64_t *n_left; /* [p] */
    int64_t *edges;  /* [n_edges] to look at in this round */
    int64_t n_edges;
    uint8_t *waits;       /* [2 n_edges] whether a place is in `edges` */
    int64_t *looked, now; /* [p] the last round that all edges of a node were put in; this round */
    struct {
        int64_t place;
        int head_here, head_there;
    } * found; /* what this round asks for */
    int64_t n_found, room;
} rounds;

static void look_again(const dsep_graph *graph, rounds *r, int64_t place) {
    const int64_t edge = place < graph->twin[place] ? place : graph->twin[place];
    if (r->waits[edge] || !dsep_graph_place_undirected(graph, edge))
        return;
    r->waits[edge] = 1;
    r->edges[r->n_edges++] = edge;
}

static int look_at(orienting *o, rounds *r, int64_t place) {
    int code = DSEP_OK;
    const int64_t y = o->graph->neighbour[place];
    const int64_t x = o->graph->neighbour[o->graph->twin[place]];
    r->waits[place] = 0;
    if (!dsep_graph_place_undirected(o->graph, place))
        return DSEP_OK;
    const int there = has_to_point(o, x, y), here = has_to_point(o, y, x);
    if (!there && !here)
        return DSEP_OK;
    DSEP_TRY(dsep_array_reserve((void **)&r->found, &r->room, r->n_found + 1, sizeof *r->found,
                                o->error));
    r->found[r->n_found].place = place;
    r->found[r->n_found].head_here = here;
    r->found[r->n_found++].head_there = there;
cleanup:
    return code;
}

/* All undirected edges of y: a new parent matters to each. Forgets those that are directed. */
static void look_at_rest(const dsep_graph *graph, rounds *r, int64_t y) {
    int32_t *left = r->left + graph->offset[y];
    int64_t kept = 0;
    if (r->looked[y] == r->now)
        return;
    r->looked[y] = r->now;
    for (int64_t i = 0; i < r->n_left[y]; i++) {
        const int64_t place = graph->offset[y] + left[i];
        if (!dsep_graph_place_undirected(graph, place))
            continue;
        look_again(graph, r, place);
        left[kept++] = left[i];
    }
    r->n_left[y] = kept;
}

/* The undirected edges of x to nodes that y is joined to, by the shorter of two rows. Where
 * `deeper`, those of each such node to others that y is joined to, instead. */
static void look_at_triangles(const dsep_graph *graph, rounds *r, int64_t x, int64_t y,
                              int deeper) {
    const int by_left = r->n_left[x] < dsep_graph_degree(graph, y);
    const int64_t count = by_left ? r->n_left[x] : dsep_graph_degree(graph, y);
    for (int64_t i = 0; i < count; i++) {
        const int64_t other = graph->neighbour[graph->offset[y] + (by_left ? 0 : i)];
        const int64_t place = by_left ? graph->offset[x] + r->left[graph->offset[x] + i]
                                      : dsep_graph_find(graph, x, other);
        if (place < 0 || !dsep_graph_place_undirected(graph, place) ||
            (by_left && !adjacent(graph, graph->neighbour[place], y)))
            continue;
        look_again(graph, r, place);
        if (deeper)
            look_at_triangles(graph, r, graph->neighbour[place], y, 0);
    }
}

/* What a new x -> y can matter to: rule 1 at y and the last step of the others, which are all
 * edges of y; the first step of rule 2 and the middle step of rule 4, which are triangles. */
static void look_around(orienting *o, rounds *r, int64_t place) {
    const dsep_graph *graph = o->graph;
    const int64_t y = graph->neighbour[place], x = graph->neighbour[graph->twin[place]];
    o->parent[graph->offset[y] + o->n_parents[y]++] = (int32_t)x;
    look_at_rest(graph, r, y);
    look_at_triangles(graph, r, x, y, 1);
}

static int apply_found(orienting *o, rounds *r) {
    int code = DSEP_OK;
    dsep_graph *graph = o->graph;
    for (int64_t f = 0; f < r->n_found; f++) {
        const int64_t k = r->found[f].place, twin = graph->twin[k];
        graph->mark[k] = r->found[f].head_here ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
        graph->mark[twin] = r->found[f].head_there ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
        if (r->found[f].head_here && r->found[f].head_there)
            DSEP_TRY(record(o, graph->neighbour[twin], graph->neighbour[k], DSEP_CONFLICT_RULES));
    }
    for (int64_t f = 0; f < r->n_found; f++) /* a bidirected edge matters to no rule */
        if (!r->found[f].head_here || !r->found[f].head_there)
            look_around(
                o, r, r->found[f].head_there ? r->found[f].place : graph->twin[r->found[f].place]);
    r->n_found = 0;
cleanup:
    return code;
}

/* Every undirected edge waits for the first round. */
static int start(orienting *o, rounds *r) {
    const dsep_graph *graph = o->graph;
    const int64_t p = graph->n_nodes, m = graph->n_edges;
    o->parent = dsep_array(2 * m, sizeof *o->parent);
    o->n_parents = dsep_array(p, sizeof *o->n_parents);
    *r = (rounds){.left = dsep_array(2 * m, sizeof *r->left),
                  .n_left = dsep_array(p, sizeof *r->n_left),
                  .edges = dsep_array(m, sizeof *r->edges),
                  .waits = dsep_array(2 * m, 1),
                  .looked = dsep_array(p, sizeof *r->looked)};
    if (!o->parent || !o->n_parents || !r->left || !r->n_left || !r->edges || !r->waits ||
        !r->looked)
        return dsep_out_of_memory(o->error, "the orientation");
    for (int64_t t = 0; t < o->n_triples && !o->has_ambiguous; t++)
        o->has_ambiguous = o->triples[t].kind == DSEP_TRIPLE_AMBIGUOUS;
    for (int64_t x = 0; x < p; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++) {
            if (dsep_graph_place_directed(graph, graph->twin[k]))
                o->parent[graph->offset[x] + o->n_parents[x]++] = graph->neighbour[k];
            if (dsep_graph_place_undirected(graph, k))
                r->left[graph->offset[x] + r->n_left[x]++] = (int32_t)(k - graph->offset[x]);
            look_again(graph, r, k);
        }
    return DSEP_OK;
}

int dsep_meek_close(dsep_graph *graph, const dsep_triple *triples, int64_t n_triples,
                    dsep_conflicts *conflicts, dsep_error *error) {
    int code = DSEP_OK;
    rounds r;
    orienting o = {.graph = graph,
                   .triples = triples,
                   .n_triples = n_triples,
                   .conflicts = conflicts,
                   .error = error};
    DSEP_TRY(start(&o, &r));
    while (r.n_edges > 0) {
        r.now++;
        for (int64_t i = 0; i < r.n_edges; i++)
            DSEP_TRY(look_at(&o, &r, r.edges[i]));
        r.n_edges = 0;
        DSEP_TRY(apply_found(&o, &r));
    }
cleanup:
    free(o.parent);
    free(o.n_parents);
    free(r.left);
    free(r.n_left);
    free(r.edges);
    free(r.waits);
    free(r.looked);
    free(r.found);
    return code;
}

int dsep_meek_orient(dsep_graph *graph, const dsep_triple *triples, int64_t n_triples,
                     const dsep_knowledge *knowledge, dsep_conflicts *conflicts,
                     dsep_error *error) {
    int code = DSEP_OK;
    orienting o = {.graph = graph,
                   .triples = triples,
                   .n_triples = n_triples,
                   .conflicts = conflicts,
                   .error = error};
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
