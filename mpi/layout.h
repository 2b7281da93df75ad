/* Who owns which columns, rows or pairs: contiguous blocks, as even as can be. */
#ifndef DSEP_MPI_LAYOUT_H
#define DSEP_MPI_LAYOUT_H

#include <stdint.h>

typedef struct {
    int64_t first; /* global index of the first element */
    int64_t count; /* number of elements; 0 where there are more parts than elements */
} dsep_block;

/* Block `part` of `total` elements dealt to `parts` owners; the first total % parts blocks are
 * one longer. Not collective. Reproducibility: class A. */
dsep_block dsep_layout_block(int64_t total, int64_t parts, int64_t part);

/* The part that owns element `index`: the inverse of dsep_layout_block(). Not collective. */
int64_t dsep_layout_owner(int64_t total, int64_t parts, int64_t index);

/* Blocks of nodes with about equally many pairs x < y, each pair counted with its first node x: the
 * lower the nodes, the fewer. Not collective. Reproducibility: class A. */
dsep_block dsep_layout_pairs(int64_t total, int64_t parts, int64_t part);

/* The part whose dsep_layout_pairs() has node x. Not collective. Cost: some hundred operations. */
int64_t dsep_layout_pairs_owner(int64_t total, int64_t parts, int64_t x);

#endif
