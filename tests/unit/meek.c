/* Orientation: each of Meek's rules directs its textbook graph and nothing when a condition is
 * missing; conflicts are left bidirected and recorded; ambiguous triples conclude nothing;
 * knowledge stands; a chain of 100,000 nodes closes in a moment. */
#include "solvers/meek.h"
#include "mpi/clock.h"
#include "tests/support/oracle.h"
#include "tests/support/tap.h"

#include <stdlib.h>
#include <string.h>

enum { T = DSEP_MARK_TAIL, A = DSEP_MARK_ARROW, LETTERS = 8, MOST = 16 };

/* A graph in letters: "a>b c-d e=f" is a -> b, c - d, e <-> f. */
static dsep_graph *graph_of(const char *text) {
    dsep_edge edges[MOST];
    dsep_graph *graph = NULL;
    int64_t count = 0;
    for (const char *at = text; *at; at += at[3] ? 4 : 3) {
        const int near = at[1] == '=' ? A : T, far = at[1] == '-' ? T : A;
        edges[count++] = (dsep_edge){at[0] - 'a', at[2] - 'a', (dsep_mark)near, (dsep_mark)far};
    }
    dsep_error error = {0};
    if (dsep_graph_create(LETTERS, count, edges, DSEP_GRAPH_CPDAG, &error, &graph))
        tap_note("%s", error.text);
    return graph;
}

static int same_graph(const dsep_graph *graph, const char *text) {
    dsep_graph *wanted = graph_of(text);
    const int same = oracle_same_graph(graph, wanted);
    dsep_graph_destroy(&wanted);
    return same;
}

/* Ambiguous or colliding triples in letters: "axb" is a - x - b. */
typedef struct {
    dsep_triple list[MOST];
    int64_t count;
} triples;

static int by_triple(const void *left, const void *right) {
    const dsep_triple *a = left, *b = right;
    if (a->x != b->x)
        return a->x - b->x;
    return a->y != b->y ? a->y - b->y : a->z - b->z;
}

static triples triples_of(const char *text, dsep_triple_kind kind) {
    triples made = {.count = 0};
    for (const char *at = text; *at; at += at[3] ? 4 : 3) {
        const int swap = at[2] < at[0];
        made.list[made.count++] =
            (dsep_triple){at[swap ? 2 : 0] - 'a', at[1] - 'a', at[swap ? 0 : 2] - 'a', (int)kind};
    }
    qsort(made.list, (size_t)made.count, sizeof *made.list, by_triple);
    return made;
}

/* --- Meek's rules ---------------------------------------------------------------------------- */

static int closes(const char *before, const char *ambiguous, const char *after) {
    dsep_graph *graph = graph_of(before);
    const triples unclear = triples_of(ambiguous, DSEP_TRIPLE_AMBIGUOUS);
    dsep_conflicts conflicts = {0};
    dsep_error error = {0};
    const int code = dsep_meek_close(graph, unclear.list, unclear.count, &conflicts, &error);
    const int good = code == DSEP_OK && conflicts.count == 0 && same_graph(graph, after);
    free(conflicts.list);
    dsep_graph_destroy(&graph);
    return good;
}

static void test_rule(const char *before, const char *ambiguous, const char *after,
                      const char *what) {
    tap_ok(closes(before, ambiguous, after), "%s: %s gives %s", what, before,
           strcmp(before, after) == 0 ? "nothing new" : after);
}

static void test_rule_one(void) {
    test_rule("a>b b-c", "", "a>b b>c", "rule 1");
    test_rule("c>b a-b", "", "c>b b>a", "rule 1 with the letters turned");
    test_rule("a>b b-c a-c", "", "a>b b-c a-c", "rule 1, ends adjacent");
    test_rule("b>a b-c", "", "b>a b-c", "rule 1, arrow the other way");
    test_rule("a-b b-c", "", "a-b b-c", "rule 1, no arrow");
    test_rule("a=b b-c", "", "a=b b-c", "rule 1, bidirected, which concludes nothing");
    test_rule("a>b b-c", "abc", "a>b b-c", "rule 1, ambiguous");
    test_rule("a>b b-c", "abd", "a>b b>c", "rule 1, another triple is ambiguous");
    test_rule("a>b b-c c-d", "bcd", "a>b b>c c-d", "rule 1, ambiguous further on");
    test_rule("a>b b-c c-d", "", "a>b b>c c>d", "rule 1 twice");
}

static void test_rule_two(void) {
    test_rule("a>b b>c a-c", "", "a>b b>c a>c", "rule 2");
    test_rule("c>b b>a a-c", "", "c>b b>a c>a", "rule 2 with the letters turned");
    test_rule("a>b c>b a-c", "", "a>b c>b a-c", "rule 2, no chain");
    test_rule("a>b b-c a-c", "", "a>b b-c a-c", "rule 2, half a chain");
    test_rule("a>b b=c a-c", "", "a>b b=c a-c", "rule 2, a bidirected link");
    test_rule("a>b b>c a-c", "abc", "a>b b>c a>c", "rule 2 needs no triple");
}

