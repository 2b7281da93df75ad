/* The state of a search: what is kept between two units, and how a search goes on from it.
 *
 *   skeleton.progress   where the search stands
 *   skeleton.levels     orders that are done
 *   skeleton.edges      pairs that are adjacent now; within order 0 those found so far: spread
 *   sepsets.*           separating sets, whose sizes tell at which order a pair went: spread
 *   skeleton.tasks      tasks of an open half that are left
 *   skeleton.trace.*    with a trace, tasks and phases so far
 */
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/skeleton_search.h"

#include <stdlib.h>
#include <string.h>

/* Equal on all ranks. */
typedef struct {
    int64_t n_variables, n_levels, order;
    int64_t under_way, half;          /* of an open order */
    int64_t next, tasks;              /* order 0: its first tile; later ones: tasks that are left */
    int64_t tests, singular, removed; /* in it */
    int64_t edges, sets;              /* records of all ranks */
    int64_t ended, stop;
    dsep_skeleton_next forecast;
    double seconds; /* of the open order */
} progress;

/* One of the tasks left. */
typedef struct {
    int32_t node, first, end;
} task_record;

static int damaged(dsep_error *error, const char *what) {
    return dsep_error_set(error, DSEP_ERROR_DATA, "the state of the search is damaged: %s", what);
}

/* --- keeping --------------------------------------------------------------------------------- */

static int give_copy(dsep_state *state, const char *name, int64_t record, const void *data,
                     int64_t bytes, dsep_error *error) {
    void *copy = dsep_array(bytes, 1);
    if (!copy)
        return dsep_out_of_memory(error, "the state of the search");
    if (bytes > 0)
        memcpy(copy, data, (size_t)bytes);
    return dsep_state_give(state, name, record, copy, bytes, error);
}

/* Edges x < y of nodes x that are there still, into `edge`, or only counted when it is NULL. */
static int64_t list_edges(const dsep_adjacency *adjacency, dsep_block nodes, dsep_pair *edge) {
    int64_t count = 0;
    for (int64_t x = nodes.first; x < nodes.first + nodes.count; x++)
        for (int64_t k = adjacency->offset[x]; k < adjacency->offset[x + 1]; k++) {
            const int32_t y = adjacency->neighbour[k];
            if (y < x || adjacency->gone[k])
                continue;
            if (edge)
                edge[count] = (dsep_pair){(int32_t)x, y};
            count++;
        }
    return count;
}

static int save_edges(dsep_context *ctx, const dsep_adjacency *adjacency, dsep_state *state,
                      int64_t *count) {
    dsep_error *error = dsep_context_error(ctx);
    const dsep_block mine = dsep_layout_pairs(adjacency->n_nodes, dsep_size(ctx), dsep_rank(ctx));
    *count = list_edges(adjacency, mine, NULL);
    dsep_pair *edges = dsep_array(*count, sizeof *edges);
    if (!edges)
        return dsep_out_of_memory(error, "the state of the search");
    list_edges(adjacency, mine, edges);
    return dsep_state_give(state, "skeleton.edges", sizeof *edges, edges,
                           *count * (int64_t)sizeof *edges, error);
}

static int save_tasks(const dsep_search *s, dsep_state *state, dsep_error *error) {
    const int64_t count = s->n_tasks - s->next;
    task_record *records = dsep_array(count, sizeof *records);
    if (!records)
        return dsep_out_of_memory(error, "the state of the search");
    for (int64_t t = 0; t < count; t++) {
        const dsep_search_task task = s->tasks[s->next + t];
        records[t] = (task_record){task.node, task.first, task.end};
    }
    return dsep_state_give(state, "skeleton.tasks", 0, records, count * (int64_t)sizeof *records,
                           error);
}

/* What is the same for an open search and for one that has ended. most: members of a set. */
static int save_made(const dsep_skeleton *made, const dsep_sepsets *sepsets, int64_t most,
                     dsep_state *state, dsep_error *error) {
    int code = dsep_state_lend(state, "skeleton.levels", 0, made->levels,
                               made->n_levels * (int64_t)sizeof *made->levels, error);
    if (!code)
        code = dsep_sepsets_save(sepsets, most, state, error);
    if (!code && made->n_phases > 0)
        code = dsep_state_lend(state, "skeleton.trace.tasks", 0, made->tasks,
                               made->n_tasks * (int64_t)sizeof *made->tasks, error);
    if (!code && made->n_phases > 0)
        code = dsep_state_lend(state, "skeleton.trace.phases", 0, made->phases,
                               made->n_phases * (int64_t)sizeof *made->phases, error);
    return code;
}

