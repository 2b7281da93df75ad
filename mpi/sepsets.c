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

void dsep_sepsets_destroy(dsep_sepsets **sets) {
    if (!sets || !*sets)
        return;
    free((*sets)->first);
    free((*sets)->second);
    free((*sets)->offset);
    free((*sets)->member);
    free(*sets);
    *sets = NULL;
}

/* Room for some more pairs: three arrays of one length, so one capacity serves them. */
static int make_room(dsep_sepsets *sets, int64_t more, dsep_error *error) {
    int code = DSEP_OK;
    int64_t room = sets->room;
    if (sets->count + more <= room)
        return DSEP_OK;
    DSEP_TRY(dsep_array_reserve((void **)&sets->first, &room, sets->count + more,
                                sizeof *sets->first, error));
    room = sets->room;
    DSEP_TRY(dsep_array_reserve((void **)&sets->second, &room, sets->count + more,
                                sizeof *sets->second, error));
    int64_t ends = sets->room ? sets->room + 1 : 0;
    DSEP_TRY(
        dsep_array_reserve((void **)&sets->offset, &ends, room + 1, sizeof *sets->offset, error));
    sets->room = room;
cleanup:
    return code;
}

int dsep_sepsets_add(dsep_sepsets *sets, int64_t x, int64_t y, const int32_t *member, int64_t count,
                     dsep_error *error) {
    int code = DSEP_OK;
    const int64_t at = sets->offset[sets->count];
    DSEP_TRY(make_room(sets, 1, error));
    DSEP_TRY(dsep_array_reserve((void **)&sets->member, &sets->member_room, at + count,
                                sizeof *sets->member, error));
    sets->first[sets->count] = (int32_t)(x < y ? x : y);
    sets->second[sets->count] = (int32_t)(x < y ? y : x);
    memcpy(sets->member + at, member, (size_t)count * sizeof *member);
    sets->offset[++sets->count] = at + count;
cleanup:
    return code;
}

void dsep_sepsets_truncate(dsep_sepsets *sets, int64_t count) {
    sets->count = count < sets->count ? count : sets->count;
}

/* --- settling -------------------------------------------------------------------------------- */

/* On its way a pair is a run of int32: first, second, number of members, members. */
static int64_t record_length(const dsep_sepsets *sets, int64_t k) {
    return 3 + sets->offset[k + 1] - sets->offset[k];
}

static int owner_of(dsep_context *ctx, const dsep_sepsets *sets, int64_t k) {
    return (int)dsep_layout_owner(sets->n_nodes, dsep_size(ctx), sets->first[k]);
}

static void pack(dsep_context *ctx, const dsep_sepsets *sets, int64_t *at, int32_t *packed) {
    for (int64_t k = 0; k < sets->count; k++) {
        int64_t *place = &at[owner_of(ctx, sets, k)];
        int32_t *record = packed + *place;
        const int64_t members = sets->offset[k + 1] - sets->offset[k];
        record[0] = sets->first[k];
        record[1] = sets->second[k];
        record[2] = (int32_t)members;
        memcpy(record + 3, sets->member + sets->offset[k], (size_t)members * sizeof *record);
        *place += 3 + members;
    }
}

/* A record while it is sorted: its second node, and where it begins. */
typedef struct {
    int64_t second, at;
} place;

static int by_second(const void *left, const void *right) {
    const place *a = left, *b = right;
    return (a->second > b->second) - (a->second < b->second);
}

/* Sorts by counting first nodes, then by second nodes among those of one first node.
 * start: [n_nodes + 1] zeroed; room: for all records. */
