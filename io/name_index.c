#include "io/name_index.h"

#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Open addressing, at most half full; a slot holds a number + 1. */
struct dsep_name_index {
    char **names;
    int64_t count, capacity;
    int64_t *slots, n_slots; /* a power of two */
};

static int64_t slot_of(const dsep_name_index *index, const char *name, int64_t length) {
    int64_t slot = (int64_t)(XXH64(name, (size_t)length, 0) & (uint64_t)(index->n_slots - 1));
    while (index->slots[slot]) {
        const char *other = index->names[index->slots[slot] - 1];
        if (strncmp(other, name, (size_t)length) == 0 && other[length] == '\0')
            break;
        slot = (slot + 1) & (index->n_slots - 1);
    }
    return slot;
}

static int grow(dsep_name_index *index, dsep_error *error) {
    int64_t *old = index->slots;
    index->slots = dsep_array(2 * index->n_slots, sizeof *index->slots);
    if (!index->slots) {
        index->slots = old;
        return dsep_out_of_memory(error, "an index of names");
    }
    index->n_slots *= 2;
    for (int64_t i = 0; i < index->count; i++)
        index->slots[slot_of(index, index->names[i], (int64_t)strlen(index->names[i]))] = i + 1;
    free(old);
    return DSEP_OK;
}

int dsep_name_index_add(dsep_name_index *index, char *name, dsep_error *error) {
    int code = dsep_array_reserve((void **)&index->names, &index->capacity, index->count + 1,
                                  sizeof *index->names, error);
    if (!code && 2 * (index->count + 1) > index->n_slots)
        code = grow(index, error);
    if (code)
        return code;
    index->names[index->count] = name;
    index->slots[slot_of(index, name, (int64_t)strlen(name))] = index->count + 1;
    index->count++;
    return DSEP_OK;
}

int dsep_name_index_create(char *const *names, int64_t count, dsep_error *error,
                           dsep_name_index **index) {
    int code = DSEP_OK;
    dsep_name_index *made = dsep_array(1, sizeof *made);
    *index = NULL;
    if (made) {
        made->n_slots = 64;
        made->slots = dsep_array(made->n_slots, sizeof *made->slots);
    }
    if (!made || !made->slots)
        code = dsep_out_of_memory(error, "an index of names");
    for (int64_t i = 0; !code && i < count; i++)
        code = dsep_name_index_find(made, names[i], (int64_t)strlen(names[i])) >= 0
                   ? dsep_error_set(error, DSEP_ERROR_DATA, "the name '%s' stands twice", names[i])
                   : dsep_name_index_add(made, names[i], error);
    if (code)
        dsep_name_index_destroy(&made);
    *index = made;
    return code;
}

void dsep_name_index_destroy(dsep_name_index **index) {
    if (!index || !*index)
        return;
    free((*index)->names);
    free((*index)->slots);
    free(*index);
    *index = NULL;
}

int64_t dsep_name_index_find(const dsep_name_index *index, const char *name, int64_t length) {
    return index->slots[slot_of(index, name, length)] - 1;
}
