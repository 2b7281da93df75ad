#include "mpi/sepsets.h"

#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

int dsep_sepsets_create(int64_t n_nodes, dsep_error *error, dsep_sepsets **sets) {
    *sets = dsep_array(1, sizeof **sets);
    if (!*sets)
        return dsep_out_of_memory(error, "separating sets");
    (*sets)->n_nodes = n_nodes;
    (*sets)->offset = dsep_array(1, sizeof *(*sets)->offset);
    if ((*sets)->offset)
        return DSEP_OK;
    dsep_sepsets_destroy(sets);
    return dsep_out_of_memory(error, "separating sets");
}

static void release_settled(dsep_sepsets *sets) {
    free(sets->first);
    free(sets->second);
    free(sets->offset);
    free(sets->member);
    sets->first = sets->second = sets->member = NULL;
    sets->offset = NULL;
    sets->n_settled = 0;
}

void dsep_sepsets_destroy(dsep_sepsets **sets) {
    if (!sets || !*sets)
        return;
    release_settled(*sets);
    free((*sets)->found);
    free(*sets);
    *sets = NULL;
}

/* --- pairs as runs ---------------------------------------------------------------------------- */

enum { HEAD = 3 };

static int64_t run_length(const int32_t *run) {
    return HEAD + run[2];
}

static int append(dsep_sepsets *sets, int32_t x, int32_t y, const int32_t *member, int64_t count,
                  dsep_error *error) {
    const int code = dsep_array_reserve((void **)&sets->found, &sets->found_room,
                                        sets->n_found + HEAD + count, sizeof *sets->found, error);
    if (code)
        return code;
    int32_t *run = sets->found + sets->n_found;
    run[0] = x;
    run[1] = y;
    run[2] = (int32_t)count;
    memcpy(run + HEAD, member, (size_t)count * sizeof *run);
    sets->n_found += run_length(run);
    return DSEP_OK;
}

int dsep_sepsets_add(dsep_sepsets *sets, int64_t x, int64_t y, const int32_t *member, int64_t count,
                     dsep_error *error) {
    const int code =
        append(sets, (int32_t)(x < y ? x : y), (int32_t)(x < y ? y : x), member, count, error);
    sets->count += !code;
    return code;
}

void dsep_sepsets_truncate(dsep_sepsets *sets, int64_t count) {
    if (count >= sets->count)
        return;
    int64_t end = 0;
    for (int64_t k = sets->n_settled; k < count; k++)
        end += run_length(sets->found + end);
    sets->n_found = end;
    sets->n_settled = count < sets->n_settled ? count : sets->n_settled;
    sets->count = count;
}

/* What was settled earlier goes the same way once more. */
static int unsettle(dsep_sepsets *sets, dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t k = 0; k < sets->n_settled && !code; k++)
        code = append(sets, sets->first[k], sets->second[k], sets->member + sets->offset[k],
                      sets->offset[k + 1] - sets->offset[k], error);
    release_settled(sets);
    return code;
}

/* --- settling -------------------------------------------------------------------------------- */

/* What is needed on the way: how much goes to and comes from each rank, where it stands, and who
 * owns which first node. */
typedef struct {
    int64_t *out, *in, *at, *ones; /* [ranks], at one more */
    int32_t *owner;                /* [n_nodes] */
} transport;

static void list_owners(const dsep_sepsets *sets, int ranks, int32_t *owner) {
    for (int r = 0; r < ranks; r++) {
        const dsep_block block = dsep_layout_pairs(sets->n_nodes, ranks, r);
        for (int64_t x = block.first; x < block.first + block.count; x++)
            owner[x] = r;
    }
}

/* Brings every run to its owner, into sets->found. */
static int send_home(dsep_context *ctx, dsep_sepsets *sets, transport *way) {
    int code = DSEP_OK;
    const int ranks = dsep_size(ctx);
    dsep_error *error = dsep_context_error(ctx);
    int32_t *packed = NULL;
    for (int64_t k = 0; k < sets->n_found; k += run_length(sets->found + k))
        way->out[way->owner[sets->found[k]]] += run_length(sets->found + k);
    for (int r = 0; r < ranks; r++)
        way->at[r + 1] = way->at[r] + way->out[r];
    DSEP_TRY(dsep_exchange(ctx, way->out, way->ones, way->in, way->ones, sizeof *way->out));
    packed = dsep_array(sets->n_found, sizeof *packed);
    DSEP_AGREE(ctx, packed ? DSEP_OK : dsep_out_of_memory(error, "separating sets"));
    for (int64_t k = 0; k < sets->n_found; k += run_length(sets->found + k)) {
        int64_t *place = &way->at[way->owner[sets->found[k]]];
        memcpy(packed + *place, sets->found + k,
               (size_t)run_length(sets->found + k) * sizeof *packed);
        *place += run_length(sets->found + k);
    }
    free(sets->found); /* each step frees what it read: there are millions of pairs */
    sets->n_found = 0;
    for (int r = 0; r < ranks; r++)
        sets->n_found += way->in[r];
    sets->found_room = sets->n_found;
    sets->found = dsep_array(sets->n_found, sizeof *sets->found);
    DSEP_AGREE(ctx, sets->found ? DSEP_OK : dsep_out_of_memory(error, "separating sets"));
    DSEP_TRY(dsep_exchange(ctx, packed, way->out, sets->found, way->in, sizeof *packed));
cleanup:
    free(packed);
    return code;
}