/* Sums what ranks counted, and adds it. */
static int save_progress(dsep_context *ctx, progress at, dsep_state *state) {
    int64_t sums[] = {at.tests, at.singular, at.removed, at.edges, at.sets};
    dsep_sum_i64(ctx, sums, 5);
    dsep_max_f64(ctx, &at.seconds, 1);
    at.tests = sums[0];
    at.singular = sums[1];
    at.removed = sums[2];
    at.edges = sums[3];
    at.sets = sums[4];
    return dsep_agree(
        ctx, give_copy(state, "skeleton.progress", 0, &at, sizeof at, dsep_context_error(ctx)));
}

static int save_search(dsep_context *ctx, const dsep_search *s, dsep_state *state) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(ctx);
    const int64_t bytes = s->n_pairs * (int64_t)sizeof *s->pairs;
    progress at = {.n_variables = s->p,
                   .n_levels = s->made->n_levels,
                   .order = s->order,
                   .sets = s->sepsets->count,
                   .edges = s->n_pairs,
                   .forecast = {.order = -1}};
    if (s->under_way) {
        at.under_way = 1;
        at.half = s->half;
        at.next = s->order == 0 ? s->next : 0;
        at.tasks = s->order == 0 ? 0 : s->n_tasks - s->next;
        at.tests = s->tests;
        at.singular = s->singular;
        at.removed = s->removed;
        at.seconds = dsep_clock() - s->began;
    }
    int mine = save_made(s->made, s->sepsets, s->order, state, error);
    if (!mine && s->adjacency)
        mine = save_edges(ctx, s->adjacency, state, &at.edges);
    else if (!mine)
        mine = dsep_state_lend(state, "skeleton.edges", sizeof *s->pairs, s->pairs, bytes, error);
    if (!mine && s->adjacency && s->under_way)
        mine = save_tasks(s, state, error);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(save_progress(ctx, at, state));
cleanup:
    return code;
}

int dsep_skeleton_save(dsep_context *ctx, const dsep_skeleton *skeleton, dsep_state *state) {
    int code = DSEP_OK;
    progress at = {.n_variables = skeleton->adjacency->n_nodes,
                   .n_levels = skeleton->n_levels,
                   .order = skeleton->n_levels,
                   .sets = skeleton->sepsets->count,
                   .ended = 1,
                   .stop = skeleton->stop,
                   .forecast = skeleton->next};
    int mine =
        save_made(skeleton, skeleton->sepsets, skeleton->n_levels, state, dsep_context_error(ctx));
    if (!mine)
        mine = save_edges(ctx, skeleton->adjacency, state, &at.edges);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(save_progress(ctx, at, state));
cleanup:
    return code;
}

int dsep_search_pause(dsep_context *ctx, dsep_search *s, double seconds) {
    int code = DSEP_OK, stop = 0;
    dsep_state state = {0};
    if (!dsep_units_due(ctx, &s->units, seconds))
        return DSEP_OK;
    DSEP_TRY(save_search(ctx, s, &state));
    DSEP_TRY(s->units.pauses->keep(ctx, &state, s->units.pauses->data, &stop));
    s->stopped = stop;
cleanup:
    dsep_state_clear(&state);
    return code;
}

/* --- going on: what each rank takes ---------------------------------------------------------- */

static int read_progress(const dsep_search *s, progress *at, dsep_error *error) {
    const int code =
        dsep_state_read(s->settings->resume, "skeleton.progress", at, sizeof *at, error);
    if (code)
        return code;
    if (at->n_variables != s->p)
        return damaged(error, "it is of another number of variables");
    const int64_t tiles = at->order == 0 ? dsep_search_count_tiles(s) : 0;
    if (at->order != at->n_levels || at->order < 0 || at->order > DSEP_ADJACENCY_MAX_ORDER + 1 ||
        at->half < 0 || at->half > 1 || at->next < 0 || at->next > tiles ||
        (at->order == 0 && (!at->under_way || at->ended)) || (at->ended && at->under_way) ||
        at->stop < 0 || at->stop > DSEP_SKELETON_STOPPED)
        return damaged(error, "there is no such place in a search");
    return DSEP_OK;
}

/* A copy of a block of `size` bytes an element; *room: how many. */
static int read_array(const dsep_state *state, const char *name, size_t size, void **array,
                      int64_t *room, dsep_error *error) {
    const dsep_state_block *block = dsep_state_find(state, name);
    const int64_t count = block ? block->bytes / (int64_t)size : 0;
    *array = dsep_array(count, size);
    *room = *array ? count : 0;
    if (!*array)
        return dsep_out_of_memory(error, "the search");
    return dsep_state_read(state, name, *array, count * (int64_t)size, error);
}