static void test_rule_three(void) {
    test_rule("a-b a-c a-d c>b d>b", "", "a>b a-c a-d c>b d>b", "rule 3");
    test_rule("d-c d-a d-b a>c b>c", "", "d>c d-a d-b a>c b>c", "rule 3 with the letters turned");
    test_rule("a-b a-c a-d c>b d>b c-d", "", "a-b a-c a-d c>b d>b c-d", "rule 3, sides adjacent");
    test_rule("a-b a-c c>b", "", "a-b a-c c>b", "rule 3, one side only");
    test_rule("a-b a-c a-d c>b d>b", "cad", "a-b a-c a-d c>b d>b", "rule 3, ambiguous");
    test_rule("a-b a-c a-d c>b b-d", "cbd", "a-b a-c a-d c>b b-d", "rule 3, an arrow missing");
    test_rule("a-b a-c a=d c>b d>b", "cad", "a-b a-c a=d c>b d>b", "rule 3, a bidirected side");
}

/* d of the rule is adjacent to a; c and b are not adjacent. */
static void test_rule_four(void) {
    test_rule("a-b a-c a-d c>d d>b", "", "a>b a-c a-d c>d d>b", "rule 4");
    test_rule("d-c d-b d-a b>a a>c", "", "d>c d-b d-a b>a a>c", "rule 4 with the letters turned");
    test_rule("a-b a-c a-d c>d d>b b-c", "", "a-b a-c a-d c>d d>b c>b",
              "rule 4, c and b adjacent: rule 2 alone");
    test_rule("a-b a-c a-d c>d d>b", "bac", "a-b a-c a-d c>d d>b", "rule 4, ambiguous");
    test_rule("a-b a-c c>d d>b", "abd", "a-b a-c c>d d>b", "rule 4, a and d not adjacent");
    test_rule("a-b a-c a-d d>c d>b", "", "a-b a-c a-d d>c d>b", "rule 4, no chain");
}

static void test_together(void) {
    test_rule("a>b b-c c-d b-d", "", "a>b b>c c-d b>d", "two at once by rule 1");
    test_rule("a>b b-c b-d d-c e>d", "abc abd bde cde", "a>b b-c b-d c-d e>d",
              "nothing through ambiguous triples");
    test_rule("a>b c>b b-d", "", "a>b c>b b>d", "what follows from a v-structure");
    test_rule("a>b b-c c-e e-f", "", "a>b b>c c>e e>f", "a chain");
}

/* Two rules that ask for both directions of b - c. */
static void test_rules_disagree(void) {
    dsep_graph *graph = graph_of("a>b b-c d>c");
    dsep_conflicts conflicts = {0};
    dsep_error error = {0};
    const int code = dsep_meek_close(graph, NULL, 0, &conflicts, &error);
    tap_ok(code == DSEP_OK && same_graph(graph, "a>b b=c d>c"),
           "asked for both ways by rules: bidirected");
    tap_ok(conflicts.count == 1 && conflicts.list[0].x == 1 && conflicts.list[0].y == 2 &&
               conflicts.list[0].kind == DSEP_CONFLICT_RULES,
           "and recorded once");
    free(conflicts.list);
    dsep_graph_destroy(&graph);
}

/* --- v-structures ---------------------------------------------------------------------------- */

typedef struct {
    dsep_graph *graph;
    dsep_conflicts conflicts;
} oriented;

static oriented orient(const char *skeleton, const char *colliders,
                       const dsep_knowledge *knowledge) {
    const triples found = triples_of(colliders, DSEP_TRIPLE_COLLIDER);
    oriented o = {graph_of(skeleton), {0}};
    dsep_error error = {0};
    o.graph->kind = DSEP_GRAPH_SKELETON;
    if (dsep_meek_orient(o.graph, found.list, found.count, knowledge, &o.conflicts, &error))
        tap_note("%s", error.text);
    return o;
}

static void discard(oriented *o) {
    free(o->conflicts.list);
    dsep_graph_destroy(&o->graph);
}

static int has_conflict(const oriented *o, int64_t i, char x, char y, dsep_conflict_kind kind) {
    const dsep_conflict found = o->conflicts.list[i];
    return found.x == x - 'a' && found.y == y - 'a' && found.kind == kind;
}

static void test_v_structures(void) {
    oriented o = orient("a-b b-c c-d", "abc", NULL);
    tap_ok(same_graph(o.graph, "a>b c>b c-d") && o.conflicts.count == 0 &&
               o.graph->kind == DSEP_GRAPH_CPDAG,
           "a v-structure, and nothing where nothing follows");
    discard(&o);
    o = orient("a-b b-c b-d", "abc", NULL);
    tap_ok(same_graph(o.graph, "a>b c>b b>d") && o.conflicts.count == 0,
           "a v-structure and what follows by rule 1");
    discard(&o);
    o = orient("a-b b-c c-d", "abc bcd", NULL);
    tap_ok(same_graph(o.graph, "a>b b=c d>c") && o.conflicts.count == 1 &&
               has_conflict(&o, 0, 'b', 'c', DSEP_CONFLICT_V_STRUCTURES),
           "two v-structures that disagree: bidirected, recorded once");
    discard(&o);
    o = orient("b-a a-d d-e c-d", "adc bad", NULL);
    tap_ok(o.conflicts.count == 1 && has_conflict(&o, 0, 'a', 'd', DSEP_CONFLICT_V_STRUCTURES) &&
               same_graph(o.graph, "b>a a=d c>d d>e"),
           "a conflict leaves what the others give");
    discard(&o);
    o = orient("a-b b-c c-d d-a", "abc adc bad bcd", NULL);
    tap_ok(same_graph(o.graph, "a=b b=c c=d a=d") && o.conflicts.count == 4,
           "four v-structures in a ring: four conflicts");
    discard(&o);
}