static int exchange_runs(dsep_context *ctx, dsep_sepsets *sets) {
    int code = DSEP_OK;
    const int ranks = dsep_size(ctx);
    if (ranks == 1)
        return DSEP_OK;
    transport way = {.out = dsep_array(ranks, sizeof *way.out),
                     .in = dsep_array(ranks, sizeof *way.in),
                     .at = dsep_array(ranks + 1, sizeof *way.at),
                     .ones = dsep_array(ranks, sizeof *way.ones),
                     .owner = dsep_array(sets->n_nodes, sizeof *way.owner)};
    DSEP_AGREE(ctx, way.out && way.in && way.at && way.ones && way.owner
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "counts"));
    for (int r = 0; r < ranks; r++)
        way.ones[r] = 1;
    list_owners(sets, ranks, way.owner);
    DSEP_TRY(send_home(ctx, sets, &way));
cleanup:
    free(way.out);
    free(way.in);
    free(way.at);
    free(way.ones);
    free(way.owner);
    return code;
}

static int by_second(const void *left, const void *right) {
    const int32_t *a = *(const int32_t *const *)left, *b = *(const int32_t *const *)right;
    return (a[1] > b[1]) - (a[1] < b[1]);
}

/* Sorts the runs of one first node by their second: many by their places in `slots` ([n_nodes]
 * NULL, and left so), few by comparing. */
static void sort_runs(const int32_t **runs, int64_t count, const int32_t **slots, int64_t n_nodes) {
    if (count < 2)
        return;
    if (16 * count < n_nodes - runs[0][0]) {
        qsort(runs, (size_t)count, sizeof *runs, by_second);
        return;
    }
    const int64_t first = runs[0][0] + 1;
    for (int64_t k = 0; k < count; k++)
        slots[runs[k][1]] = runs[k];
    for (int64_t y = first, k = 0; k < count; y++)
        if (slots[y]) {
            runs[k++] = slots[y];
            slots[y] = NULL;
        }
}

/* All runs in order. start: [n_nodes + 1] zeroed; runs: [count]; slots: [n_nodes] NULL. */
static void order_runs(const dsep_sepsets *sets, int64_t *start, const int32_t **runs,
                       const int32_t **slots) {
    const int32_t *end = sets->found + sets->n_found;
    for (const int32_t *run = sets->found; run < end; run += run_length(run))
        start[run[0] + 1]++;
    for (int64_t x = 0; x < sets->n_nodes; x++)
        start[x + 1] += start[x];
    for (const int32_t *run = sets->found; run < end; run += run_length(run))
        runs[start[run[0]]++] = run;
    int64_t from = 0;
    for (int64_t x = 0; x < sets->n_nodes; from = start[x++]) /* each start is now its run's end */
        sort_runs(runs + from, start[x] - from, slots, sets->n_nodes);
}

/* Fills the arrays from the runs in order. */
static int fill(dsep_sepsets *sets, const int32_t *const *runs, int64_t count) {
    sets->first = dsep_array(count, sizeof *sets->first);
    sets->second = dsep_array(count, sizeof *sets->second);
    sets->offset = dsep_array(count + 1, sizeof *sets->offset);
    sets->member = dsep_array(sets->n_found - HEAD * count, sizeof *sets->member);
    if (!sets->first || !sets->second || !sets->offset || !sets->member)
        return 0;
    for (int64_t k = 0; k < count; k++) {
        const int32_t *run = runs[k];
        sets->first[k] = run[0];
        sets->second[k] = run[1];
        memcpy(sets->member + sets->offset[k], run + HEAD, (size_t)run[2] * sizeof *run);
        sets->offset[k + 1] = sets->offset[k] + run[2];
    }
    return 1;
}

static int sort_found(dsep_sepsets *sets, dsep_error *error) {
    int64_t count = 0;
    for (int64_t k = 0; k < sets->n_found; k += run_length(sets->found + k))
        count++;
    int64_t *start = dsep_array(sets->n_nodes + 1, sizeof *start);
    const int32_t **runs = dsep_array(count, sizeof *runs);
    const int32_t **slots = dsep_array(sets->n_nodes, sizeof *slots);
    int whole = start && runs && slots;
    if (whole) {
        order_runs(sets, start, runs, slots);
        whole = fill(sets, runs, count);
    }
    free(start);
    free(runs);
    free(slots);
    free(sets->found);
    sets->found = NULL;
    sets->n_found = sets->found_room = 0;
    sets->count = sets->n_settled = whole ? count : 0;
    return whole ? DSEP_OK : dsep_out_of_memory(error, "separating sets");
}

int dsep_sepsets_settle(dsep_context *ctx, dsep_sepsets *sets) {
    int code = DSEP_OK;
    DSEP_AGREE(ctx, unsettle(sets, dsep_context_error(ctx)));
    DSEP_TRY(exchange_runs(ctx, sets));
    DSEP_AGREE(ctx, sort_found(sets, dsep_context_error(ctx)));
cleanup:
    return code;
}

int64_t dsep_sepsets_find(const dsep_sepsets *sets, int64_t x, int64_t y) {
    int64_t low = 0, high = sets->n_settled;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int before =
            sets->first[middle] != x ? sets->first[middle] < x : sets->second[middle] < y;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sets->n_settled && sets->first[low] == x && sets->second[low] == y ? low : -1;
}

int dsep_sepsets_contains(const dsep_sepsets *sets, int64_t index, int64_t z) {
    for (int64_t k = sets->offset[index]; k < sets->offset[index + 1]; k++)
        if (sets->member[k] == z)
            return 1;
    return 0;
}
