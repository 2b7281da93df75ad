/* Background knowledge: edges that must or must not be, and tiers of time. */
#ifndef DSEP_SOLVERS_KNOWLEDGE_H
#define DSEP_SOLVERS_KNOWLEDGE_H

#include "mpi/graph.h"

/* What is known of one ordered pair; for ordered pairs, sorted by (from, to). */
typedef struct {
    int32_t from, to;
} dsep_arc;

typedef struct {
    int64_t n_nodes;
    int64_t n_required, n_forbidden;
    dsep_arc *required, *forbidden; /* [n_...] sorted */
    int32_t *tier;                  /* [n_nodes] 0 is the earliest; -1 where unknown */
    uint8_t *closed;                /* [n_nodes] 1 where a node's tier allows no edge inside it */
} dsep_knowledge;

/* What was checked on a finished graph, and what does not hold. */
typedef struct {
    int64_t required, forbidden, tiers; /* constraints looked at */
    int64_t violations;
} dsep_certificate;

/* Knowledge of nothing, over n nodes. Not collective. Owner of *knowledge: the caller. */
int dsep_knowledge_create(int64_t n_nodes, dsep_error *error, dsep_knowledge **knowledge);

/* Frees it and sets *knowledge to NULL; accepts NULL. Not collective. */
void dsep_knowledge_destroy(dsep_knowledge **knowledge);

/* Adds an arc that must (must not) be. Not collective. */
int dsep_knowledge_require(dsep_knowledge *knowledge, int64_t from, int64_t to, dsep_error *error);
int dsep_knowledge_forbid(dsep_knowledge *knowledge, int64_t from, int64_t to, dsep_error *error);

/* Sorts what was added and checks that it can hold at once. Not collective.
 * names: [n_nodes], for messages. Errors: DSEP_ERROR_DATA when an arc is both required and
 * forbidden (by itself or by tiers), or required arcs have a cycle. */
int dsep_knowledge_settle(dsep_knowledge *knowledge, char *const *names, dsep_error *error);

/* Whether from -> to is ruled out; NULL knows nothing. Not collective. */
int dsep_knowledge_forbids(const dsep_knowledge *knowledge, int64_t from, int64_t to);

/* Whether from -> to must be. Not collective. */
int dsep_knowledge_requires(const dsep_knowledge *knowledge, int64_t from, int64_t to);

/* Marks in reached [n_nodes] where required edges lead from a node, itself included, with 1, the
 * others with 0. Not collective. work: [n_nodes]. Cost: nodes and required edges. */
void dsep_knowledge_reach(const dsep_knowledge *knowledge, int64_t from, int32_t *work,
                          uint8_t *reached);

/* Whether x and y must be (must not be) adjacent, either way. Not collective. */
int dsep_knowledge_joins(const dsep_knowledge *knowledge, int64_t x, int64_t y);
int dsep_knowledge_parts(const dsep_knowledge *knowledge, int64_t x, int64_t y);

/* Looks every constraint up in a graph. Not collective. Cost: edges and constraints. */
dsep_certificate dsep_knowledge_certify(const dsep_knowledge *knowledge, const dsep_graph *graph);

#endif
