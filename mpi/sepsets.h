/* Separating sets: for pairs that are not adjacent, the set that showed it.
 *
 * Only sets with members are kept: a pair that is not adjacent and not listed was independent
 * without any condition. Pairs are spread over ranks by their first node (dsep_layout_pairs()). */
#ifndef DSEP_MPI_SEPSETS_H
#define DSEP_MPI_SEPSETS_H

#include "mpi/context.h"
#include "mpi/state.h"

typedef struct {
    int64_t n_nodes;
    int64_t count;           /* pairs here; the arrays hold them once they are settled */
    int32_t *first, *second; /* [count] first < second */
    int64_t *offset;         /* [count + 1] members of pair k from offset[k] on */
    int32_t *member;         /* [offset[count]] ascending for each pair */
    int64_t n_settled;       /* pairs in the arrays */
    int32_t *found;          /* [n_found] pairs since then, as runs: first, second, number of
                              * members, members */
    int64_t n_found, found_room;
} dsep_sepsets;

/* An empty collection. Not collective. Owner of *sets: the caller. */
int dsep_sepsets_create(int64_t n_nodes, dsep_error *error, dsep_sepsets **sets);

/* Frees it and sets *sets to NULL; accepts NULL. Not collective. */
void dsep_sepsets_destroy(dsep_sepsets **sets);

/* Adds a pair found on this rank, in any order of its nodes. Not collective. */
int dsep_sepsets_add(dsep_sepsets *sets, int64_t x, int64_t y, const int32_t *member, int64_t count,
                     dsep_error *error);

/* Keeps the first `count` pairs that this rank added. Not collective. */
void dsep_sepsets_truncate(dsep_sepsets *sets, int64_t count);

/* Brings every pair to the rank whose dsep_layout_pairs() has its first node, sorted by
 * (first, second). Collective. Errors: DSEP_ERROR_RESOURCES, agreed; the pairs are lost then. After
 * it nothing depends on which rank found what. */
int dsep_sepsets_settle(dsep_context *ctx, dsep_sepsets *sets);

/* Adds the pairs here to a state, settled or not, as blocks sepsets.1, .2, .4, ... of records for
 * pairs with up to so many members: first, second, members, padded by -1. Not collective, but every
 * rank gives the same `most`: no set has more members. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL. Memory: a copy. */
int dsep_sepsets_save(const dsep_sepsets *sets, int64_t most, dsep_state *state, dsep_error *error);

/* Adds those of a state's pairs on this rank that have `from` to `to` members. Not collective.
 * Errors: DSEP_ERROR_DATA for what is no set; DSEP_ERROR_RESOURCES. */
int dsep_sepsets_load(dsep_sepsets *sets, const dsep_state *state, int64_t from, int64_t to,
                      dsep_error *error);

/* Index of a pair (x < y) among the settled ones here, or -1. Not collective. Cost: a binary
 * search. */
int64_t dsep_sepsets_find(const dsep_sepsets *sets, int64_t x, int64_t y);

/* Whether z is in the set with this index. Not collective. */
int dsep_sepsets_contains(const dsep_sepsets *sets, int64_t index, int64_t z);

#endif
