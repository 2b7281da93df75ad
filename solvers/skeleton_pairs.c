/* Order 0: all pairs, tile by tile. */
#include "mpi/clock.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/skeleton_search.h"

#include <stdlib.h>
#include <string.h>

/* Tiles that products are made for are large; those that are only read are small, so that many
 * ranks have some. COLUMNS are a multiple of ROWS and of 64. */
typedef struct {
    int64_t p, rows, columns;
} tiling;

static tiling tiling_of(const dsep_search *s) {
    return s->listed ? (tiling){s->p, DSEP_CITEST_ROWS, DSEP_CITEST_COLUMNS}
                     : (tiling){s->p, 64, 512};
}

/* Where dependent pairs go: a matrix of bits, or without one this rank's list. */
typedef struct {
    uint64_t *bits; /* [p x words], shared */
    int64_t words;
} sink;

/* Rows of tiles reach from the diagonal to the right. */
static int64_t tiles_of_row(const tiling *t, int64_t row) {
    return (t->p + t->columns - 1) / t->columns - row * t->rows / t->columns;
}

static int64_t count_tiles(const tiling *t) {
    int64_t count = 0;
    for (int64_t row = 0; row * t->rows < t->p; row++)
        count += tiles_of_row(t, row);
    return count;
}

static dsep_block cut(int64_t first, int64_t length, int64_t p) {
    return (dsep_block){first, p - first < length ? p - first : length};
}

/* Tile number `task`, row after row; *row and *before (tiles above it) go on from the last one. */
static void locate(const tiling *t, int64_t task, int64_t *row, int64_t *before, dsep_block *rows,
                   dsep_block *columns) {
    if (task < *before)
        *row = *before = 0;
    while (task - *before >= tiles_of_row(t, *row))
        *before += tiles_of_row(t, (*row)++);
    *rows = cut(*row * t->rows, t->rows, t->p);
    *columns = cut((*row * t->rows / t->columns + task - *before) * t->columns, t->columns, t->p);
}

/* Pairs x < y of a tile. */
static int64_t pairs_in(dsep_block rows, dsep_block columns) {
    int64_t count = 0;
    for (int64_t x = rows.first; x < rows.first + rows.count; x++) {
        const int64_t first = columns.first > x + 1 ? columns.first : x + 1;
        const int64_t end = columns.first + columns.count;
        count += end > first ? end - first : 0;
    }
    return count;
}

/* Pairs that knowledge decides are no tests. Returns how many of a row were tests. */
static int64_t apply_knowledge(const dsep_search *s, int64_t x, dsep_block columns, uint64_t *row,
                               int64_t *independent) {
    int64_t decided = 0;
    const int64_t first = columns.first > x + 1 ? columns.first : x + 1;
    for (int64_t y = first; y < columns.first + columns.count; y++) {
        const int64_t k = y - columns.first;
        const uint64_t bit = (uint64_t)1 << k % 64;
        const int joined = dsep_knowledge_joins(s->knowledge, x, y);
        const int parted = dsep_knowledge_parts(s->knowledge, x, y);
        if (!joined && !parted)
            continue;
        decided++;
        *independent -= !(row[k / 64] & bit);
        row[k / 64] = joined ? row[k / 64] | bit : row[k / 64] & ~bit;
    }
    return decided;
}

static int keep(dsep_search *s, const sink *to, int64_t x, dsep_block columns, const uint64_t *row,
                int64_t words) {
    if (to->bits) {
        memcpy(to->bits + x * to->words + columns.first / 64, row, (size_t)words * sizeof *row);
        return DSEP_OK;
    }
    for (int64_t word = 0; word < words; word++)
        for (uint64_t rest = row[word]; rest; rest &= rest - 1) {
            const int code = dsep_array_reserve((void **)&s->pairs, &s->pairs_room, s->n_pairs + 1,
                                                sizeof *s->pairs, dsep_context_error(s->ctx));
            if (code)
                return code;
            s->pairs[s->n_pairs++] = (dsep_pair){
                (int32_t)x, (int32_t)(columns.first + 64 * word + __builtin_ctzll(rest))};
        }
    return DSEP_OK;
}

static int search_tile(dsep_search *s, dsep_block rows, dsep_block columns, const sink *to) {
    int code = DSEP_OK;
    const int64_t words = (columns.count + 63) / 64, pairs = pairs_in(rows, columns);
    int64_t dependent = 0, decided = 0;
    s->test->pairs(s->test->state, rows, columns, s->dependent);
    for (int64_t i = 0; i < rows.count * words; i++)
        dependent += __builtin_popcountll(s->dependent[i]);
    int64_t independent = pairs - dependent;
    for (int64_t i = 0; i < rows.count && !code; i++) {
        uint64_t *row = s->dependent + i * words;
        if (s->knowledge)
            decided += apply_knowledge(s, rows.first + i, columns, row, &independent);
        code = keep(s, to, rows.first + i, columns, row, words);
    }
    s->tests += pairs - decided;
    s->removed += independent;
    return code;
}