/* --- knowledge ------------------------------------------------------------------------------- */

static dsep_knowledge *known(const char *required, const char *forbidden) {
    static char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    dsep_knowledge *knowledge = NULL;
    dsep_error error = {0};
    dsep_knowledge_create(LETTERS, &error, &knowledge);
    for (const char *at = required; *at; at += at[2] ? 3 : 2)
        dsep_knowledge_require(knowledge, at[0] - 'a', at[1] - 'a', &error);
    for (const char *at = forbidden; *at; at += at[2] ? 3 : 2)
        dsep_knowledge_forbid(knowledge, at[0] - 'a', at[1] - 'a', &error);
    if (dsep_knowledge_settle(knowledge, names, &error))
        tap_note("%s", error.text);
    return knowledge;
}

static void test_known(const char *skeleton, const char *colliders, const char *required,
                       const char *forbidden, const char *after, const char *conflict) {
    dsep_knowledge *knowledge = known(required, forbidden);
    oriented o = orient(skeleton, colliders, knowledge);
    tap_ok(same_graph(o.graph, after) && o.conflicts.count == (*conflict != '\0') &&
               (!*conflict ||
                has_conflict(&o, 0, conflict[0], conflict[1], DSEP_CONFLICT_KNOWLEDGE)) &&
               dsep_knowledge_certify(knowledge, o.graph).violations == 0,
           "%s, v-structures '%s', required '%s', forbidden '%s' give %s", skeleton, colliders,
           required, forbidden, after);
    discard(&o);
    dsep_knowledge_destroy(&knowledge);
}

static void test_knowledge(void) {
    test_known("a-b b-c", "", "ab", "", "a>b b>c", "");
    test_known("a-b b-c", "", "", "ba", "a>b b>c", "");
    test_known("a-b b-c", "abc", "ba", "", "b>a c>b", "ab");
    test_known("a-b b-c", "abc", "", "ab", "b>a c>b", "ab");
    test_known("a-b b-c", "abc", "", "cb", "a>b b>c", "bc");
    test_known("a-b b-c", "abc", "ab cb", "", "a>b c>b", "");
    test_known("a-b b-c c-d", "abc bcd", "bc", "", "a>b b>c d>c", "bc");
    /* rule 4 needs knowledge to come about */
    test_known("a-b a-c a-d c-d d-b", "", "cd db", "", "a>b a-c a-d c>d d>b", "");
}

/* --- size ------------------------------------------------------------------------------------ */

static void test_chain(void) {
    enum { LONG = 100000 };
    dsep_edge *edges = malloc(LONG * sizeof *edges);
    dsep_graph *graph = NULL;
    dsep_conflicts conflicts = {0};
    for (int64_t x = 0; x + 1 < LONG; x++)
        edges[x] = (dsep_edge){x, x + 1, DSEP_MARK_TAIL, x == 0 ? DSEP_MARK_ARROW : DSEP_MARK_TAIL};
    dsep_graph_create(LONG, LONG - 1, edges, DSEP_GRAPH_CPDAG, NULL, &graph);
    const double before = dsep_clock_worked();
    const int code = dsep_meek_close(graph, NULL, 0, &conflicts, NULL);
    const double seconds = dsep_clock_worked() - before;
    int good = code == DSEP_OK && conflicts.count == 0;
    for (int64_t x = 0; x + 1 < LONG; x++)
        good &= dsep_graph_directed(graph, x, x + 1);
    tap_ok(good, "a chain of 100,000 nodes is directed from its first edge on");
    /* a round that looked at all nodes would need 10^10 steps, more than a minute */
    tap_ok(seconds < 10, "and quickly");
    dsep_graph_destroy(&graph);
    free(edges);
}

static void test_empty(void) {
    dsep_graph *graph = NULL;
    dsep_conflicts conflicts = {0};
    dsep_graph_create(0, 0, NULL, DSEP_GRAPH_SKELETON, NULL, &graph);
    tap_ok(dsep_meek_orient(graph, NULL, 0, NULL, &conflicts, NULL) == DSEP_OK &&
               graph->kind == DSEP_GRAPH_CPDAG,
           "a graph of no nodes");
    dsep_graph_destroy(&graph);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_rule_one();
    test_rule_two();
    test_rule_three();
    test_rule_four();
    test_together();
    test_rules_disagree();
    test_v_structures();
    test_knowledge();
    test_chain();
    test_empty();
    return tap_end();
}
