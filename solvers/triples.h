/* Unshielded triples x - z - y of a skeleton, and which of them are v-structures x -> z <- y. */
#ifndef DSEP_SOLVERS_TRIPLES_H
#define DSEP_SOLVERS_TRIPLES_H

#include "solvers/skeleton.h"

/* How a triple is judged. */
typedef enum {
    /* z is not in the separating set that the search found (Spirtes & Glymour 1991) */
    DSEP_ORIENTATION_STANDARD,
    /* z is in none of the separating sets among the neighbours of x or of y (Ramsey et al. 2006);
     * in some but not all: ambiguous */
    DSEP_ORIENTATION_CONSERVATIVE,
    /* z is in less than half of them; in exactly half: ambiguous (Colombo & Maathuis 2014) */
    DSEP_ORIENTATION_MAJORITY
} dsep_orientation;

typedef enum {
    DSEP_TRIPLE_COLLIDER, /* a v-structure */
    DSEP_TRIPLE_AMBIGUOUS /* cannot be told; nothing may be concluded from it */
} dsep_triple_kind;

typedef struct {
    int32_t x, z, y; /* x < y */
    int32_t kind;    /* dsep_triple_kind */
} dsep_triple;

/* Judges every unshielded triple; the list holds v-structures and ambiguous ones, sorted by
 * (x, y, z), equal on all ranks. Collective.
 * A pair that knowledge parted was never tested: its sets are searched for as in the conservative
 * rule, by which it is then judged, whatever the rule for others. Sets have at most as many
 * members as the search has tried.
 * Errors: DSEP_ERROR_RESOURCES, agreed. Cost: the triples; with the last two rules also 2^d tests
 * for a node of d neighbours. Owner of *triples: the caller, free(). Reproducibility: class A. */
int dsep_triples_judge(dsep_context *ctx, dsep_citest *test, const dsep_skeleton *skeleton,
                       const dsep_graph *graph, const dsep_knowledge *knowledge,
                       dsep_orientation orientation, dsep_triple **triples, int64_t *count);

/* Whether (x, z, y) is ambiguous, x and y in any order. Not collective. Cost: a binary search. */
int dsep_triples_ambiguous(const dsep_triple *triples, int64_t count, int64_t x, int64_t z,
                           int64_t y);

#endif
