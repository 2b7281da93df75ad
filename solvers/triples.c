#include "solvers/triples.h"

#include "mpi/counter.h"
#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/subsets.h"

#include <stdlib.h>

typedef struct {
    int32_t end, middle;
} path;

typedef struct {
    dsep_context *ctx;
    dsep_citest *test;
    const dsep_skeleton *skeleton;
    const dsep_graph *graph;
    const dsep_knowledge *knowledge;
    dsep_orientation orientation;
    int64_t max_order;
    dsep_triple *list; /* what this rank found */
    int64_t count, room;
    int32_t *adjacent;      /* [p] */
    int32_t *set, *members; /* [DSEP_ADJACENCY_MAX_ORDER] positions; variables */
    int32_t *middle;        /* [p] the nodes z between the pair at hand */
    int64_t *with;          /* [p] how many separating sets each z is in */
    int64_t n_middle, sets;
    int64_t x, y, from; /* the pair; the end whose neighbours are searched */
    int64_t set_at;     /* the first separating set not before the pair */
    path *paths;        /* from x over two edges */
    int64_t n_paths, paths_room;
    uint8_t *joined; /* [p] to x */
} judging;

/* --- all separating sets of a pair ----------------------------------------------------------- */

static int inside(const int32_t *members, int64_t count, int64_t z) {
    for (int64_t d = 0; d < count; d++)
        if (members[d] == z)
            return 1;
    return 0;
}

/* Whether a set from y's side was already met from x's. */
static int met_before(const judging *j, const int32_t *members, int64_t count) {
    if (j->from == j->x)
        return 0;
    for (int64_t d = 0; d < count; d++)
        if (dsep_graph_find(j->graph, j->x, members[d]) < 0)
            return 0;
    return 1;
}

static void count_set(judging *j, const int32_t *members, int64_t count) {
    if (met_before(j, members, count))
        return;
    j->sets++;
    for (int64_t m = 0; m < j->n_middle; m++)
        j->with[m] += inside(members, count, j->middle[m]);
}

static int visit_prefix(dsep_walk *walk, int32_t start) {
    judging *j = walk->data;
    if (dsep_walk_member(walk, 0))
        return 0;
    for (int32_t next = start; next < walk->n_adjacent;) {
        const dsep_citest_scan found = dsep_walk_scan(walk, 0, next);
        if (found.pivot < 0)
            return 0;
        walk->set[walk->order - 1] = (int32_t)found.pivot;
        for (int64_t d = 0; d < walk->order; d++)
            j->members[d] = walk->adjacent[walk->set[d]];
        count_set(j, j->members, walk->order);
        next = (int32_t)found.pivot + 1;
    }
    return 0;
}

/* The neighbours of `from` and, in its place among them, the other end: the only target. */
static int64_t list_candidates(judging *j, int64_t from, int64_t other, int32_t *target) {
    int64_t count = 0;
    int placed = 0;
    for (int64_t k = j->graph->offset[from]; k < j->graph->offset[from + 1]; k++) {
        if (!placed && j->graph->neighbour[k] > other) {
            *target = (int32_t)count;
            j->adjacent[count++] = (int32_t)other;
            placed = 1;
        }
        j->adjacent[count++] = j->graph->neighbour[k];
    }
    if (!placed) {
        *target = (int32_t)count;
        j->adjacent[count++] = (int32_t)other;
    }
    return count;
}

/* Without any condition. */
static int independent_alone(const judging *j, int64_t x, int64_t y) {
    uint64_t dependent = 0;
    j->test->pairs(j->test->state, (dsep_block){x < y ? x : y, 1}, (dsep_block){x < y ? y : x, 1},
                   &dependent);
    return !(dependent & 1);
}

static int count_sets_of(judging *j, int64_t from, int64_t other) {
    int code = DSEP_OK;
    int32_t target = 0;
    const int64_t n_adjacent = list_candidates(j, from, other, &target);
    j->from = from;
    if (independent_alone(j, from, other))
        count_set(j, NULL, 0);
    for (int64_t order = 1; order <= j->max_order && order <= n_adjacent - 1; order++) {
        DSEP_TRY(j->test->reserve(j->test->state, n_adjacent, order, dsep_context_error(j->ctx)));
        dsep_walk walk = {.test = j->test,
                          .node = from,
                          .adjacent = j->adjacent,
                          .n_adjacent = n_adjacent,
                          .targets = &target,
                          .n_targets = 1,
                          .order = order,
                          .set = j->set,
                          .data = j,
                          .visit = visit_prefix};
        dsep_walk_subsets(&walk);
    }
cleanup:
    return code;
}

