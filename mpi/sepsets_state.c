/* Separating sets in a state: records of fixed size, so that any number of ranks can share them. */
#include "mpi/memory.h"
#include "mpi/sepsets.h"

#include <stdio.h>
#include <string.h>

enum { PAIR = 2 };

/* One pair with its set; lent. */
typedef struct {
    int32_t x, y;
    const int32_t *member;
    int64_t count;
} pair_set;

/* Pair number `k` here; *run goes along the runs. */
static pair_set set_at(const dsep_sepsets *sets, int64_t k, const int32_t **run) {
    if (k < sets->n_settled)
        return (pair_set){sets->first[k], sets->second[k], sets->member + sets->offset[k],
                          sets->offset[k + 1] - sets->offset[k]};
    const int32_t *at = *run;
    *run += 3 + at[2];
    return (pair_set){at[0], at[1], at + 3, at[2]};
}

static void name_block(char name[DSEP_STATE_NAME], int64_t width) {
    snprintf(name, DSEP_STATE_NAME, "sepsets.%d", (int)width);
}

/* Records of the sets with more than width / 2 and up to `width` members, into `record`, or only
 * counted when it is NULL. */
static int64_t write_records(const dsep_sepsets *sets, int64_t width, int32_t *record) {
    const int32_t *run = sets->found;
    int64_t count = 0;
    for (int64_t k = 0; k < sets->count; k++) {
        const pair_set set = set_at(sets, k, &run);
        if (set.count > width || set.count <= width / 2)
            continue;
        count++;
        if (!record)
            continue;
        *record++ = set.x;
        *record++ = set.y;
        for (int64_t m = 0; m < width; m++)
            *record++ = m < set.count ? set.member[m] : -1;
    }
    return count;
}

int dsep_sepsets_save(const dsep_sepsets *sets, int64_t most, dsep_state *state,
                      dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t width = 1; width / 2 < most && !code; width *= 2) {
        char name[DSEP_STATE_NAME];
        name_block(name, width);
        const int64_t size = (PAIR + width) * (int64_t)sizeof(int32_t);
        const int64_t count = write_records(sets, width, NULL);
        int32_t *records = dsep_array(count, (size_t)size);
        if (!records)
            return dsep_out_of_memory(error, "the state of the search");
        write_records(sets, width, records);
        code = dsep_state_give(state, name, size, records, count * size, error);
    }
    return code;
}

/* Number of members of a record, or -1 when it is none. */
static int64_t count_members(const int32_t *record, int64_t width, int64_t n_nodes) {
    const int32_t x = record[0], y = record[1], *member = record + PAIR;
    int64_t count = 0;
    if (x < 0 || x >= y || y >= n_nodes)
        return -1;
    for (; count < width && member[count] >= 0; count++)
        if (member[count] >= n_nodes || member[count] == x || member[count] == y ||
            (count > 0 && member[count] <= member[count - 1]))
            return -1;
    for (int64_t m = count; m < width; m++)
        if (member[m] != -1)
            return -1;
    return count > width / 2 ? count : -1;
}

static int load_block(dsep_sepsets *sets, const dsep_state_block *block, int64_t width,
                      int64_t from, int64_t to, dsep_error *error) {
    int code = DSEP_OK;
    const int64_t size = (PAIR + width) * (int64_t)sizeof(int32_t);
    if (block->record != size || block->bytes % size != 0)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "the state's block '%s' has records of %lld bytes and not %lld",
                              block->name, (long long)block->record, (long long)size);
    const int32_t *record = block->data;
    for (int64_t k = 0; k < block->bytes / size && !code; k++, record += PAIR + width) {
        const int64_t count = count_members(record, width, sets->n_nodes);
        if (count < 0)
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "record %lld of the state's block '%s' is no separating set",
                                  (long long)k, block->name);
        if (count >= from && count <= to)
            code = dsep_sepsets_add(sets, record[0], record[1], record + PAIR, count, error);
    }
    return code;
}

int dsep_sepsets_load(dsep_sepsets *sets, const dsep_state *state, int64_t from, int64_t to,
                      dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t width = 1; width / 2 < to && !code; width *= 2) {
        char name[DSEP_STATE_NAME];
        name_block(name, width);
        const dsep_state_block *block = dsep_state_find(state, name);
        if (block)
            code = load_block(sets, block, width, from, to, error);
    }
    return code;
}
