/* Orientation: from a skeleton and its v-structures to a CPDAG.
 *
 * All orientations that a step asks for are applied at once, so nothing depends on an order; an
 * edge that is asked for both ways becomes bidirected and is recorded as a conflict (Colombo &
 * Maathuis 2014, JMLR 15:3921, section 4.4). Not collective: the graph is small and every rank
 * does the same. */
#ifndef DSEP_SOLVERS_MEEK_H
#define DSEP_SOLVERS_MEEK_H

#include "solvers/knowledge.h"
#include "solvers/triples.h"

/* What disagreed about an edge. */
typedef enum {
    DSEP_CONFLICT_V_STRUCTURES, /* two v-structures: left bidirected */
    DSEP_CONFLICT_KNOWLEDGE,    /* a v-structure and knowledge: knowledge stands */
    DSEP_CONFLICT_RULES         /* two rules of propagation: left bidirected */
} dsep_conflict_kind;

typedef struct {
    int64_t x, y; /* x < y */
    dsep_conflict_kind kind;
} dsep_conflict;

typedef struct {
    dsep_conflict *list;
    int64_t count, room;
} dsep_conflicts;

/* Orients a skeleton in place: knowledge first, then v-structures, then Meek's rules. Not
 * collective. triples: as dsep_triples_judge() gives them; nothing is concluded from ambiguous
 * ones. conflicts: appended to; the caller frees conflicts->list.
 * Cost: v-structures; for each edge a look when its surroundings change, by the shorter of the
 * two rows. Errors: DSEP_ERROR_RESOURCES. Reproducibility: class A. */
int dsep_meek_orient(dsep_graph *graph, const dsep_triple *triples, int64_t n_triples,
                     const dsep_knowledge *knowledge, dsep_conflicts *conflicts, dsep_error *error);

/* Applies Meek's rules 1 to 4 until nothing changes (Meek 1995, UAI, sections 2 and 3). Not
 * collective. Arguments as above. */
int dsep_meek_close(dsep_graph *graph, const dsep_triple *triples, int64_t n_triples,
                    dsep_conflicts *conflicts, dsep_error *error);

#endif