static int read_levels(dsep_search *s, int64_t n_levels, dsep_error *error) {
    dsep_skeleton *made = s->made;
    const dsep_state *from = s->settings->resume;
    int code = read_array(from, "skeleton.levels", sizeof *made->levels, (void **)&made->levels,
                          &s->level_room, error);
    if (!code && s->level_room != n_levels)
        code = damaged(error, "there are more orders, or fewer, than were done");
    made->n_levels = code ? 0 : n_levels;
    if (code || !s->settings->trace || !dsep_state_find(from, "skeleton.trace.tasks"))
        return code;
    code = read_array(from, "skeleton.trace.tasks", sizeof *made->tasks, (void **)&made->tasks,
                      &s->task_room, error);
    if (!code)
        code = read_array(from, "skeleton.trace.phases", sizeof *made->phases,
                          (void **)&made->phases, &s->phase_room, error);
    made->n_tasks = code ? 0 : s->task_room;
    made->n_phases = code ? 0 : s->phase_room;
    return code;
}

static int add_pair(dsep_search *s, dsep_pair pair, dsep_error *error) {
    if (pair.x < 0 || pair.x >= pair.y || pair.y >= s->p)
        return damaged(error, "there is no such edge");
    const int code = dsep_array_reserve((void **)&s->pairs, &s->pairs_room, s->n_pairs + 1,
                                        sizeof *s->pairs, error);
    if (!code)
        s->pairs[s->n_pairs++] = pair;
    return code;
}

/* Edges that are there, and then those that went later than order 0. Sets of the open order are the
 * last, as if they had just been found. */
static int read_pairs(dsep_search *s, const progress *at, dsep_error *error) {
    const dsep_state *from = s->settings->resume;
    const dsep_state_block *edges = dsep_state_find(from, "skeleton.edges");
    const int64_t size = sizeof(dsep_pair);
    if (!edges || edges->bytes % size != 0)
        return damaged(error, "no list of edges");
    int code = DSEP_OK;
    for (int64_t k = 0; k < edges->bytes / size && !code; k++)
        code = add_pair(s, ((const dsep_pair *)edges->data)[k], error);
    if (!code)
        code = dsep_sepsets_load(s->sepsets, from, 1, at->order - 1, error);
    s->n_sepsets = s->sepsets->count;
    if (!code)
        code = dsep_sepsets_load(s->sepsets, from, at->order, at->order, error);
    return code;
}

static int read_tasks(dsep_search *s, int64_t expected, dsep_error *error) {
    const dsep_state_block *block = dsep_state_find(s->settings->resume, "skeleton.tasks");
    const int64_t size = sizeof(task_record), count = block ? block->bytes / size : 0;
    if (!block || block->bytes % size != 0 || count != expected)
        return damaged(error, "tasks are missing");
    const int code =
        dsep_array_reserve((void **)&s->tasks, &s->tasks_room, count, sizeof *s->tasks, error);
    for (int64_t t = 0; t < count && !code; t++) {
        const task_record task = ((const task_record *)block->data)[t];
        if (task.node < 0 || task.node >= s->p || task.first < 0 || task.first >= task.end ||
            task.end > s->degree[task.node])
            return damaged(error, "there is no such task");
        dsep_search_freeze(s, task.node);
        const int64_t targets = dsep_search_targets(s, task.node, task.first, task.end);
        const double sets = dsep_skeleton_count_sets(s->degree[task.node], s->order);
        s->tasks[s->n_tasks++] =
            (dsep_search_task){(double)targets * sets, task.node, task.first, task.end};
    }
    return code;
}

/* --- going on: what ranks do together -------------------------------------------------------- */

/* Whether no rank's records are missing. */
static int check_counts(dsep_context *ctx, const dsep_search *s, const progress *at) {
    int64_t sums[] = {s->n_pairs, s->sepsets->count};
    dsep_sum_i64(ctx, sums, 2);
    return sums[0] == at->edges && sums[1] == at->sets
               ? DSEP_OK
               : damaged(dsep_context_error(ctx), "edges or separating sets are missing");
}

