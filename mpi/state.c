#include "mpi/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(dsep_state *state, const char *name, int64_t record, const void *data, int64_t bytes,
               void *own, dsep_error *error) {
    if (strlen(name) >= DSEP_STATE_NAME || dsep_state_find(state, name) ||
        state->n_blocks == DSEP_STATE_BLOCKS || bytes < 0 || (record > 0 && bytes % record != 0))
        return dsep_error_set(error, DSEP_ERROR_INTERNAL, "the state takes no block '%s'", name);
    dsep_state_block *block = &state->block[state->n_blocks++];
    *block = (dsep_state_block){.record = record, .data = data, .bytes = bytes, .own = own};
    snprintf(block->name, sizeof block->name, "%s", name);
    return DSEP_OK;
}

int dsep_state_lend(dsep_state *state, const char *name, int64_t record, const void *data,
                    int64_t bytes, dsep_error *error) {
    return add(state, name, record, data, bytes, NULL, error);
}

int dsep_state_give(dsep_state *state, const char *name, int64_t record, void *data, int64_t bytes,
                    dsep_error *error) {
    const int code = add(state, name, record, data, bytes, data, error);
    if (code)
        free(data);
    return code;
}

int dsep_state_join(dsep_state *state, const dsep_state *other, dsep_error *error) {
    int code = DSEP_OK;
    for (int i = 0; i < other->n_blocks && !code; i++) {
        const dsep_state_block *block = &other->block[i];
        code = dsep_state_lend(state, block->name, block->record, block->data, block->bytes, error);
    }
    return code;
}

const dsep_state_block *dsep_state_find(const dsep_state *state, const char *name) {
    for (int i = 0; i < state->n_blocks; i++)
        if (strcmp(state->block[i].name, name) == 0)
            return &state->block[i];
    return NULL;
}

int dsep_state_read(const dsep_state *state, const char *name, void *data, int64_t bytes,
                    dsep_error *error) {
    const dsep_state_block *block = dsep_state_find(state, name);
    if (!block || block->bytes != bytes)
        return dsep_error_set(error, DSEP_ERROR_DATA, "the state has no block '%s' of %lld bytes",
                              name, (long long)bytes);
    if (bytes > 0)
        memcpy(data, block->data, (size_t)bytes);
    return DSEP_OK;
}

void dsep_state_clear(dsep_state *state) {
    for (int i = 0; i < state->n_blocks; i++)
        free(state->block[i].own);
    *state = (dsep_state){0};
}