/* --- judging --------------------------------------------------------------------------------- */

static int add(judging *j, int64_t z, dsep_triple_kind kind) {
    int code = DSEP_OK;
    DSEP_TRY(dsep_array_reserve((void **)&j->list, &j->room, j->count + 1, sizeof *j->list,
                                dsep_context_error(j->ctx)));
    j->list[j->count++] = (dsep_triple){(int32_t)j->x, (int32_t)z, (int32_t)j->y, kind};
cleanup:
    return code;
}

static int judge_by_sets(judging *j, dsep_orientation rule) {
    int code = DSEP_OK;
    j->sets = 0;
    for (int64_t m = 0; m < j->n_middle; m++)
        j->with[m] = 0;
    DSEP_TRY(count_sets_of(j, j->x, j->y));
    DSEP_TRY(count_sets_of(j, j->y, j->x));
    for (int64_t m = 0; m < j->n_middle && !code; m++) {
        const int64_t with = j->with[m], without = j->sets - with;
        const int majority = rule == DSEP_ORIENTATION_MAJORITY;
        const int collider = majority ? with < without : with == 0 && j->sets > 0;
        const int through = majority ? with > without : without == 0 && j->sets > 0;
        if (!through)
            code = add(j, j->middle[m], collider ? DSEP_TRIPLE_COLLIDER : DSEP_TRIPLE_AMBIGUOUS);
    }
cleanup:
    return code;
}

/* The separating set of the pair, or -1. Pairs of this rank come in ascending order, as sets do. */
static int64_t find_set(judging *j) {
    const dsep_sepsets *sets = j->skeleton->sepsets;
    while (j->set_at < sets->count &&
           (sets->first[j->set_at] < j->x ||
            (sets->first[j->set_at] == j->x && sets->second[j->set_at] < j->y)))
        j->set_at++;
    const int found = j->set_at < sets->count && sets->first[j->set_at] == j->x &&
                      sets->second[j->set_at] == j->y;
    return found ? j->set_at : -1;
}

static int judge_by_search(judging *j) {
    int code = DSEP_OK;
    const int64_t set = find_set(j);
    for (int64_t m = 0; m < j->n_middle && !code; m++)
        if (set < 0 || !dsep_sepsets_contains(j->skeleton->sepsets, set, j->middle[m]))
            code = add(j, j->middle[m], DSEP_TRIPLE_COLLIDER);
    return code;
}

static int judge_pair(judging *j) {
    if (j->orientation != DSEP_ORIENTATION_STANDARD)
        return judge_by_sets(j, j->orientation);
    if (dsep_knowledge_parts(j->knowledge, j->x, j->y))
        return judge_by_sets(j, DSEP_ORIENTATION_CONSERVATIVE);
    return judge_by_search(j);
}

static int by_end(const void *left, const void *right) {
    const path *a = left, *b = right;
    return a->end != b->end ? (a->end < b->end ? -1 : 1)
                            : (a->middle > b->middle) - (a->middle < b->middle);
}

/* The paths x - z - y with y > x and y not joined to x, sorted by (y, z), into j->paths. */
static int list_paths(judging *j, int64_t x) {
    int code = DSEP_OK, ascending = 1;
    const dsep_graph *graph = j->graph;
    j->n_paths = 0;
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
        j->joined[graph->neighbour[k]] = 1;
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1] && !code; k++) {
        const int32_t z = graph->neighbour[k];
        code = dsep_array_reserve((void **)&j->paths, &j->paths_room,
                                  j->n_paths + dsep_graph_degree(graph, z), sizeof *j->paths,
                                  dsep_context_error(j->ctx));
        for (int64_t l = graph->twin[k] + 1; l < graph->offset[z + 1] && !code; l++) {
            const int32_t y = graph->neighbour[l];
            if (j->joined[y])
                continue;
            ascending = ascending && (j->n_paths == 0 || j->paths[j->n_paths - 1].end < y);
            j->paths[j->n_paths++] = (path){y, z};
        }
    }
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
        j->joined[graph->neighbour[k]] = 0;
    if (!ascending)
        qsort(j->paths, (size_t)j->n_paths, sizeof *j->paths, by_end);
    return code;
}

/* The pairs x < y at distance two. */
static int judge_node(judging *j, int64_t x) {
    int code = list_paths(j, x);
    j->x = x;
    for (int64_t i = 0; i < j->n_paths && !code;) {
        j->y = j->paths[i].end;
        for (j->n_middle = 0; i < j->n_paths && j->paths[i].end == j->y; i++)
            j->middle[j->n_middle++] = j->paths[i].middle;
        code = judge_pair(j);
    }
    return code;
}