static void sort_records(const int32_t *packed, int64_t length, int64_t n_nodes, int64_t *start,
                         place *sorted) {
    for (int64_t at = 0; at < length; at += 3 + packed[at + 2])
        start[packed[at] + 1]++;
    for (int64_t x = 0; x < n_nodes; x++)
        start[x + 1] += start[x];
    for (int64_t at = 0; at < length; at += 3 + packed[at + 2])
        sorted[start[packed[at]]++] = (place){packed[at + 1], at};
    int64_t from = 0;
    for (int64_t x = 0; x < n_nodes; from = start[x++]) /* each start is now the end of its run */
        if (start[x] - from > 1)
            qsort(sorted + from, (size_t)(start[x] - from), sizeof *sorted, by_second);
}

static int unpack(const int32_t *packed, int64_t length, dsep_sepsets *sets, dsep_error *error) {
    int code = DSEP_OK;
    int64_t count = 0;
    for (int64_t at = 0; at < length; at += 3 + packed[at + 2])
        count++;
    place *sorted = dsep_array(count, sizeof *sorted);
    int64_t *start = dsep_array(sets->n_nodes + 1, sizeof *start);
    if (!sorted || !start) {
        code = dsep_out_of_memory(error, "separating sets");
        goto cleanup;
    }
    sort_records(packed, length, sets->n_nodes, start, sorted);
    DSEP_TRY(make_room(sets, count, error));
    for (int64_t k = 0; k < count; k++) {
        const int32_t *record = packed + sorted[k].at;
        DSEP_TRY(dsep_sepsets_add(sets, record[0], record[1], record + 3, record[2], error));
    }
cleanup:
    free(sorted);
    free(start);
    return code;
}

int dsep_sepsets_settle(dsep_context *ctx, dsep_sepsets **sets) {
    int code = DSEP_OK;
    const int ranks = dsep_size(ctx);
    const int64_t n_nodes = (*sets)->n_nodes;
    dsep_error *error = dsep_context_error(ctx);
    int32_t *packed = NULL, *received = NULL;
    int64_t *out = dsep_array(ranks, sizeof *out), *in = dsep_array(ranks, sizeof *in);
    int64_t *at = dsep_array(ranks + 1, sizeof *at), *ones = dsep_array(ranks, sizeof *ones);
    DSEP_AGREE(ctx, out && in && at && ones ? DSEP_OK : dsep_out_of_memory(error, "counts"));
    for (int64_t k = 0; k < (*sets)->count; k++)
        out[owner_of(ctx, *sets, k)] += record_length(*sets, k);
    for (int r = 0; r < ranks; r++) {
        at[r + 1] = at[r] + out[r];
        ones[r] = 1;
    }
    DSEP_TRY(dsep_exchange(ctx, out, ones, in, ones, sizeof *out));
    int64_t total = 0;
    for (int r = 0; r < ranks; r++)
        total += in[r];
    packed = dsep_array(at[ranks], sizeof *packed);
    received = dsep_array(total, sizeof *received);
    int mine = packed && received ? DSEP_OK : dsep_out_of_memory(error, "separating sets");
    DSEP_AGREE(ctx, mine);
    pack(ctx, *sets, at, packed);
    dsep_sepsets_destroy(sets); /* each step frees what it read: there are millions of pairs */
    DSEP_AGREE(ctx, dsep_sepsets_create(n_nodes, error, sets));
    DSEP_TRY(dsep_exchange(ctx, packed, out, received, in, sizeof *packed));
    free(packed);
    packed = NULL;
    DSEP_AGREE(ctx, unpack(received, total, *sets, error));
cleanup:
    free(packed);
    free(received);
    free(out);
    free(in);
    free(at);
    free(ones);
    return code;
}

int64_t dsep_sepsets_find(const dsep_sepsets *sets, int64_t x, int64_t y) {
    int64_t low = 0, high = sets->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int before =
            sets->first[middle] != x ? sets->first[middle] < x : sets->second[middle] < y;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sets->count && sets->first[low] == x && sets->second[low] == y ? low : -1;
}

int dsep_sepsets_contains(const dsep_sepsets *sets, int64_t index, int64_t z) {
    for (int64_t k = sets->offset[index]; k < sets->offset[index + 1]; k++)
        if (sets->member[k] == z)
            return 1;
    return 0;
}