int64_t dsep_search_count_tiles(const dsep_search *s) {
    const tiling tiled = tiling_of(s);
    return count_tiles(&tiled);
}

/* Tiles s->next .. end - 1. */
static int search_tiles(dsep_context *ctx, dsep_search *s, const sink *to, int64_t end,
                        dsep_skeleton_task *costs) {
    int code = DSEP_OK;
    int64_t row = 0, before = 0;
    const tiling tiled = tiling_of(s);
    const int64_t tiles = count_tiles(&tiled), first = s->next;
    dsep_counter_reset(ctx, s->counter, end - first);
    for (int64_t t; !s->failed && !s->late && (t = dsep_counter_next(s->counter)) >= 0;) {
        dsep_block rows, columns;
        const int64_t task = first + t;
        locate(&tiled, task, &row, &before, &rows, &columns);
        if (costs)
            costs[task] = (dsep_skeleton_task){.node = rows.first,
                                               .targets = pairs_in(rows, columns),
                                               .cost = pairs_in(rows, columns)};
        s->failed = search_tile(s, rows, columns, to);
        s->late = s->settings->deadline > 0 && dsep_clock() > s->settings->deadline;
        dsep_log_progress(ctx, "order 0", (double)(first + dsep_counter_taken(s->counter)),
                          (double)tiles, "tiles");
    }
    dsep_counter_finish(ctx, s->counter);
    if (!s->failed && s->late)
        s->failed =
            dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                      "--max-time ended while the pairs of variables were tested without "
                      "any condition (%lld of %lld tiles taken): there is no result to "
                      "keep. `dsep plan` forecasts what this run needs",
                      (long long)(first + dsep_counter_taken(s->counter)), (long long)tiles);
    DSEP_AGREE(ctx, s->failed);
    s->next = end;
cleanup:
    return code;
}

/* All that are left, in units where pairs are listed. */
static int search_units(dsep_context *ctx, dsep_search *s, const sink *to,
                        dsep_skeleton_task *costs) {
    int code = DSEP_OK;
    const double tile = 1;
    const int whole = to->bits || s->settings->trace;
    const dsep_unit_costs tiles = {&tile, 0, dsep_search_count_tiles(s)};
    s->units.rate = 0;
    for (s->under_way = 1; s->next < tiles.count && !s->stopped;) {
        const double began = dsep_clock();
        double cost;
        const int64_t end =
            whole ? tiles.count : dsep_units_end(ctx, &s->units, tiles, s->next, &cost);
        DSEP_TRY(search_tiles(ctx, s, to, end, costs));
        if (end == tiles.count)
            break;
        dsep_units_measure(ctx, &s->units, cost, began);
        DSEP_TRY(dsep_search_pause(ctx, s, dsep_units_ahead(ctx, &s->units, tiles, s->next)));
    }
cleanup:
    return code;
}

int dsep_search_pairs(dsep_context *ctx, dsep_search *s) {
    int code = DSEP_OK;
    dsep_shared *bits = NULL;
    dsep_skeleton_task *costs = NULL;
    const int64_t tiles = dsep_search_count_tiles(s);
    sink to = {.words = (s->p + 63) / 64};
    if (!s->listed) {
        DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(s->p, to.words, 8), "adjacency bits", &bits));
        to.bits = dsep_shared_data(bits);
    }
    DSEP_TRY(dsep_search_trace_begin(ctx, s, tiles, &costs));
    DSEP_TRY(search_units(ctx, s, &to, costs));
    if (s->stopped)
        goto cleanup;
    if (bits) {
        dsep_shared_unite(ctx, bits);
        DSEP_TRY(dsep_adjacency_create(ctx, s->p, to.bits, to.words, &s->adjacency));
    } else {
        DSEP_TRY(dsep_adjacency_create_listed(ctx, s->p, s->pairs, s->n_pairs, &s->adjacency));
    }
    const int64_t listed = s->adjacency->offset[s->p] / 2 * (int64_t)sizeof *s->pairs;
    dsep_search_trace_end(ctx, s, tiles, bits ? s->p * to.words * 8 : listed);
cleanup:
    dsep_shared_destroy(&bits);
    free(s->pairs);
    s->pairs = NULL;
    s->n_pairs = s->pairs_room = 0;
    return code;
}