/* Separating sets lie with the owner of x, who judges by them; where sets are searched for,
 * whoever is free takes the next x. */
static int judge_all(judging *j, dsep_counter *counter) {
    int mine = DSEP_OK;
    const int64_t p = j->graph->n_nodes;
    if (j->orientation == DSEP_ORIENTATION_STANDARD) {
        const dsep_block block = dsep_layout_pairs(p, dsep_size(j->ctx), dsep_rank(j->ctx));
        for (int64_t x = block.first; x < block.first + block.count && !mine; x++)
            mine = judge_node(j, x);
    } else {
        for (int64_t x; !mine && (x = dsep_counter_next(counter)) >= 0;) {
            mine = judge_node(j, x);
            dsep_log_progress(j->ctx, "v-structures", (double)dsep_counter_taken(counter),
                              (double)p, "variables");
        }
        dsep_counter_finish(j->ctx, counter);
    }
    return dsep_agree(j->ctx, mine);
}

static int by_triple(const void *left, const void *right) {
    const dsep_triple *a = left, *b = right;
    const int32_t first[] = {a->x, a->y, a->z}, second[] = {b->x, b->y, b->z};
    for (int i = 0; i < 3; i++)
        if (first[i] != second[i])
            return first[i] < second[i] ? -1 : 1;
    return 0;
}

static int is_sorted(const dsep_triple *triples, int64_t count) {
    for (int64_t t = 1; t < count; t++)
        if (by_triple(&triples[t - 1], &triples[t]) > 0)
            return 0;
    return 1;
}

static int allocate(judging *j) {
    const int64_t p = j->graph->n_nodes;
    j->adjacent = dsep_array(p + 1, sizeof *j->adjacent);
    j->set = dsep_array(DSEP_ADJACENCY_MAX_ORDER + 1, sizeof *j->set);
    j->members = dsep_array(DSEP_ADJACENCY_MAX_ORDER + 1, sizeof *j->members);
    j->middle = dsep_array(p, sizeof *j->middle);
    j->with = dsep_array(p, sizeof *j->with);
    j->joined = dsep_array(p, sizeof *j->joined);
    const int whole = j->adjacent && j->set && j->members && j->middle && j->with && j->joined;
    return dsep_agree(j->ctx,
                      whole ? DSEP_OK
                            : dsep_out_of_memory(dsep_context_error(j->ctx), "the v-structures"));
}

int dsep_triples_judge(dsep_context *ctx, dsep_citest *test, const dsep_skeleton *skeleton,
                       const dsep_graph *graph, const dsep_knowledge *knowledge,
                       dsep_orientation orientation, dsep_triple **triples, int64_t *count) {
    int code = DSEP_OK;
    int64_t bytes = 0;
    dsep_counter *counter = NULL;
    judging j = {.ctx = ctx,
                 .test = test,
                 .skeleton = skeleton,
                 .graph = graph,
                 .knowledge = knowledge,
                 .orientation = orientation,
                 .max_order = skeleton->n_levels - 1};
    *triples = NULL;
    *count = 0;
    DSEP_TRY(allocate(&j));
    DSEP_TRY(dsep_counter_create(ctx, &counter));
    dsep_counter_reset(ctx, counter, graph->n_nodes);
    DSEP_TRY(judge_all(&j, counter));
    DSEP_TRY(
        dsep_gather_all(ctx, j.list, j.count * (int64_t)sizeof *j.list, (void **)triples, &bytes));
    *count = bytes / (int64_t)sizeof **triples;
    if (!is_sorted(*triples, *count))
        qsort(*triples, (size_t)*count, sizeof **triples, by_triple);
cleanup:
    dsep_counter_destroy(&counter);
    free(j.list);
    free(j.adjacent);
    free(j.set);
    free(j.members);
    free(j.middle);
    free(j.with);
    free(j.paths);
    free(j.joined);
    return code;
}

int dsep_triples_ambiguous(const dsep_triple *triples, int64_t count, int64_t x, int64_t z,
                           int64_t y) {
    const dsep_triple wanted = {(int32_t)(x < y ? x : y), (int32_t)z, (int32_t)(x < y ? y : x), 0};
    const dsep_triple *found =
        count > 0 ? bsearch(&wanted, triples, (size_t)count, sizeof *triples, by_triple) : NULL;
    return found && found->kind == DSEP_TRIPLE_AMBIGUOUS;
}