/* Whether no pair came twice: rows ascend, and nothing fell together. */
static int check_rows(const dsep_adjacency *adjacency, const progress *at, dsep_error *error) {
    int good = adjacency->offset[adjacency->n_nodes] == 2 * (at->edges + at->sets);
    for (int64_t x = 0; x < adjacency->n_nodes; x++)
        for (int64_t k = adjacency->offset[x] + 1; k < adjacency->offset[x + 1]; k++)
            good &= adjacency->neighbour[k] > adjacency->neighbour[k - 1];
    return good ? DSEP_OK : damaged(error, "an edge is there twice");
}

/* From bits where order 0 had them: for many pairs that is much less memory than lists. */
static int make_rows(dsep_context *ctx, dsep_search *s) {
    int code = DSEP_OK;
    dsep_shared *bits = NULL;
    const int64_t words = (s->p + 63) / 64;
    if (s->settings->listed)
        return dsep_adjacency_create_listed(ctx, s->p, s->pairs, s->n_pairs, &s->adjacency);
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(s->p, words, 8), "adjacency bits", &bits));
    uint64_t *row = dsep_shared_data(bits);
    for (int64_t k = 0; k < s->n_pairs; k++) /* two ranks may share a word */
        __atomic_fetch_or(&row[s->pairs[k].x * words + s->pairs[k].y / 64],
                          (uint64_t)1 << s->pairs[k].y % 64, __ATOMIC_RELAXED);
    dsep_shared_unite(ctx, bits);
    DSEP_TRY(dsep_adjacency_create(ctx, s->p, row, words, &s->adjacency));
cleanup:
    dsep_shared_destroy(&bits);
    return code;
}

/* The rows that order 0 left, with what has gone since. The sets stand as runs. */
static int make_adjacency(dsep_context *ctx, dsep_search *s, const progress *at) {
    int code = DSEP_OK, mine = DSEP_OK;
    const int32_t *end = s->sepsets->found + s->sepsets->n_found;
    dsep_error *error = dsep_context_error(ctx);
    for (const int32_t *run = s->sepsets->found; run < end && !mine; run += 3 + run[2])
        mine = add_pair(s, (dsep_pair){run[0], run[1]}, error);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(make_rows(ctx, s));
    DSEP_AGREE(ctx, check_rows(s->adjacency, at, error));
    for (const int32_t *run = s->sepsets->found; run < end; run += 3 + run[2])
        dsep_adjacency_mark(s->adjacency, (dsep_pair){run[0], run[1]}, run[2]);
    dsep_adjacency_unite(ctx, s->adjacency);
    free(s->pairs);
    s->pairs = NULL;
    s->n_pairs = s->pairs_room = 0;
cleanup:
    return code;
}

/* What the orders so far, and the open one, found at every node. */
static void count_degrees(dsep_search *s) {
    for (int64_t x = 0; x < s->p; x++) {
        for (int64_t l = 1; l < s->order; l++)
            s->sets[x] +=
                dsep_skeleton_count_sets(dsep_adjacency_frozen_degree(s->adjacency, x, l), l);
        s->degree[x] = dsep_adjacency_frozen_degree(s->adjacency, x, s->order);
    }
}

/* Takes the place in the search; what was counted is the first rank's. */
static void take_place(dsep_context *ctx, dsep_search *s, const progress *at) {
    const int first = dsep_rank(ctx) == 0;
    s->order = at->order;
    s->half = (int)at->half;
    s->under_way = at->under_way != 0;
    s->next = at->next;
    s->ended = at->ended != 0;
    s->resumed = 1;
    s->began = dsep_clock() - at->seconds;
    s->tests = first ? at->tests : 0;
    s->singular = first ? at->singular : 0;
    s->removed = first ? at->removed : 0;
    s->made->stop = (dsep_skeleton_stop)at->stop;
    s->made->next = at->forecast;
    s->n_trace_tasks = s->made->n_tasks;
    s->n_trace_phases = s->made->n_phases;
}

int dsep_search_resume(dsep_context *ctx, dsep_search *s) {
    int code = DSEP_OK;
    progress at = {0};
    dsep_error *error = dsep_context_error(ctx);
    s->listed = 1; /* of a state within order 0 */
    int mine = read_progress(s, &at, error);
    if (!mine)
        mine = read_levels(s, at.n_levels, error);
    if (!mine)
        mine = read_pairs(s, &at, error);
    DSEP_AGREE(ctx, mine);
    DSEP_AGREE(ctx, check_counts(ctx, s, &at));
    take_place(ctx, s, &at);
    if (s->order == 0)
        return DSEP_OK;
    DSEP_TRY(make_adjacency(ctx, s, &at));
    count_degrees(s);
    DSEP_AGREE(ctx, s->under_way ? read_tasks(s, at.tasks, error) : DSEP_OK);
cleanup:
    return code;
}
